"""The report's plots as inline SVG: no script, no request, colours from the page's CSS."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

WIDTH, HEIGHT = 460, 240
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 16, 40
BINS = 24
EDGE = 7.0
"""Log-odds at which a confidence is drawn at the plot's border (.001 and .999)."""
_TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)


@dataclass(frozen=True, slots=True)
class Frame:
    """Maps data to pixels; y grows upwards in data and downwards in SVG."""

    x0: float
    x1: float
    y1: float

    def x(self, value: float) -> float:
        span = self.x1 - self.x0 or 1.0
        share = min(1.0, max(0.0, (value - self.x0) / span))
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / (self.y1 or 1.0) * (HEIGHT - TOP - BOTTOM)


def score_histogram(
    answerable: Sequence[float], unanswerable: Sequence[float], threshold: float
) -> Markup | None:
    """Confidences on a log-odds axis, each group as shares of itself."""
    if not answerable and not unanswerable:
        return None
    edges = np.linspace(-EDGE, EDGE, BINS + 1)
    groups = {
        "good": _shares([_logit(p) for p in answerable], edges),
        "bad": _shares([_logit(p) for p in unanswerable], edges),
    }
    frame = Frame(-EDGE, EDGE, max(*groups["good"], *groups["bad"], 0.01) * 1.08)
    ticks = {_logit(p): f"{p:g}".lstrip("0") for p in _TICKS}
    parts = [
        _grid(frame, _percent_ticks(frame.y1)),
        _x_axis(frame, ticks, "閘門的信心（對數勝算刻度）"),
    ]
    parts += [_bars(frame, edges, shares, kind) for kind, shares in groups.items()]
    parts.append(_line_at(frame, _logit(threshold), f"門檻 {threshold:.3g}"))
    return _svg(parts, "閘門信心的分布：有答案與無答案的題目")


def latency_histogram(values: Sequence[float]) -> Markup | None:
    """Milliseconds; the slowest one in a hundred is drawn in the last bar."""
    if not values:
        return None
    top = float(np.percentile(values, 99)) * 1.05 or 1.0
    edges = np.linspace(0, top, BINS + 1)
    shares = _shares(np.minimum(values, top).tolist(), edges)
    frame = Frame(0, top, max(shares) * 1.08)
    ticks = {top * i / 4: _duration(top * i / 4) for i in range(5)}
    parts = [_grid(frame, _percent_ticks(frame.y1)), _x_axis(frame, ticks, "每題所需時間")]
    parts.append(_bars(frame, edges, shares, "plain"))
    for q in (50, 95):
        at = float(np.percentile(values, q))
        parts.append(_line_at(frame, at, f"p{q} {_duration(at)}", row=0 if q == 50 else 1))
    return _svg(parts, "時間分布")


def hit_bars(values: Mapping[str, tuple[float, Sequence[float]]]) -> Markup | None:
    """Label → (share, 95 % interval), as bars with whiskers."""
    if not values:
        return None
    frame = Frame(0, len(values), 1.0)
    ticks = {index + 0.5: label for index, label in enumerate(values)}
    parts = [_grid(frame, _percent_ticks(1.0)), _x_axis(frame, ticks, "")]
    for index, (value, (low, high)) in enumerate(values.values()):
        left, right, middle = frame.x(index + 0.22), frame.x(index + 0.78), frame.x(index + 0.5)
        parts.append(_rect(left, frame.y(value), right - left, frame.y(0) - frame.y(value), "good"))
        parts.append(
            f'<path class="whisker" d="M{middle:.1f} {frame.y(low):.1f}V{frame.y(high):.1f}'
            f'M{middle - 5:.1f} {frame.y(low):.1f}h10M{middle - 5:.1f} {frame.y(high):.1f}h10"/>'
        )
        parts.append(_text(middle, frame.y(0) - 8, f"{value:.1%}", "value"))
    return _svg(parts, "檢索命中率")


def roc_curve(points: Sequence[tuple[float, float]], here: tuple[float, float]) -> Markup | None:
    """`points` as `intervals.roc` gives them; `here` is the shipped operating point."""
    if len(points) < 2:
        return None
    frame = Frame(0, 1, 1.0)
    ticks = {i / 4: f"{i * 25}%" for i in range(5)}
    parts = [_grid(frame, _percent_ticks(1.0)), _x_axis(frame, ticks, "誤放：無答案的題目通過")]
    path = "L".join(f"{frame.x(x):.1f} {frame.y(y):.1f}" for x, y in points)
    parts.append(f'<path class="chance" d="M{frame.x(0)} {frame.y(0)}L{frame.x(1)} {frame.y(1)}"/>')
    parts.append(f'<path class="curve" d="M{path}"/>')
    parts.append(
        f'<circle class="here" cx="{frame.x(here[0]):.1f}" cy="{frame.y(here[1]):.1f}" r="5"/>'
    )
    side, kind = (-9, "note end") if here[0] > 0.5 else (9, "note")
    label = f"目前門檻：{here[1]:.1%} 通過，{here[0]:.1%} 誤放"
    parts.append(_text(frame.x(here[0]) + side, frame.y(here[1]) + 18, label, kind))
    return _svg(parts, "閘門的 ROC 曲線")


def _logit(p: float) -> float:
    p = min(1 - 1e-9, max(1e-9, p))
    return math.log(p / (1 - p))


def _shares(
    values: Sequence[float], edges: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> list[float]:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return [float(count) / max(1, len(values)) for count in counts]


def _duration(ms: float) -> str:
    return f"{ms / 1000:.1f} 秒" if ms >= 1000 else f"{ms:.0f} 毫秒"


def _percent_ticks(top: float) -> dict[float, str]:
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 1.0) if top / s <= 5)
    return {i * step: f"{i * step:.0%}" for i in range(int(top / step + 1e-6) + 1)}


def _grid(frame: Frame, ticks: Mapping[float, str]) -> str:
    lines = (
        f'<path class="grid" d="M{LEFT} {frame.y(at):.1f}H{WIDTH - RIGHT}"/>'
        + _text(LEFT - 6, frame.y(at) + 4, label, "tick end")
        for at, label in ticks.items()
    )
    return "".join(lines)


def _x_axis(frame: Frame, ticks: Mapping[float, str], title: str) -> str:
    labels = "".join(_text(frame.x(at), HEIGHT - 24, label, "tick") for at, label in ticks.items())
    return labels + _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, title, "axis")


def _bars(
    frame: Frame,
    edges: np.ndarray[tuple[int], np.dtype[np.float64]],
    shares: Sequence[float],
    kind: str,
) -> str:
    return "".join(
        _rect(
            frame.x(edges[i]) + 0.5,
            frame.y(share),
            frame.x(edges[i + 1]) - frame.x(edges[i]) - 1,
            frame.y(0) - frame.y(share),
            kind,
        )
        for i, share in enumerate(shares)
        if share
    )


def _line_at(frame: Frame, at: float, label: str, row: int = 0) -> str:
    x, right = frame.x(at), frame.x(at) > WIDTH * 0.7
    text = _text(
        x - 5 if right else x + 5, TOP + 10 + 15 * row, label, "note end" if right else "note"
    )
    return f'<path class="limit" d="M{x:.1f} {TOP - 4}V{HEIGHT - BOTTOM}"/>{text}'


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}"'
        f' height="{max(0.0, height):.1f}" rx="1.5"/>'
    )


def _text(x: float, y: float, text: str, kind: str) -> str:
    return str(
        Markup('<text class="{}" x="{}" y="{}">{}</text>').format(
            kind, round(x, 1), round(y, 1), text
        )
    )


def _svg(parts: Sequence[str], label: str) -> Markup:
    # Every part is made above from numbers and escaped text.
    head = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        WIDTH, HEIGHT, label
    )
    return head + Markup("".join(parts)) + Markup("</svg>")
