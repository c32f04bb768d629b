"""Whether a number of the answer says the same as a number of the evidence."""

import re
from collections.abc import Sequence
from fractions import Fraction

from bot.checks import units
from bot.checks.claims import Claim
from bot.checks.numerals import HAN
from bot.checks.text import fold

_NOON = 720
_CURRENCIES = frozenset({"元", "美元", "$", "欧元", "日元", "人民币", "英镑"})


def agree(claim: Claim, fact: Claim) -> bool:
    """A missing unit fits every unit; different units never fit, unless one converts."""
    if claim.kind == fact.kind:
        return _SAME.get(claim.kind, _same_value)(claim, fact)
    if {claim.kind, fact.kind} == {"number", "ordinal"}:
        return _same_number(claim, fact)
    # A lone 五號 in the evidence bears out no 3月5日.
    return _across(claim, fact) or (claim.kind != "date" and _across(fact, claim))


def _same_value(claim: Claim, fact: Claim) -> bool:
    return claim.value == fact.value


def _same_number(claim: Claim, fact: Claim) -> bool:
    if claim.value == fact.value and units_fit(claim.unit, fact.unit):
        return True
    if not claim.unit or not fact.unit:
        return False
    one, other = units.base(_number(claim), claim.unit), units.base(_number(fact), fact.unit)
    return one == other or units.same_span(one, other)


def units_fit(one: str, other: str) -> bool:
    if one == other or not one or not other:
        return True
    if "$" in (one, other):
        return one in _CURRENCIES and other in _CURRENCIES
    return {one, other} in ({"日", "号"}, {"日", "天"}, {"年级", "个"})


def _same_time(claim: Claim, fact: Claim) -> bool:
    if claim.value == fact.value:
        return True
    loose = "12" in (claim.unit, fact.unit)
    return loose and _number(claim) % _NOON == _number(fact) % _NOON


def _same_ratio(claim: Claim, fact: Claim) -> bool:
    # 八折 is 20% off: what is paid, and what is saved.
    if claim.unit != fact.unit and claim.value == 1 - _number(fact):
        return True
    return claim.value == fact.value


def _same_year(claim: Claim, fact: Claim) -> bool:
    one, other = _number(claim), _number(fact)
    # 113年3月 may be counted from 1912; only a year below 200 can be meant so.
    return one == other or (min(one, other) < 200 and abs(one - other) == 1911)


def _same_phone(claim: Claim, fact: Claim) -> bool:
    one, other = sorted((str(claim.value), str(fact.value)), key=len)
    return len(one) >= 7 and other.endswith(one)


_SAME = {
    "number": _same_number,
    "ordinal": _same_number,
    "time": _same_time,
    "ratio": _same_ratio,
    "year": _same_year,
    "phone": _same_phone,
}


def _number(claim: Claim) -> Fraction:
    return claim.value if isinstance(claim.value, Fraction) else Fraction(0)


def _across(number: Claim, fact: Claim) -> bool:
    """A plain number, or a lone month, day or hour, against something that contains it."""
    if number.kind == "phone" and fact.kind == "number":
        return str(number.value) == str(fact.value)
    if {number.kind, fact.kind} == {"date", "ratio"}:
        dated, ratio = (number, fact) if number.kind == "date" else (fact, number)
        month, day = str(dated.value).split("-")
        return dated.unit == "/" and Fraction(int(month), int(day)) == ratio.value
    if number.kind not in {"number", "ordinal"}:
        return False
    return _number(number) in _within(fact, number.unit)


def _within(fact: Claim, unit: str) -> frozenset[Fraction]:
    """The plain values that one may take out of a fact and write with this unit."""
    value = _number(fact)
    if fact.kind == "date":
        month, day = map(int, str(fact.value).split("-"))
        named = {"月": [month], "日": [day], "号": [day], "": [month, day]}
        return frozenset(map(Fraction, named.get(unit, [])))
    if fact.kind == "time" and unit in {"", "点", "个"}:
        hour = value // 60
        whole = [Fraction(hour), Fraction(hour % 12)] if value % 60 == 0 else []
        return frozenset(whole)
    if fact.kind == "year" and unit in {"", "年", "年代"}:
        return frozenset({value, value - 1911} | ({value % 100} if unit == "年代" else set()))
    if fact.kind == "ratio" and unit == "":
        return frozenset({value, value * 10, value * 100})
    return frozenset()


def is_literal(claim: Claim, texts: Sequence[str]) -> bool:
    """Whether the words themselves stand in a text, not as a part of a longer number."""
    surface = fold(claim.surface)
    if not surface:
        return False
    before = f"(?<![\\d{HAN}])" if re.match(f"[\\d{HAN}]", surface) else ""
    after = r"(?!\d)" if surface[-1].isdigit() else ""
    exact = re.compile(before + re.escape(surface) + after)
    return any(exact.search(text) for text in texts)
