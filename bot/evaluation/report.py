"""The evaluation as one self-contained page in Traditional Chinese: no script, no request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.evaluation import charts
from bot.evaluation.intervals import roc
from bot.evaluation.metrics import Judged, confidences
from bot.phrases import locate

SHOWN_FAILURES = 500
"""A page with more rows helps nobody; what is left out is counted on the page."""
SNIPPET = 160

HEADLINES = (
    ("hit@1", "第一段就命中", "答案就在排第一的段落裡"),
    ("hit@3", "前三段命中", "答案在前三個段落裡"),
    ("hit@5", "前五段命中", "答案在前五個段落裡"),
    ("mrr", "MRR", "正確段落名次倒數的平均"),
    ("answer_accuracy", "回答正確", "回答裡含有標準答案"),
    ("refusal_precision", "拒答準確", "說「無資料」的題目裡，真的沒有答案的比例"),
    ("refusal_recall", "拒答涵蓋", "沒有答案的題目裡，說了「無資料」的比例"),
    ("citation_validity", "出處有效", "引文一字不差，而且支持那一句"),
)
OUTCOMES = {
    "grounded": "模型回答",
    "extractive": "摘錄原文",
    "annotated": "人工標註",
    "no_data": "無資料",
    "smalltalk": "當成寒暄",
    "clarify": "反問",
    "failed": "失敗",
}
MISTAKES = {
    "false_answer": "沒有答案卻答了",
    "wrong_answer": "答案不對",
    "false_refusal": "有答案卻說無資料",
    "failed": "沒有處理成功",
}


@dataclass(frozen=True, slots=True)
class Failing:
    """One row of the table of failures."""

    id: str
    kind: str
    label: str
    question: str
    expected: str
    given: str
    passage: str
    place: str
    reason: str


def render(
    judged: Sequence[Judged], summary: dict[str, Any], *, title: str, made: datetime, model: str
) -> str:
    """HTML of the whole report; everything that came from outside is escaped."""
    environment = Environment(
        loader=PackageLoader("bot.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = failing(judged)
    return environment.get_template("report.html").render(
        title=title,
        made=made.strftime("%Y-%m-%d %H:%M"),
        model=model,
        summary=summary,
        cards=[_card(summary, *headline) for headline in HEADLINES],
        plots=_plots(judged, summary),
        failures=rows[:SHOWN_FAILURES],
        hidden=max(0, len(rows) - SHOWN_FAILURES),
        mistakes=[
            (kind, label, summary["mistakes"].get(kind, 0)) for kind, label in MISTAKES.items()
        ],
    )


def _card(summary: dict[str, Any], key: str, label: str, meaning: str) -> dict[str, Any]:
    value, interval = summary[key], summary["ci95"].get(key)
    return {
        "key": key,
        "label": label,
        "meaning": meaning,
        "value": "—" if value is None else f"{value:.3f}" if key == "mrr" else f"{value:.1%}",
        "interval": None
        if interval is None
        else f"{_point(interval[0], key)}–{_point(interval[1], key)}",
    }


def _point(value: float, key: str) -> str:
    return f"{value:.3f}" if key == "mrr" else f"{value:.1%}"


def _plots(judged: Sequence[Judged], summary: dict[str, Any]) -> list[tuple[str, Any, bool]]:
    """(heading, SVG, whether the two groups need a legend)."""
    positive, negative = confidences(judged)
    gate = summary["gate"]
    hits = {
        name: (summary[name], summary["ci95"][name])
        for name in ("hit@1", "hit@3", "hit@5")
        if summary[name] is not None
    }
    here = (gate["false_accepts"] or 0.0, gate["accepted"] or 0.0)
    plots = (
        ("檢索命中率", charts.hit_bars(hits), False),
        ("時間分布", charts.latency_histogram([one.result.total_ms for one in judged]), False),
        ("閘門信心的分布", charts.score_histogram(positive, negative, gate["threshold"]), True),
        ("閘門的 ROC 曲線", charts.roc_curve(roc(positive, negative), here), False),
    )
    return [plot for plot in plots if plot[1] is not None]


def failing(judged: Sequence[Judged]) -> list[Failing]:
    """Every mistake, the gravest kind first, within a kind as asked."""
    order = list(MISTAKES)
    wrong = [one for one in judged if one.mistake is not None]
    return [_failing(one) for one in sorted(wrong, key=lambda one: order.index(str(one.mistake)))]


def _failing(one: Judged) -> Failing:
    result, kind = one.result, str(one.mistake)
    answer = result.answer
    passage, place = _evidence(one)
    return Failing(
        id="" if result.line.id is None else str(result.line.id),
        kind=kind,
        label=MISTAKES[kind],
        question=result.line.question,
        expected=" ／ ".join(result.line.answers) if result.line.answerable else "（無資料）",
        given=answer.text
        if answer is not None
        else ("（無資料）" if result.refused else "（只檢索）"),
        passage=passage,
        place=place,
        reason=_reason(one),
    )


def _evidence(one: Judged) -> tuple[str, str]:
    """The first quote that was shown, or else the best passage that was found."""
    answer = one.result.answer
    if answer is not None and answer.citations:
        cited = answer.citations[0]
        return cited.quote, "，".join(part for part in (cited.source, cited.locator) if part)
    if one.result.passages:
        best = one.result.passages[0].passage
        where = "，".join(part for part in (best.source, locate(best.locator)) if part)
        return best.text[:SNIPPET] + ("…" if len(best.text) > SNIPPET else ""), where
    return "", ""


def _reason(one: Judged) -> str:
    """Where it went wrong: retrieval, gate, model or checks."""
    result, found = one.result, []
    if result.answer is not None:
        outcome = OUTCOMES.get(result.answer.outcome, result.answer.outcome)
        found.append(f"{outcome}（{result.answer.reason}）" if result.answer.reason else outcome)
    elif result.refused_by_gate:
        found.append("無資料（gate）")
    if result.problem:
        found.append(result.problem)
    if result.line.answerable:
        found.append(f"正確段落第 {one.rank} 名" if one.rank else "沒有檢索到正確段落")
    if result.confidence is not None:
        found.append(f"信心 {result.confidence:.3f}")
    return "\n".join(found)
