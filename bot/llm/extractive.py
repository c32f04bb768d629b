"""An answer without a model: the best sentences of the best passages, word for word.

Sentences are compared with the question by folded character bigrams. A bigram that few
of the candidate sentences have weighs more, so what all of them share (the shop's name)
decides nothing.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from knowledge.folding import fold
from knowledge.passages import Passage
from knowledge.sentences import sentences
from knowledge.sparse import content, terms

MAX_CHARS: Final = 200
MAX_QUOTES: Final = 3
MAX_PASSAGES: Final = 3
_GOOD_ENOUGH: Final = 0.45
"""A further sentence is quoted only if it scores this part of the best one's score."""
_NEW_PART: Final = 0.25
"""… and covers this part of the question's weight that the quoted ones do not."""
_PASSAGE_STEP: Final = 0.85
"""A passage further down must have a better sentence to be quoted before the first."""
_CONTEXT: Final = 0.4
"""What a word of the question is worth in the sentence's title or heading."""
_HEADING: Final = 0.3
"""What a heading's score is worth: it names the matter and says nothing about it."""
_AMOUNT: Final = 0.15
"""What a digit is worth where the question asks how much or when."""

_LEAD: Final = re.compile(r"^(?:\s|#{1,6}\s|[-*+•]\s|\d{1,2}[.)、]\s|>\s|\|\s*)+")
_SAYS_SOMETHING: Final = re.compile(r"[。！？!?.：:，,；;|\d]")
_HEADING_CHARS: Final = 20
_RULE: Final = re.compile(r"[\s|:\-=*_]*")
_ASKS_AMOUNT: Final = re.compile(
    "几|多少|多久|多大|多长|何时|什么时候|哪天|号码|电话|价|when|how (?:much|many|long)"
)
_BREAKS: Final = "，,；;、：: "


class Quote(NamedTuple):
    passage: int
    """Index in the passages given."""
    text: str
    """A verbatim part of that passage's text."""


class Extract(NamedTuple):
    text: str
    """The quotes, one a line, each followed by its mark; ``[n]`` is ``quotes[n-1]``."""
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    passage: int
    text: str
    own: frozenset[str]
    context: frozenset[str]
    """Terms of the title and the headings above it."""
    is_heading: bool


def compose(question: str, passages: Sequence[Passage]) -> Extract:
    """Quote the one to three sentences that answer best, at most `MAX_CHARS` characters.

    Whether the passages answer at all was decided before: without any overlap the first
    sentence of the best passage is quoted. Empty where the passages hold no text.
    """
    candidates = _candidates(passages[:MAX_PASSAGES])
    if not candidates:
        return Extract("", ())
    weights = _weights(question, candidates)
    amount = bool(_ASKS_AMOUNT.search(fold(question)))
    chosen = _choose(candidates, weights, amount)
    quotes = _within_limit(chosen, weights)
    lines = (f"{quote.text} [{number}]" for number, quote in enumerate(quotes, start=1))
    return Extract("\n".join(lines), quotes)


def _candidates(passages: Sequence[Passage]) -> list[_Candidate]:
    found: list[_Candidate] = []
    for index, passage in enumerate(passages):
        around = _terms(" ".join((passage.title, *passage.locator.headings)))
        above: frozenset[str] = frozenset()
        for text, is_heading in _lines(passage):
            own = _terms(text)
            if is_heading:
                above = own
            if not text.startswith("#"):
                context = (around | above) - own
                found.append(_Candidate(index, text.strip(), own, context, is_heading))
    return found


def _terms(text: str) -> frozenset[str]:
    return frozenset(terms(fold(text)))


def _lines(passage: Passage) -> Iterator[tuple[str, bool]]:
    """Sentences and table rows, verbatim but for the Markdown before them; and whether each
    looks like a heading: a short line with no full stop over another line."""
    found = [raw for raw in _pieces(passage) if not _RULE.fullmatch(raw)]
    for number, raw in enumerate(found):
        if raw.lstrip().startswith("#"):
            yield raw.lstrip(), True
        elif sentence := _LEAD.sub("", raw).strip().strip("|").strip():
            bare = sentence == raw.strip() and not _SAYS_SOMETHING.search(sentence)
            short = len(sentence) <= _HEADING_CHARS and "\n" in raw
            yield sentence, bare and short and number + 1 < len(found)


def _pieces(passage: Passage) -> Iterator[str]:
    """A table row stays whole, whatever stops are between its cells."""
    for line in passage.text.splitlines(keepends=True):
        if passage.locator.rows or line.startswith("|"):
            yield line
        else:
            yield from sentences(line)


def _weights(question: str, candidates: Sequence[_Candidate]) -> dict[str, float]:
    """Term of the question → its weight; two characters say more than one.

    Terms that no candidate has are left out: they tell the candidates apart in nothing.
    """
    frequency = Counter(term for one in candidates for term in one.own | one.context)
    total = len(candidates)
    return {
        term: math.log(1 + (total + 1) / (frequency[term] + 0.5)) * (1.0 if len(term) > 1 else 0.3)
        for term in set(terms(content(question)))
        if frequency[term]
    }


def _covered(candidate: _Candidate, weights: dict[str, float]) -> float:
    own = sum(weight for term, weight in weights.items() if term in candidate.own)
    around = sum(weight for term, weight in weights.items() if term in candidate.context)
    return own + _CONTEXT * around


def _choose(
    candidates: list[_Candidate], weights: dict[str, float], amount: bool
) -> list[_Candidate]:
    """The best sentence, and further ones that are good and add something."""
    total = sum(weights.values()) or 1.0

    def score(candidate: _Candidate) -> float:
        part = _covered(candidate, weights) / total
        digits = _AMOUNT if amount and re.search(r"[\d０-９]", candidate.text) else 0.0
        doubt = _PASSAGE_STEP**candidate.passage * (_HEADING if candidate.is_heading else 1.0)
        return (part + digits * bool(part)) * doubt

    ranked = sorted(candidates, key=score, reverse=True)  # stable: earlier wins a tie
    chosen = ranked[:1]
    for candidate in ranked[1:]:
        if len(chosen) == MAX_QUOTES or score(candidate) < _GOOD_ENOUGH * score(chosen[0]):
            break
        if _adds(candidate, chosen, weights) >= _NEW_PART * total:
            chosen.append(candidate)
    return chosen


def _adds(candidate: _Candidate, chosen: list[_Candidate], weights: dict[str, float]) -> float:
    """Weight of the question's terms in this sentence and in none of the chosen ones."""
    new = candidate.own.difference(*(one.own for one in chosen))
    return sum(weight for term, weight in weights.items() if term in new)


def _within_limit(chosen: list[_Candidate], weights: dict[str, float]) -> tuple[Quote, ...]:
    left = MAX_CHARS
    quotes: list[Quote] = []
    for candidate in chosen:
        room = left - len(f" [{len(quotes) + 1}]\n")
        if quotes and len(candidate.text) > room:
            continue
        text = _window(candidate.text, room, weights)
        quotes.append(Quote(candidate.passage, text))
        left = room - len(text)
    return tuple(quotes)


def _window(text: str, room: int, weights: dict[str, float]) -> str:
    """At most `room` characters of `text`, begun after a comma where most of the weight is."""
    if len(text) <= room:
        return text
    starts = [0, *(i + 1 for i, char in enumerate(text) if char in _BREAKS)]

    def weight(start: int) -> float:
        inside = _terms(text[start : start + room])
        return sum(weight for term, weight in weights.items() if term in inside)

    start = max(starts, key=weight)
    cut = text[start : start + room]
    if start + room < len(text):
        end = max((i for i, char in enumerate(cut) if char in _BREAKS), default=0)
        cut = cut[:end] if end > room // 2 else cut
    return cut.strip()
