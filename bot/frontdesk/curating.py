"""Annotating from a chat: what an admin typed, read as question and answer. Pure."""

import re
from dataclasses import dataclass

_LABELS = re.compile(
    r"^\s*(?:問題?|q(?:uestion)?)\s*[:：]\s*(?P<question>.+?)\s*[\n|｜]?\s*"
    r"(?:答案?|回答|a(?:nswer)?)\s*[:：]\s*(?P<answer>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_BAR = re.compile(r"\s*[|｜]\s*")


@dataclass(frozen=True, slots=True)
class Pair:
    question: str
    answer: str


def read(text: str, quoted_question: str | None) -> Pair | None:
    """`問：… 答：…`, `question | answer`, or the answer alone to a quoted exchange's question."""
    said = text.strip()
    labelled = _LABELS.match(said)
    if labelled is not None:
        return Pair(labelled["question"].strip(), labelled["answer"].strip())
    parts = _BAR.split(said, maxsplit=1)
    if len(parts) == 2 and all(parts):
        return Pair(*parts)
    if quoted_question and said:
        return Pair(quoted_question, said)
    return None
