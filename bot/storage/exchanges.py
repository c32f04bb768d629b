"""One exchange, a question with its answer, as a row and back again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

from sqlalchemy import RowMapping

from bot.messages import Answer, Choice, Citation, ConversationRef, Request, Timings, Usage
from bot.storage.text import storable


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """What is kept of a passage that an answer was made from."""

    source: str
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class StoredExchange:
    id: int
    request_id: str
    conversation: ConversationRef
    person_id: int | None
    message_id: str | None
    """Of the question, as the platform calls it."""
    asked_at: datetime
    answer: Answer
    """Without passages; question and text are empty once erased."""
    passages: tuple[StoredPassage, ...]
    erased: bool


def values_of(request: Request, answer: Answer) -> dict[str, Any]:
    """The columns of `exchanges` that come from these two."""
    return {
        "request_id": request.id,
        "platform": request.conversation.platform,
        "message_id": request.message_id,
        "question": storable(request.text),
        "asked_at": request.received_at,
        **_said(answer),
        **_measured(answer),
    }


def _said(answer: Answer) -> dict[str, Any]:
    return {
        "answer": storable(answer.text),
        "outcome": answer.outcome,
        "reason": answer.reason,
        "notice": answer.notice and storable(answer.notice),
        "citations": [_clean(asdict(citation)) for citation in answer.citations],
        "passages": [
            _clean({"source": p.passage.source, "title": p.passage.title, "score": p.score})
            for p in answer.passages
        ],
        "choices": [
            _clean({"text": text, "annotation_id": meant and meant.annotation_id})
            for text, meant in zip_longest(answer.choices, answer.meant[: len(answer.choices)])
        ],
        "annotation_id": answer.annotation_id,
    }


def _measured(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    return {
        "confidence": answer.confidence,
        "model": answer.model,
        "prompt_version": answer.prompt_version,
        "retrieve_ms": answer.timings.retrieve,
        "model_ms": answer.timings.model,
        "total_ms": answer.timings.total,
        "prompt_tokens": usage and usage.prompt,
        "answer_tokens": usage and usage.completion,
    }


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: storable(v) if isinstance(v, str) else v for k, v in values.items()}


def answer_of(row: RowMapping) -> Answer:
    """The answer as it was, but for its passages."""
    choices: Sequence[Mapping[str, Any]] = row["choices"]
    return Answer(
        question=row["question"],
        outcome=row["outcome"],
        text=row["answer"],
        citations=tuple(Citation(**citation) for citation in row["citations"]),
        choices=tuple(choice["text"] for choice in choices),
        timings=Timings(row["retrieve_ms"] or 0.0, row["model_ms"], row["total_ms"] or 0.0),
        id=row["request_id"],
        notice=row["notice"],
        reason=row["reason"],
        confidence=row["confidence"],
        annotation_id=row["annotation_id"],
        meant=tuple(
            Choice(choice["annotation_id"], choice["text"])
            for choice in choices
            if choice["annotation_id"] is not None
        ),
        usage=_usage_of(row),
        model=row["model"],
        prompt_version=row["prompt_version"],
    )


def _usage_of(row: RowMapping) -> Usage | None:
    if row["prompt_tokens"] is None:
        return None
    return Usage(row["prompt_tokens"], row["answer_tokens"])


def exchange_of(row: RowMapping) -> StoredExchange:
    """From a row of `exchanges` joined with its conversation's room, thread and person."""
    return StoredExchange(
        id=row["id"],
        request_id=row["request_id"],
        conversation=ConversationRef(row["platform"], row["room"], row["thread"], row["person"]),
        person_id=row["person_id"],
        message_id=row["message_id"],
        asked_at=row["asked_at"],
        answer=answer_of(row),
        passages=tuple(StoredPassage(**passage) for passage in row["passages"]),
        erased=row["erased_at"] is not None,
    )
