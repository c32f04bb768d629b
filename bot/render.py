"""Answers and searches as the JSON that everybody sees: terminal, API, page, evaluation."""

from typing import Any

from bot.grounding import Grounded, NoData
from bot.messages import Answer, Citation
from bot.phrases import locate
from knowledge.passages import ScoredPassage
from knowledge.retriever import Retrieved

PASSAGE_CHARACTERS = 400


def answer_json(answer: Answer, language: str = "zh-TW") -> dict[str, Any]:
    """The stable shape of one answer."""
    shown: dict[str, Any] = {
        "id": answer.id,
        "question": answer.question,
        "outcome": answer.outcome,
        "text": answer.text,
        "citations": [_citation(citation) for citation in answer.citations],
        "passages": [passage_json(scored, language) for scored in answer.passages],
        "timings_ms": {
            "retrieve": round(answer.timings.retrieve, 1),
            "model": None if answer.timings.model is None else round(answer.timings.model, 1),
            "total": round(answer.timings.total, 1),
        },
    }
    if answer.choices:
        shown["choices"] = list(answer.choices)
    if answer.notice:
        shown["notice"] = answer.notice
    if answer.reason:
        shown["reason"] = answer.reason
    return shown


def _citation(citation: Citation) -> dict[str, Any]:
    return {
        "title": citation.title,
        "source": citation.link,
        "locator": citation.locator,
        "quote": citation.quote,
    }


def passage_json(scored: ScoredPassage, language: str = "zh-TW") -> dict[str, Any]:
    passage = scored.passage
    return {
        "text": passage.text[:PASSAGE_CHARACTERS],
        "score": round(scored.score, 4),
        "title": passage.title,
        "source": passage.source,
        "locator": locate(passage.locator, language),
    }


def search_json(
    id_: str | int | None,
    question: str,
    found: Retrieved,
    verdict: Grounded | NoData,
    language: str = "zh-TW",
) -> dict[str, Any]:
    """The stable shape of one search: always the passages, whatever the verdict."""
    signals = {
        name: None if value is None else round(value, 4)
        for name, value in found.signals.as_dict().items()
    }
    return {
        "id": id_,
        "question": question,
        "verdict": "grounded" if isinstance(verdict, Grounded) else "no_data",
        "signals": {**signals, "confidence": round(verdict.confidence, 4)},
        "passages": [passage_json(scored, language) for scored in found.passages],
    }
