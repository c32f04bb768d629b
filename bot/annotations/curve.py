"""The calibration curve as a small page: precision and recall over the threshold."""

from collections.abc import Callable

from markupsafe import Markup, escape

from bot.annotations.calibration import PRECISION, Calibration, Step

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 560, 300, 50, 20, 24, 46
_FIRST = 0.7
"""Below this there is nothing to see for any model of the e5 kind."""
_STYLE = (
    "body{font:15px/1.6 system-ui,sans-serif;margin:2rem auto;max-width:42rem;color:#222}"
    "svg{width:100%;height:auto}text{font-size:12px;fill:#555}.grid{stroke:#ddd}"
    ".precision{stroke:#1a6f4f;fill:none;stroke-width:2}.recall{stroke:#b4541a;fill:none;"
    "stroke-width:2}.limit{stroke:#333;stroke-dasharray:4 3}"
)


def page(made: Calibration, model: str) -> str:
    step = made.at(made.sure)
    precision = "—" if step.precision is None else f"{step.precision:.1%}"
    words = Markup(
        "<p>向量模型 {}。門檻 {:.3f} 以上直接回答：精確率 {}，召回率 {:.1%}；"
        "{:.3f} 以上反問。正例 {} 題，反例 {} 題。</p>"
    ).format(model, made.sure, precision, step.recall, made.near, made.positives, made.negatives)
    head = Markup('<!doctype html><html lang="zh-Hant"><meta charset="utf-8"><title>{}</title>')
    title = escape("標註門檻的校正曲線")
    style = Markup("<style>") + Markup(_STYLE) + Markup("</style>")
    return str(head.format(title) + style + Markup("<h1>{}</h1>").format(title) + words + svg(made))


def svg(made: Calibration) -> Markup:
    shown = [step for step in made.curve if step.threshold >= _FIRST]
    parts = [_grid(), _line(shown, lambda step: step.precision, "precision")]
    parts.append(_line(shown, lambda step: step.recall, "recall"))
    parts += [_limit(made.sure, f"回答 {made.sure:.3f}", 12)]
    if made.near < made.sure:
        parts.append(_limit(made.near, f"反問 {made.near:.3f}", 26))
    legend = Markup(
        '<text x="{0}" y="{1}" style="fill:#1a6f4f">精確率（目標 {2:.0%}）</text>'
        '<text x="{3}" y="{1}" style="fill:#b4541a">召回率</text>'
        '<text x="{4}" y="{1}">門檻（相近程度）</text>'
    ).format(_LEFT, _HEIGHT - 8, PRECISION, _LEFT + 150, _LEFT + 230)
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" aria-label="校正曲線">'
    ).format(_WIDTH, _HEIGHT)
    style = Markup("<style>") + Markup(_STYLE) + Markup("</style>")
    return head + style + Markup("").join(parts) + legend + Markup("</svg>")


def _x(threshold: float) -> float:
    return _LEFT + (threshold - _FIRST) / (1 - _FIRST) * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _grid() -> Markup:
    rows = Markup("").join(
        Markup(
            '<path class="grid" d="M{0} {1:.1f}H{2}"/><text x="8" y="{3:.1f}">{4}%</text>'
        ).format(_LEFT, _y(share / 100), _WIDTH - _RIGHT, _y(share / 100) + 4, share)
        for share in (0, 25, 50, 75, 100)
    )
    return rows + Markup("").join(
        Markup('<text x="{:.1f}" y="{}">{:.2f}</text>').format(
            _x(at / 100) - 12, _HEIGHT - _BOTTOM + 16, at / 100
        )
        for at in range(70, 101, 5)
    )


def _line(steps: list[Step], value: Callable[[Step], float | None], kind: str) -> Markup:
    points = [
        (_x(step.threshold), _y(share)) for step in steps if (share := value(step)) is not None
    ]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return Markup('<path class="{}" d="M{}"/>').format(kind, path) if points else Markup("")


def _limit(at: float, label: str, y: int) -> Markup:
    x = _x(max(at, _FIRST))
    anchor = "end" if x > _WIDTH * 0.6 else "start"
    return Markup(
        '<path class="limit" d="M{0:.1f} {1}V{2}"/><text x="{3:.1f}" y="{4}" text-anchor="{5}">{6}</text>'
    ).format(x, _TOP - 6, _HEIGHT - _BOTTOM, x + (-4 if anchor == "end" else 4), y, anchor, label)
