"""Numbers that the evidence does not say but gives: sums, differences, products, counts.

With thirty numbers in four passages some pair gives almost anything. So both numbers
must come from one passage (or one from the question), in one unit, and the question or
the answer must show that something was worked out.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import combinations

from bot.checks import units
from bot.checks.claims import Claim

_TOTAL = re.compile(r"共|合计|总|加起来|一起|各|\+|=|total|altogether|sum|in all|both")
_GAP = re.compile(
    r"差|多久|多长|几[年岁天]|多少[年天小]|几个?[小月星]|相隔|间隔|相距|歷时|历时|经过|享年|在位|剩|还有|贵|便宜|省|多出|早|晚|大|小|长"
    r"|how (?:long|many (?:hours|days|years|minutes))|difference|until|left|more|less|cheaper"
)
_ENUMERATION = re.compile(r"[^。！？!?；;\n]+")
_SEPARATOR = re.compile(r"、|(?<=[^、])(?:以及|及|和|与|或|跟)|, (?:and )?| and ")
_ITEM = re.compile(r"(?m)^\s*(?:[-*•]|\d{1,2}[.)、])\s*\S")
_CLOSED = re.compile(r"休|除|外|except|closed")
_COUNTS = frozenset({"", "个", "点", "次"})
MAX_COUNT = 10


class Arithmetic:
    """What can be worked out from the passages and the question, for one answer."""

    def __init__(
        self,
        known: Sequence[Sequence[Claim]],
        asked: Sequence[Claim],
        answer: str,
        question: str,
        texts: Sequence[str],
    ) -> None:
        self._known = known
        self._asked = asked
        self._words = answer + "\n" + question
        self._texts = (*texts, answer)

    def gives(self, claim: Claim) -> bool:
        """Whether the claim is one simple step away from what is known."""
        if claim.kind == "date":
            return any(_spelled_apart(claim, facts) for facts in self._known)
        if claim.kind == "weekday":
            return self._is_remaining_day(claim)
        if claim.kind != "number" or not isinstance(claim.value, Fraction):
            return False
        return (
            self._is_product(claim)
            or (bool(_TOTAL.search(self._words)) and self._any(claim, _sums))
            or (bool(_GAP.search(self._words)) and self._any(claim, _gaps))
            or self._is_count(claim)
        )

    def _any(
        self, claim: Claim, step: Callable[[Sequence[Claim]], Iterable[tuple[Fraction, str]]]
    ) -> bool:
        wanted = units.base(_value(claim), claim.unit)
        return any(
            wanted == units.base(*result)
            for facts in self._known
            for result in step([*facts, *self._asked])
        )

    def _is_product(self, claim: Claim) -> bool:
        """Twice 120元 where the question asks for two."""
        return any(
            _value(claim) == _value(many) * _value(fact) and claim.unit in (fact.unit, "")
            for facts in self._known
            for fact in facts
            if fact.kind == "number" and fact.unit not in _COUNTS
            for many in self._asked
            if many.kind == "number" and many.unit != fact.unit and 1 < _value(many) <= 1000
        )

    def _is_count(self, claim: Claim) -> bool:
        """三種 where somebody lists three things."""
        count = _value(claim)
        if claim.unit not in _COUNTS or not 1 < count <= MAX_COUNT:
            return False
        return any(count in _listed(text) for text in self._texts)

    def _is_remaining_day(self, claim: Claim) -> bool:
        """週二至週日 where the passage says 週一公休."""
        return any(
            _CLOSED.search(text) and any(fact.kind == "weekday" for fact in facts)
            for facts, text in zip(self._known, self._texts, strict=False)
        )


def _value(claim: Claim) -> Fraction:
    return claim.value if isinstance(claim.value, Fraction) else Fraction(0)


def _amounts(facts: Iterable[Claim]) -> list[Claim]:
    kept = {(fact.value, fact.unit): fact for fact in facts if fact.kind == "number" and fact.unit}
    return list(kept.values())


def _sums(facts: Sequence[Claim]) -> Iterable[tuple[Fraction, str]]:
    for one, other in combinations(_amounts(facts), 2):
        if one.unit == other.unit:
            yield _value(one) + _value(other), one.unit


def _gaps(facts: Sequence[Claim]) -> Iterable[tuple[Fraction, str]]:
    for one, other in combinations(_amounts(facts), 2):
        if one.unit == other.unit:
            yield abs(_value(one) - _value(other)), one.unit
    for one, other in combinations([fact for fact in facts if fact.kind == "time"], 2):
        gap = abs(_value(one) - _value(other))
        yield gap, "分钟"
        yield (gap + 720 if "12" in (one.unit, other.unit) else 1440 - gap), "分钟"
    for one, other in combinations([fact for fact in facts if fact.kind == "year"], 2):
        for unit in ("年", "岁"):
            yield abs(_value(one) - _value(other)), unit


def _listed(text: str) -> frozenset[int]:
    """How many things a sentence, or a list of lines, names."""
    counts = {len(_SEPARATOR.findall(sentence)) + 1 for sentence in _ENUMERATION.findall(text)}
    commas = {sentence.count("、") + 1 for sentence in _ENUMERATION.findall(text)}
    return frozenset((counts | commas | {len(_ITEM.findall(text))}) - {0, 1})


def _spelled_apart(claim: Claim, facts: Sequence[Claim]) -> bool:
    """3月5日 where the passage has 3月 as a heading and 5日 in its line."""
    month, day = map(int, str(claim.value).split("-"))
    has_day = any(f.kind == "number" and f.unit in {"日", "号"} and f.value == day for f in facts)
    has_month = any(
        (f.kind == "number" and f.unit == "月" and f.value == month)
        or (f.kind == "date" and str(f.value).startswith(f"{month:02}-"))
        for f in facts
    )
    return has_day and has_month
