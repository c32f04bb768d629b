"""Amounts, shares, ordinals, phone numbers and version numbers in folded text."""

import re
from fractions import Fraction

from bot.checks import units
from bot.checks.claims import Claim, Scan
from bot.checks.numerals import ENGLISH, HAN, NUMBER, ORDINALS, english, value

_PHONE = re.compile(
    r"(?<![\w.])(?:"
    r"\+\d{1,3}[- ]?\(?\d{1,4}\)?[- ]?\d{3,4}[- ]?\d{3,4}"
    r"|\(0\d{1,3}\)\s?\d{3,4}[- ]?\d{3,4}"
    r"|0\d{1,3}[- ]\d{3,4}[- ]?\d{3,4}|0\d{8,9}"
    r"|\d{4}-\d{3}-\d{3}|\d{3}-\d{3,4}-\d{3,4}|\d{4}-\d{4}"
    r")(?!\d|-\d)"
)
_VERSION = re.compile(r"(?<![\d.])v?\d+(?:\.\d+){2,}(?![\d])")
_RATIO = re.compile(
    rf"百分之?百|(?P<base>[百千万]|{NUMBER})分之(?P<part>{NUMBER})"
    rf"|(?P<percent>{NUMBER})(?:\s*(?:[-~至到]\s*(?P<percent2>{NUMBER}))?\s*(?:%|percent\b|per cent\b)(?P<off>\s*(?:off\b|的?折扣))?)"
    rf"|(?P<tenth>[一二三四五六七八九两])成(?P<half>[一二三四五六七八九半])?(?![为立功员长熟果本就分交不人都年形绩品])"
    rf"|(?P<price>{NUMBER})折(?!叠|磨|返|断|射|合|旧|线|页|服|纸|中)"
)
_HALF = re.compile(r"(?<!个)半个?(?P<unit>小时|钟头|年|天|月)(?!前|票)")
_NUMBER = re.compile(
    rf"(?P<pre>第|no\.\s?|{units.PREFIXES})?(?<![a-z\d.,\x00_-])\s*"
    rf"(?P<n>{NUMBER})(?!\.\d|,\d|\d)"
    rf"(?:(?:\s*[-~–—至到]\s*)(?:{units.PREFIXES})?\s*(?P<n2>{NUMBER})(?!\d|-))?"
    rf"(?:余|多|来|几)?\s*(?:-\s?)?(?P<unit>{units.UNIT})?(?P<half>半)?"
)
_LATIN_NEXT = re.compile(r"[a-z_]")
_WORDS = re.compile(rf"({ENGLISH})(?:[ -](?P<unit>{units.UNIT}))?")
_ORDINAL_WORDS = re.compile(rf"\b(?:{'|'.join(ORDINALS)})\b|\b(\d+)(?:st|nd|rd|th)\b")
_SAYS_HOW_MANY = frozenset("一二三四五六七八九两〇零廿卅壹贰叁肆伍陆柒捌玖")
_NOT_ONE = "每同这那某有第任另前后上下新近之唯统单专逐其头往进万隔早晚大小多少快慢高低远点些"


def phones(scan: Scan) -> None:
    """Kept whole: an answer may write the hyphens differently, never the digits."""

    def phone(match: re.Match[str]) -> list[Claim] | None:
        first, _, second = match[0].partition("-")
        if len(match[0]) == 9 and 1000 <= int(first) < int(second) <= 2100:
            return None  # 1914-1918 are years
        digits = re.sub(r"\D", "", match[0])
        if match[0].startswith("+886"):
            digits = "0" + digits[3:].lstrip("0")
        return [Claim("phone", digits, "", scan.surface(match))]

    def version(match: re.Match[str]) -> list[Claim]:
        return [Claim("code", match[0].removeprefix("v"), "", scan.surface(match))]

    scan.take(_PHONE, phone)
    scan.take(_VERSION, version)


def ratios(scan: Scan) -> None:
    """20% = 百分之二十 = 兩成 = 0.2; 85折 = 0.85, and 20% off is 0.8 as well as 0.2."""

    def ratio(match: re.Match[str]) -> list[Claim]:
        surface = scan.surface(match)
        unit = "折" if match["price"] else ""
        return [Claim("ratio", part, unit, surface) for part in _parts(match)]

    def half(match: re.Match[str]) -> list[Claim]:
        unit = {"月": "个月"}.get(match["unit"], units.name_of(match["unit"]))
        return [Claim("number", Fraction(1, 2), unit, scan.surface(match))]

    scan.take(_RATIO, ratio)
    scan.take(_HALF, half)


def _parts(match: re.Match[str]) -> list[Fraction]:
    if match["base"]:
        base = {"百": 100, "千": 1000, "万": 10000}.get(match["base"]) or value(match["base"])
        return [value(match["part"]) / base] if base else []
    if match["percent"]:
        return [value(part) / 100 for part in (match["percent"], match["percent2"]) if part]
    if match["tenth"]:
        more = match["half"]
        extra = Fraction(1, 20) if more == "半" else value(more) / 100 if more else Fraction(0)
        return [value(match["tenth"]) / 10 + extra]
    if match["price"]:
        price = value(match["price"])
        return [price / 10 if price <= 10 else price / 100]
    return [Fraction(1)]


def amounts(scan: Scan) -> None:
    """What is left: numbers with their unit, and ordinals."""

    def amount(match: re.Match[str]) -> list[Claim] | None:
        after = match.string[match.end() : match.end() + 1]
        if match["n"][-1].isdigit() and not match["unit"] and _LATIN_NEXT.match(after):
            return None  # 3d, 4k: a code, not a number
        return _amounts(match, scan.surface(match))

    def word(match: re.Match[str]) -> list[Claim]:
        unit = units.name_of(match["unit"]) if match["unit"] else ""
        number = english(match[1])
        return [Claim("number", number, unit, scan.surface(match), weak=number <= 1)]

    def ordinal(match: re.Match[str]) -> list[Claim]:
        number = Fraction(match[1] or ORDINALS[match[0]])
        weak = match[0] in {"first", "second"}
        return [Claim("ordinal", number, "", scan.surface(match), weak)]

    scan.take(_NUMBER, amount)
    if re.search("[a-z]{3}|[a-z]{2}\\b", scan.text):
        scan.take(_ORDINAL_WORDS, ordinal)
        scan.take(_WORDS, word)


def _amounts(match: re.Match[str], surface: str) -> list[Claim] | None:
    unit = _unit(match)
    found: list[Claim] = []
    for run in (match["n"], match["n2"]):
        if not run:
            continue
        han = not any(char.isdigit() and char.isascii() for char in run)
        if han and len(run) == 1 and not unit and match["pre"] != "第":
            continue  # 四川, 五金: a numeral alone counts nothing
        number = value(run) + (Fraction(1, 2) if match["half"] or unit == "半小时" else 0)
        weak = han and _is_weak(match, run, unit)
        found.append(_claim(match, number, unit, surface, weak))
    return found or None


def _unit(match: re.Match[str]) -> str:
    unit = units.name_of(match["unit"]) if match["unit"] else ""
    prefix = match["pre"] or ""
    if prefix and prefix != "第" and not prefix.startswith("no"):
        return units.currency(prefix) if unit in {"", "元"} else unit
    return unit


def _claim(match: re.Match[str], number: Fraction, unit: str, surface: str, weak: bool) -> Claim:
    if match["pre"] == "第" or (match["pre"] or "").startswith("no"):
        return Claim("ordinal", number, unit, surface, weak or number == 1)
    if unit == "年" and 1000 <= number <= 2999:
        return Claim("year", number, unit, surface, weak)
    return Claim("number", number, "小时" if unit == "半小时" else unit, surface, weak)


def _is_weak(match: re.Match[str], run: str, unit: str) -> bool:
    """Han numerals that are often part of a word or a manner of speaking."""
    if run == "一" or run == "零":
        before = match.string[: match.start()][-1:]
        colloquial = match["unit"] in {"块", "分"} or (before != "" and before in _NOT_ONE)
        return unit == units.COUNTED or units.is_soft(unit) or colloquial or unit == ""
    if not any(char in _SAYS_HOW_MANY for char in run):
        return run != "十" or not unit or match["unit"] == "分"  # 千萬 (by all means), 百年, 十分
    pair = len(run) == 2 and run not in {"二〇", "三〇"} and all(char in HAN[:12] for char in run)
    return pair and match["pre"] != "第"  # 三四個: about three or four
