"""Figures from results. Pure; what cannot be computed is None, never NaN.

hit@k               answerable questions: a passage among the first k is from `source` and
                    contains one of the `answers` (folded, spaces removed)
mrr                 mean of 1/rank of the first such passage, 0 where there is none (rank ≤ 5)
answer_accuracy     answerable questions whose final text contains a reference answer (folded,
                    without spaces and punctuation, numbers normalised)
refusal_precision   unanswerable among the refused (outcome `no_data`)
refusal_recall      refused among the unanswerable
citation_validity   shown citations whose quote is verbatim in a passage of the answer and
                    which share content with a sentence that carries their mark (`matching`)
latency_ms          of whole answers; of retrieval when only retrieval was measured

With retrieval only, a refusal is the gate's verdict, and what needs an answer is None.
`ci95` holds Wilson intervals (mrr and latency: bootstrap, 1,000 rounds).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bot.evaluation.hits import rank
from bot.evaluation.intervals import (
    Interval,
    auc,
    bootstrap,
    false_accepts,
    percentile,
    share,
    wilson,
)
from bot.evaluation.matching import says, valid_citations
from bot.evaluation.run import Result
from bot.render import answer_json

Mistake = Literal["wrong_answer", "false_refusal", "false_answer", "failed"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One result and what is to be said about it."""

    result: Result
    rank: int | None
    """Of the first passage with the answer; None also for unanswerable questions."""
    right: bool | None
    """Whether the text holds the answer; None where there was none to hold or no text."""
    citations: tuple[bool, ...]

    @property
    def answerable(self) -> bool:
        return self.result.line.answerable

    @property
    def mistake(self) -> Mistake | None:
        """What went wrong from the asker's side, the gravest first."""
        answer = self.result.answer
        if self.result.problem or (answer is not None and answer.outcome == "failed"):
            return "failed"
        if self.answerable and self.result.refused:
            return "false_refusal"
        if not self.answerable and not self.result.refused:
            # A question taken for small talk got no invented fact.
            return None if answer is not None and answer.outcome == "smalltalk" else "false_answer"
        return "wrong_answer" if self.right is False else None


def judge(result: Result) -> Judged:
    line, answer = result.line, result.answer
    tested = line.answerable and line.answers and answer is not None
    return Judged(
        result=result,
        rank=rank(result.passages, line) if line.answerable else None,
        right=says(answer.text, line.answers) if tested and answer is not None else None,
        citations=tuple(valid_citations(answer)) if answer is not None else (),
    )


def judged_json(judged: Judged) -> dict[str, Any]:
    """One line of `--answers`: the answer's stable JSON and what was thought of it."""
    result = judged.result
    shown = answer_json(result.answer) if result.answer is not None else {}
    return {
        "id": result.line.id,
        "question": result.line.question,
        **shown,
        "answerable": result.line.answerable,
        "answers": list(result.line.answers),
        "confidence": result.confidence,
        "rank": judged.rank,
        "mistake": judged.mistake,
        "citations_valid": list(judged.citations),
    }


def summarize(
    judged: Sequence[Judged], threshold: float, *, partial: bool = False
) -> dict[str, Any]:
    """The JSON of `secretary eval`: first the promised keys, then the extra ones."""
    cases = _cases(judged)
    ranks = [1 / one.rank if one.rank else 0.0 for one in judged if one.answerable]
    totals = [one.result.total_ms for one in judged]
    summary: dict[str, Any] = {
        "n": len(judged),
        **{name: _round(share(cases[name])) for name in ("hit@1", "hit@3", "hit@5")},
        "mrr": _round(float(np.mean(ranks)) if ranks else None),
        **{name: _round(share(hits)) for name, hits in cases.items() if "@" not in name},
        "latency_ms": {f"p{q}": _round(percentile(totals, q), 1) for q in (50, 95)},
    }
    intervals = {
        **{name: _interval(wilson(hits)) for name, hits in cases.items()},
        "mrr": _interval(bootstrap(ranks)),
        "latency_p50_ms": _interval(bootstrap(totals, _median), 1),
    }
    summary |= {
        "ci95": intervals,
        "counts": _counts(judged, cases),
        "gate": _gate(judged, threshold),
    }
    summary |= {
        "outcomes": _tally(one.result.answer and one.result.answer.outcome for one in judged),
        "by_reason": _tally(one.result.answer and one.result.answer.reason for one in judged),
        "mistakes": _tally(one.mistake for one in judged),
        "mode": "retrieval" if all(one.result.answer is None for one in judged) else "answers",
    }
    return summary | ({"partial": True} if partial else {})


def _cases(judged: Sequence[Judged]) -> dict[str, list[bool]]:
    """Metric → one verdict for each case that it is a share of."""
    answerable = [one for one in judged if one.answerable]
    unanswerable = [one for one in judged if not one.answerable]
    refused = [one for one in judged if one.result.refused] if unanswerable else []
    return {
        **{f"hit@{k}": [bool(one.rank and one.rank <= k) for one in answerable] for k in (1, 3, 5)},
        "answer_accuracy": [one.right for one in answerable if one.right is not None],
        "refusal_precision": [not one.answerable for one in refused],
        "refusal_recall": [one.result.refused for one in unanswerable],
        "citation_validity": [valid for one in judged for valid in one.citations],
    }


def _counts(judged: Sequence[Judged], cases: dict[str, list[bool]]) -> dict[str, int]:
    answerable = sum(one.answerable for one in judged)
    return {
        "answerable": answerable,
        "unanswerable": len(judged) - answerable,
        "refused": sum(one.result.refused for one in judged),
        "right_answers": sum(cases["answer_accuracy"]),
        "citations": len(cases["citation_validity"]),
        "valid_citations": sum(cases["citation_validity"]),
        "failed": sum(one.mistake == "failed" for one in judged),
    }


def confidences(judged: Sequence[Judged]) -> tuple[list[float], list[float]]:
    """The gate's confidence for answerable and for unanswerable questions."""
    known = [(one.answerable, one.result.confidence) for one in judged]
    return (
        [sure for answerable, sure in known if answerable and sure is not None],
        [sure for answerable, sure in known if not answerable and sure is not None],
    )


def _gate(judged: Sequence[Judged], threshold: float) -> dict[str, float | None]:
    positive, negative = confidences(judged)
    return {
        "auc": _round(auc(positive, negative)),
        "false_accepts_at_95": _round(false_accepts(positive, negative)),
        "threshold": _round(threshold, 6),
        "accepted": _round(share([sure >= threshold for sure in positive])),
        "false_accepts": _round(share([sure >= threshold for sure in negative])),
    }


def _tally(values: Any) -> dict[str, int]:
    return dict(Counter(value for value in values if value).most_common())


def _median(values: Any) -> float:
    return float(np.median(values))


def _round(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)


def _interval(interval: Interval | None, digits: int = 4) -> list[float] | None:
    return None if interval is None else [round(edge, digits) for edge in interval]
