"""Evaluation results made by hand."""

from bot.evaluation.metrics import Judged, judge
from bot.evaluation.questions import EvalLine
from bot.evaluation.run import Result
from bot.messages import Answer, Citation, Outcome, Timings
from knowledge.passages import Passage, ScoredPassage

TEXT = "門市平日 10:00 開門，21:00 打烊。停車請停對面的停車場。"


def found(text: str = TEXT, source: str = "顧客/營業.md") -> ScoredPassage:
    return ScoredPassage(Passage(text[:4], source, "營業時間", text), 1.0)


def line(*answers: str, answerable: bool = True, source: str | None = None) -> EvalLine:
    return EvalLine("q1", "幾點開門？", answers, answerable, source)


def answer(text: str, outcome: Outcome = "grounded", *quotes: str, ms: float = 100.0) -> Answer:
    citations = tuple(Citation("營業時間", "顧客/營業.md", None, quote) for quote in quotes)
    return Answer("幾點開門？", outcome, text, citations, (found(),), timings=Timings(5, 90, ms))


def judged(
    asked: EvalLine,
    given: Answer | None = None,
    *,
    confidence: float | None = 0.9,
    refused_by_gate: bool = False,
    passages: tuple[ScoredPassage, ...] | None = None,
) -> Judged:
    shown = (found(),) if passages is None else passages
    return judge(Result(asked, shown, confidence, refused_by_gate, 12.0, given))
