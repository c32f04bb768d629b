"""One sentence of an answer against the passages: which hold it, and what none of them holds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.checks import names, slots
from bot.checks.claims import Claim
from bot.checks.marks import Sentence
from bot.checks.matching import agree
from bot.checks.support import Content, Source, is_content, tokens
from bot.checks.text import fold
from bot.numbers import claims, unsupported

_CLEARLY = 0.3
"""A mark is moved when another passage holds so much more of the sentence."""
_MOST_MARKS = 3


@dataclass(frozen=True, slots=True)
class Invented:
    """Words of a sentence that no passage it may cite holds."""

    kind: Literal["number", "name"]
    words: str


@dataclass(frozen=True, slots=True)
class Case:
    """All that sentences are held against."""

    sources: tuple[Source, ...]
    texts: tuple[str, ...]
    """Passages with their titles."""
    question: str
    """With what the model was told besides."""
    folded_question: str
    asked: frozenset[str]
    is_chinese: bool
    threshold: float


def case_of(
    passages: Sequence[str], titles: Sequence[str], question: str, context: str, threshold: float
) -> Case:
    named = [titles[at] if at < len(titles) else "" for at in range(len(passages))]
    sources = tuple(Source.of(text, title) for text, title in zip(passages, named, strict=True))
    texts = tuple(f"{title}\n{text}" for text, title in zip(passages, named, strict=True))
    told = f"{question}\n{context}"
    is_chinese = _is_chinese("".join(passages))
    return Case(sources, texts, told, fold(told), frozenset(tokens(told)), is_chinese, threshold)


def cited_by(part: Sentence, case: Case) -> list[int]:
    """The marks of a sentence that hold it; the best passage where none does."""
    valid = [mark for mark in part.marks if 0 <= mark < len(case.sources)]
    worth = _worth(part.body, case)
    best = _by(worth)[0]
    if not valid:
        return [best]
    content = _content(part.body, case)
    share = content.share([case.sources[mark] for mark in valid])
    if content.share([case.sources[best]]) - share >= _CLEARLY:
        return [best]
    useful = [mark for mark in valid if worth[mark] >= 0.4 * max(worth[at] for at in valid)]
    return useful[:_MOST_MARKS]


def _content(body: str, case: Case) -> Content:
    """The words of a sentence; its numbers, with their units, are judged as numbers."""
    for claim in claims(body):
        body = body.replace(claim.surface, " ") if claim.surface and not claim.weak else body
    return Content.of(body, case.asked)


def _worth(body: str, case: Case) -> list[float]:
    """How near each passage is to a sentence, its numbers read as numbers."""
    content = _content(body, case)
    said = [claim for claim in claims(body) if not claim.weak]
    return [
        content.closeness(source) + 2 * _agreeing(said, claims(text))
        for source, text in zip(case.sources, case.texts, strict=True)
    ]


def _agreeing(said: Sequence[Claim], facts: Sequence[Claim]) -> int:
    return sum(any(agree(claim, fact) for fact in facts) for claim in said)


def holders(body: str, cited: list[int], case: Case) -> list[int] | Invented:
    """The passages that hold every number and name of a sentence, or what none holds.

    Another passage may stand in only if it speaks of the same thing: any number can be
    found somewhere among four passages.
    """
    missing = _missing(body, cited, case)
    if missing is None:
        return cited
    content = _content(body, case)
    others = [
        at
        for at in _by(_worth(body, case))
        if at not in cited and _may_stand_in(content, body, at, case)
    ]
    for other in others:
        for marks in ([other], [*cited, other]):
            if _missing(body, marks, case) is None and len(marks) <= _MOST_MARKS:
                return marks
    return missing


def _may_stand_in(content: Content, body: str, at: int, case: Case) -> bool:
    """Whether a passage speaks of what the sentence, or else the question, speaks of."""
    if not _is_same_language(body, case):
        return True
    spoken = content.new or frozenset(token for token in case.asked if is_content(token))
    return 4 * len(spoken & case.sources[at].tokens) >= len(spoken)


def _by(worth: list[float]) -> list[int]:
    return sorted(range(len(worth)), key=lambda at: -worth[at])


def _missing(body: str, marks: list[int], case: Case) -> Invented | None:
    number = _number(body, marks, case)
    if number:
        return Invented("number", number)
    name = _name(body, marks, case)
    return Invented("name", name) if name else None


def _number(body: str, marks: list[int], case: Case) -> str:
    known = [case.texts[mark] for mark in marks]
    wrong = unsupported(body, known, case.question)
    return "、".join(dict.fromkeys(claim.surface for claim in wrong))


def _name(body: str, marks: list[int], case: Case) -> str:
    folded = [case.sources[mark].folded for mark in marks]
    known = "\n".join([*folded, case.folded_question])
    finders = (names.missing_address, names.missing_latin, names.missing_quote)
    missing = next((name for find in finders if (name := find(body, known))), None)
    if missing is None and _is_same_language(body, case):
        missing = names.missing_name(body, known) or slots.replaced(
            body, folded, case.folded_question
        )
    return missing or ""


def _is_same_language(body: str, case: Case) -> bool:
    """A translation shares no words with its passage and cannot be held against it."""
    return _is_chinese(body) == case.is_chinese


_HAN = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"[A-Za-z]+")


def _is_chinese(text: str) -> bool:
    return 4 * len("".join(_HAN.findall(text))) >= len("".join(_LATIN.findall(text)))


def is_borne_out(body: str, marks: list[int], case: Case) -> bool:
    """Enough of what the sentence adds to the question stands in its passages.

    Its numbers were found there, and each counts as a word. Short answers have little
    else to be judged by: half of them must be found.
    """
    if not _is_same_language(body, case) or body.endswith((":", "：")):
        return True
    content = _content(body, case)
    numbers = 2 * sum(not claim.weak for claim in claims(body))
    size = len(content.new) + numbers
    if not size:
        return _speaks_of_it(content, marks, case)
    share = (content.share([case.sources[at] for at in marks]) * len(content.new) + numbers) / size
    return share >= (0.5 if size <= 3 else case.threshold)


def _speaks_of_it(content: Content, marks: list[int], case: Case) -> bool:
    """A yes, a no or the question said again adds nothing that could be checked: then most
    of what it is about must stand in the passages."""
    about = {token for token in content.all if is_content(token)}
    about = about or {token for token in case.asked if is_content(token)}
    held = sum(any(token in case.sources[at].tokens for at in marks) for token in about)
    return not about or 2 * held > len(about)


def nearest(body: str, case: Case) -> int:
    """The passage to cite where nothing better is known."""
    return _by(_worth(body, case))[0]
