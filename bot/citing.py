"""The after-check: what the model said is shown only if the passages bear it out.

    said → tidy → is it a refusal? → per sentence: which passages, is it theirs,
    are its numbers, names and addresses theirs → citations renumbered, with quotes

A small model invents numbers and names, forgets marks, or points to the wrong passage.
Marks are mended; inventions turn the answer into a refusal with its reason.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.checks import names, slots
from bot.checks.marks import MARK, Sentence, sentences
from bot.checks.matching import agree
from bot.checks.refusals import is_bare_refusal, is_pleasantry, is_refusal
from bot.checks.support import Content, Source, quote, tokens
from bot.checks.text import fold
from bot.numbers import Claim, claims, unsupported
from bot.thinking import strip_thinking

__all__ = ["Checked", "Reason", "Refused", "Supported", "check"]

Reason = Literal["sentinel", "citation", "number", "name", "support", "empty"]

THRESHOLD = 0.3
"""Smallest share of a sentence's new content that its passages must hold."""
_CLEARLY = 0.3
"""A mark is moved when another passage holds so much more of the sentence."""
_MOST_MARKS = 3


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


@dataclass(frozen=True, slots=True)
class _Case:
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
    said = _tidy(strip_thinking(answer_text), truncated)
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
    return _judge(parts, _case(passages, titles, question, context, threshold))


def _case(
    passages: Sequence[str], titles: Sequence[str], question: str, context: str, threshold: float
) -> _Case:
    named = [titles[at] if at < len(titles) else "" for at in range(len(passages))]
    sources = tuple(Source.of(text, title) for text, title in zip(passages, named, strict=True))
    texts = tuple(f"{title}\n{text}" for text, title in zip(passages, named, strict=True))
    told = f"{question}\n{context}"
    is_chinese = _is_chinese("".join(passages))
    return _Case(sources, texts, told, fold(told), frozenset(tokens(told)), is_chinese, threshold)


def _judge(parts: list[Sentence], case: _Case) -> Checked:
    """Inventions refuse the answer; a sentence that is merely not borne out is left out,
    unless it is the first: that one holds the answer."""
    kept: list[Sentence] = []
    for part in parts:
        if is_refusal(part.body):
            kept.append(replace(part, marks=()))
            continue
        cited = _cited(part, case)
        invented = _invented(part.body, cited, case)
        if isinstance(invented, Refused):
            return invented
        if _is_borne_out(part.body, invented, case):
            kept.append(replace(part, marks=tuple(invented)))
        elif not any(sentence.marks for sentence in kept):
            return Refused("support", part.body)
    if not any(part.marks for part in kept):
        kept[0] = replace(kept[0], marks=(_by(_worth(kept[0].body, case))[0],))
    return _shown(kept, case)


def _cited(part: Sentence, case: _Case) -> list[int]:
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


def _content(body: str, case: _Case) -> Content:
    """The words of a sentence; its numbers, with their units, are judged as numbers."""
    for claim in claims(body):
        body = body.replace(claim.surface, " ") if claim.surface and not claim.weak else body
    return Content.of(body, case.asked)


def _worth(body: str, case: _Case) -> list[float]:
    """How near each passage is to a sentence, its numbers read as numbers."""
    content = _content(body, case)
    said = [claim for claim in claims(body) if not claim.weak]
    return [
        content.closeness(source) + 2 * _agreeing(said, claims(text))
        for source, text in zip(case.sources, case.texts, strict=True)
    ]


def _agreeing(said: Sequence[Claim], facts: Sequence[Claim]) -> int:
    return sum(any(agree(claim, fact) for fact in facts) for claim in said)


def _invented(body: str, cited: list[int], case: _Case) -> list[int] | Refused:
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


def _may_stand_in(content: Content, body: str, at: int, case: _Case) -> bool:
    return not _is_same_language(body, case) or content.meets(case.sources[at])


def _by(worth: list[float]) -> list[int]:
    return sorted(range(len(worth)), key=lambda at: -worth[at])


def _missing(body: str, marks: list[int], case: _Case) -> Refused | None:
    number = _number(body, marks, case)
    if number:
        return Refused("number", number)
    name = _name(body, marks, case)
    return Refused("name", name) if name else None


def _number(body: str, marks: list[int], case: _Case) -> str:
    known = [case.texts[mark] for mark in marks]
    wrong = unsupported(body, known, case.question)
    return "、".join(dict.fromkeys(claim.surface for claim in wrong))


def _name(body: str, marks: list[int], case: _Case) -> str:
    folded = [case.sources[mark].folded for mark in marks]
    known = "\n".join([*folded, case.folded_question])
    finders = (names.missing_address, names.missing_latin, names.missing_quote)
    missing = next((name for find in finders if (name := find(body, known))), None)
    if missing is None and _is_same_language(body, case):
        missing = names.missing_name(body, known) or slots.replaced(
            body, folded, case.folded_question
        )
    return missing or ""


def _is_same_language(body: str, case: _Case) -> bool:
    """A translation shares no words with its passage and cannot be held against it."""
    return _is_chinese(body) == case.is_chinese


_HAN = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"[A-Za-z]+")


def _is_chinese(text: str) -> bool:
    return 4 * len("".join(_HAN.findall(text))) >= len("".join(_LATIN.findall(text)))


def _is_borne_out(body: str, marks: list[int], case: _Case) -> bool:
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
        return True
    share = (content.share([case.sources[at] for at in marks]) * len(content.new) + numbers) / size
    return share >= (0.5 if size <= 3 else case.threshold)


def _shown(parts: list[Sentence], case: _Case) -> Supported:
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


_LABEL = re.compile(r"^\s*(?:回答|答案|答|Answer|A)\s*[:：]\s*", re.I)
_PREFIX = re.compile(
    rf"^\s*(?:根據|根据|依據|依据|依照|按照)(?:您)?(?:所)?(?:提供的|以上|上述|現有的?|现有的?)?(?:的)?"
    rf"(?:參考資料|参考资料|資料|资料|文件|內容|内容|資訊|信息|文本|段落)?(?:{MARK})?(?:中|裡|里)?(?:的)?"
    rf"(?:內容|内容|資訊|信息|說明|说明|記載|记载|描述)?(?:顯示|显示|指出|可知)?\s*[，,：:]\s*"
)
_ACCORDING = re.compile(
    rf"^\s*(?:according to|based on) (?:the )?(?:provided )?(?:reference )?(?:material|information|text|context|document|source|passage|reference)s?\s*(?:provided)?\s*(?:{MARK})?,\s*(\w)",
    re.I,
)
_SOURCES = re.compile(
    rf"\s*(?:\*\*)?(?:參考資料|参考资料|資料來源|资料来源|來源|来源|出處|出处|參考|References?|Sources?)(?:\*\*)?\s*[:：]\s*"
    rf"(?:(?:[-*•]\s*)?{MARK}[^\n。]{{0,80}}\s*)+$",
    re.I,
)
_LAST_STOP = re.compile(r"[。！？!?\n]|\.(?=\s)")


def _tidy(text: str, truncated: bool) -> str:
    """Without labels, phrases about "the material", lists of sources and half sentences."""
    text = _SOURCES.sub("", _LABEL.sub("", text.strip()))
    text = _PREFIX.sub("", text)
    text = _ACCORDING.sub(lambda match: match[1].upper(), text)
    if not truncated:
        return text
    stops = [stop.end() for stop in _LAST_STOP.finditer(text)]
    return text[: stops[-1]].strip() if stops else text.strip() + "…"
