"""What a curator may write."""

import re
from dataclasses import replace
from datetime import date

from bot.annotations.keys import exact_key
from bot.annotations.records import AnnotationError, Draft
from bot.storage.text import storable
from knowledge.passages import PUBLIC

QUESTION_LIMIT = 2000
ANSWER_LIMIT = 10_000
_SPACE = re.compile(r"\s+")


def checked(draft: Draft, today: date | None) -> Draft:
    """The draft tidied up; None for `today` lets a past date through.

    Raises AnnotationError `annotation.question_empty`, `annotation.answer_empty`,
    `annotation.question_long` (limit), `annotation.answer_long` (limit) or
    `annotation.expired` (date).
    """
    answer = storable(draft.answer).replace("\r\n", "\n").replace("\r", "\n").strip()
    if not answer:
        raise AnnotationError("annotation.answer_empty")
    if len(answer) > ANSWER_LIMIT:
        raise AnnotationError("annotation.answer_long", limit=str(ANSWER_LIMIT))
    if today is not None and draft.expires_on is not None and draft.expires_on < today:
        raise AnnotationError("annotation.expired", date=draft.expires_on.isoformat())
    question = phrase(draft.question)
    audience = _SPACE.sub(" ", storable(draft.audience or "")).strip()
    return replace(
        draft,
        question=question,
        answer=answer,
        aliases=_distinct(question, [phrase(alias) for alias in draft.aliases]),
        audience=None if audience in ("", PUBLIC) else audience[:200],
        sources=tuple(sorted({storable(source).strip() for source in draft.sources} - {""})),
    )


def phrase(text: str) -> str:
    """One line; the same errors as `checked` for a question."""
    line = _SPACE.sub(" ", storable(text)).strip()
    if not exact_key(line):
        raise AnnotationError("annotation.question_empty")
    if len(line) > QUESTION_LIMIT:
        raise AnnotationError("annotation.question_long", limit=str(QUESTION_LIMIT))
    return line


def _distinct(question: str, aliases: list[str]) -> tuple[str, ...]:
    """Aliases that are neither the question nor another alias in other spelling."""
    found = {exact_key(question): question}
    for alias in aliases:
        found.setdefault(exact_key(alias), alias)
    return tuple(list(found.values())[1:])
