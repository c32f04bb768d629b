"""Times of day in folded text: 下午五點半 = 17:30 = 5:30 p.m."""

import re
from fractions import Fraction

from bot.checks.claims import Claim, Scan
from bot.checks.numerals import HAN_DIGIT, value

_PERIODS = {
    "am": "上午|早上|早晨|清晨|凌晨|午前|a\\.?m\\.?(?![a-z])",
    "pm": "下午|午后|傍晚|p\\.?m\\.?(?![a-z])",
    "noon": "中午|正午",
    "night": "晚上|晚间|夜间|夜晚|深夜|半夜|午夜|晚(?=\\d)",
}
_PERIOD = "|".join(_PERIODS.values())
_WHICH = tuple((re.compile(pattern), name) for name, pattern in _PERIODS.items())
_HOUR = rf"(?:\d{{1,2}}|[{HAN_DIGIT}十]{{1,3}}|廿[{HAN_DIGIT}]?)"
_TIME = re.compile(
    rf"(?P<p>{_PERIOD})?\s*(?<![\d.,/:])"
    r"(?:"
    r"(?P<h>\d{1,2}):(?P<m>[0-5]\d)(?::[0-5]\d)?(?!\d)\s*(?P<p2>[ap]\.?m\.?(?![a-z]))?"
    r"|(?P<h2>\d{1,2})\s*(?P<p3>[ap]\.?m\.?(?![a-z]))"
    rf"|(?P<h3>{_HOUR})\s*[点时](?![间代候期刻速常而数以局份]|[{HAN_DIGIT}]+[万亿倍%公千米元度级成])"
    rf"(?P<tail>半|整|钟|[一三]刻|(?:\d{{1,2}}|零?[{HAN_DIGIT}十]{{1,3}})(?:分(?![之钟]|钟)|分钟?|(?![\d个元人天月年])))?"
    r")"
)
_BARE_FIRST = re.compile(
    rf"(?P<p>{_PERIOD})?\s*(?<![\d.,/:])(?P<h>{_HOUR})(?=\s*[-~–—至到]\s*(?:{_PERIOD})?\s*{_HOUR}\s*(?:[点时](?!间|数|候|代)|[ap]\.?m))"
)
_JOIN = re.compile(r"\s*[-~–—至到]\s*$")
_NOON = re.compile(r"\bnoon\b|\bmidday\b|\bmidnight\b")


def times(scan: Scan) -> None:
    """The hour of a range without its own 上午 or 下午 takes that of the range's start."""
    before: dict[int, tuple[str, Fraction]] = {}

    def read(match: re.Match[str]) -> list[Claim] | None:
        hour = value(match["h"] or match["h2"] or match["h3"])
        if hour > 24:
            return None
        named = match["p"] or match["p2"] or match["p3"]
        period = _period(named) if named else ""
        minutes = _minutes(match)
        start = _range_start(match, before)
        inherited = start[0] if start and not period else ""
        at = _of_day(hour, period or inherited) + minutes
        if start and at <= start[1]:
            inherited = ""
        before[match.end()] = (period or inherited, at)
        loose = _is_loose(match, hour) and not (period or inherited)
        return [_claim(at, "12" if loose else "24", scan.surface(match), _is_weak(match))]

    def first(match: re.Match[str]) -> list[Claim] | None:
        hour = value(match["h"])
        period = _period(match["p"]) if match["p"] else ""
        unit = "24" if period or hour > 12 else "12"
        at = _of_day(hour, period)
        before[match.end()] = (period, at)
        return [_claim(at, unit, scan.surface(match))] if hour <= 24 else None

    def noon(match: re.Match[str]) -> list[Claim]:
        at = Fraction(0 if match[0] == "midnight" else 720)
        return [_claim(at, "24", scan.surface(match))]

    scan.take(_BARE_FIRST, first)
    scan.take(_TIME, read)
    scan.take(_NOON, noon)


def _range_start(
    match: re.Match[str], before: dict[int, tuple[str, Fraction]]
) -> tuple[str, Fraction] | None:
    """The time that this one is the end of a range with."""
    joint = _JOIN.search(match.string[max(0, match.start() - 6) : match.start()])
    return before.get(match.start() - len(joint[0])) if joint else None


def _claim(minutes: Fraction, unit: str, surface: str, weak: bool = False) -> Claim:
    return Claim("time", minutes % 1440, unit, surface, weak)


def _period(named: str) -> str:
    return next((name for pattern, name in _WHICH if pattern.fullmatch(named)), "night")


def _of_day(hour: Fraction, period: str) -> Fraction:
    if hour > 12:
        return hour * 60
    hour %= 12 if period else 24
    late = period == "pm" or (period == "noon" and hour < 11) or (period == "night" and hour >= 5)
    return (hour + 12 if late else hour) * 60


def _minutes(match: re.Match[str]) -> Fraction:
    if match["m"]:
        return Fraction(int(match["m"]))
    tail = match["tail"] or ""
    if tail == "半":
        return Fraction(30)
    if tail.endswith("刻"):
        return value(tail[0]) * 15
    digits = tail.rstrip("整钟分")
    return value(digits) if digits else Fraction(0)


def _is_loose(match: re.Match[str], hour: Fraction) -> bool:
    """Whether the hour may be in the morning or in the evening."""
    if match["h"]:
        return len(match["h"]) == 1 and hour > 0
    return hour <= 12


def _is_weak(match: re.Match[str]) -> bool:
    """一點 and 一時 mean "a little" and "for a while" unless a time of day is named."""
    return match["h3"] == "一" and not match["p"] and not match["tail"]
