"""The after-check: what the model said is shown only if the passages bear it out.

    said → tidy → is it a refusal? → per sentence: which passages, is it theirs,
    are its numbers, names and addresses theirs → citations renumbered, with quotes

A small model invents numbers and names, forgets marks, or points to the wrong passage.
Marks are mended; inventions turn the answer into a refusal with its reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.bearing import Case, Invented, case_of, cited_by, holders, is_borne_out, nearest
from bot.checks.marks import Sentence, sentences
from bot.checks.orders import obeys
from bot.checks.refusals import is_bare_refusal, is_pleasantry, is_refusal
from bot.checks.support import quote
from bot.checks.tidy import tidy
from bot.thinking import strip_thinking

__all__ = ["Checked", "Reason", "Refused", "Supported", "check"]

Reason = Literal["sentinel", "citation", "number", "name", "support", "order", "empty"]

THRESHOLD = 0.3
"""Smallest share of a sentence's new content that its passages must hold."""


@dataclass(frozen=True, slots=True)
class Supported:
    """``[n]`` in ``text`` is ``quotes[n-1]``."""

    text: str
    quotes: tuple[tuple[int, str], ...]
    """0-based passage, and a verbatim part of it."""


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Reason
    detail: str = ""
    """The words that gave the reason, for logs."""


Checked = Supported | Refused


def check(
    answer_text: str,
    passages: Sequence[str],
    question: str,
    titles: Sequence[str] = (),
    *,
    context: str = "",
    truncated: bool = False,
    threshold: float = THRESHOLD,
) -> Checked:
    """Whether ``passages`` bear the answer out, and where.

    ``titles`` belong to the passages and count as their text. ``context`` is what the
    model was told besides (the date, the turn before): its numbers and names may be used.
    ``truncated``: the model was cut off, so its last, unfinished sentence goes.
    """
    said = tidy(strip_thinking(answer_text), truncated)
    parts = [part for part in sentences(said) if part.body]
    if not parts or not any(char.isalnum() for char in said):
        return Refused("empty")
    if is_refusal(parts[0].body):
        return Refused("sentinel", parts[0].body)
    parts = [part for part in parts if not (is_bare_refusal(part.body) or is_pleasantry(part.body))]
    if not parts:
        return Refused("sentinel", said)
    if not passages:
        return Refused("citation", said)
    if obeys(said, passages, question):
        return Refused("order", said)
    return _judge(parts, case_of(passages, titles, question, context, threshold))


def _judge(parts: list[Sentence], case: Case) -> Checked:
    """Inventions refuse the answer; a sentence that is merely not borne out is left out,
    unless it is the first: that one holds the answer."""
    kept: list[Sentence] = []
    for part in parts:
        if is_refusal(part.body):
            kept.append(replace(part, marks=()))
            continue
        marks = holders(part.body, cited_by(part, case), case)
        if isinstance(marks, Invented):
            return Refused(marks.kind, marks.words)
        if is_borne_out(part.body, marks, case):
            kept.append(replace(part, marks=tuple(marks)))
        elif not any(sentence.marks for sentence in kept):
            return Refused("support", part.body)
    if not any(part.marks for part in kept):
        kept[0] = replace(kept[0], marks=(nearest(kept[0].body, case),))
    return _shown(kept, case)


def _shown(parts: list[Sentence], case: Case) -> Supported:
    """The text with marks in order of first use, and a quote for each."""
    order: list[int] = list(dict.fromkeys(mark for part in parts for mark in part.marks))
    text = "".join(
        part.body + "".join(f"[{order.index(mark) + 1}]" for mark in part.marks) + part.gap
        for part in parts
    )
    quotes = []
    for mark in order:
        said = "\n".join(part.body for part in parts if mark in part.marks)
        quotes.append((mark, quote(case.sources[mark], said, case.asked)))
    return Supported(text.strip(), tuple(quotes))
