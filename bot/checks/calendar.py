"""Weekdays, dates and times of day in folded text."""

import re
from fractions import Fraction

from bot.checks.claims import Claim, Scan
from bot.checks.numerals import HAN, HAN_DIGIT, value
from bot.checks.text import words

_DAYS = {char: number for number, char in enumerate("一二三四五六日", 1)} | {"天": 7, "末": 6}
_DAY_NAMES = {
    prefix: number
    for number, names in enumerate(
        ("mon monday", "tue tues tuesday", "wed wednesday", "thu thur thurs thursday",
         "fri friday", "sat saturday", "sun sunday"), 1
    )
    for prefix in names.split()
}  # fmt: skip
_TO = r"\s*(?:[-~–—至到]|to|through|thru)\s*"
_WEEK = r"(?:周|星期|礼拜)"
_NOT_COUNTED = r"(?![次回趟起年期天种个届班])"
_ONE_DAY = rf"{_WEEK}[一二三四五六日天末]{_NOT_COUNTED}"
_MORE_DAYS = rf"(?:(?:{_TO}|[、,及和与]\s*){_WEEK}?[一二三四五六日天](?![次回趟年期个点小时十元]))*"
_WEEKDAYS = re.compile(rf"{_ONE_DAY}(?:日(?![期常]))?{_MORE_DAYS}")
_ENGLISH_DAY = rf"\b(?:{'|'.join(sorted(_DAY_NAMES, key=len, reverse=True))})s?\b\.?"
_ENGLISH_DAYS = re.compile(rf"{_ENGLISH_DAY}(?:{_TO}{_ENGLISH_DAY})?")
_DAY_PART = re.compile(rf"(?P<to>{_TO})|{_WEEK}|(?P<day>[一二三四五六日天末])")
_GROUPS = {
    "平日": range(1, 6),
    "工作日": range(1, 6),
    "weekday": range(1, 6),
    "假日": range(6, 8),
    "weekend": range(6, 8),
    "每天": range(1, 8),
    "每日": range(1, 8),
    "天天": range(1, 8),
    "全年无休": range(1, 8),
    "daily": range(1, 8),
    "every day": range(1, 8),
}
_GROUP = re.compile("|".join(_GROUPS))


def weekdays(scan: Scan) -> None:
    """週一至週五 is five claims; 平日 and 每天 are weak ones."""

    def spelled(match: re.Match[str]) -> list[Claim]:
        return [_weekday(day, scan.surface(match)) for day in _span(match[0])]

    def english(match: re.Match[str]) -> list[Claim]:
        names = [
            _DAY_NAMES[_singular(name)] for name in re.findall("[a-z]+", match[0]) if _known(name)
        ]
        weak = match[0].rstrip(".") in {"sat", "sun", "wed", "mon"}
        days = _run(names[0], names[-1]) if names else []
        return [_weekday(day, scan.surface(match), weak) for day in days]

    def group(match: re.Match[str]) -> list[Claim]:
        return [_weekday(day, scan.surface(match), True) for day in _GROUPS[match[0]]]

    scan.take(_WEEKDAYS, spelled)
    scan.take(_ENGLISH_DAYS, english)
    scan.take(_GROUP, group)


def _singular(name: str) -> str:
    return name if name in _DAY_NAMES else name.removesuffix("s")


def _known(name: str) -> bool:
    return _singular(name) in _DAY_NAMES


def _weekday(day: int, surface: str, weak: bool = False) -> Claim:
    return Claim("weekday", Fraction(day), "", surface, weak)


def _span(text: str) -> list[int]:
    days: list[int] = []
    until = False
    for part in _DAY_PART.finditer(text):
        if part["to"]:
            until = True
        elif part["day"]:
            day = _DAYS[part["day"]]
            days += _run(days[-1], day)[1:] if until and days else [day]
            days += [7] if part["day"] == "末" else []
            until = False
    return list(dict.fromkeys(days))


def _run(first: int, last: int) -> list[int]:
    return [(first - 1 + step) % 7 + 1 for step in range((last - first) % 7 + 1)]


_SMALL = rf"(?:\d{{1,2}}|[{HAN_DIGIT}十廿卅]{{1,3}})"
_MONTH_DAY = rf"(?P<m>{_SMALL})月(?:份)?\s*(?P<d>{_SMALL})[日号]?(?!\s*[个天年人元,\d])"
_DAY_RANGE = rf"(?:{_MONTH_DAY}(?:{_TO}(?P<d2>{_SMALL})[日号])?)"
_YEAR = re.compile(
    rf"(?P<era>民国)?\s*(?<!\d)(?P<y>\d{{1,4}}|元|[{HAN}]{{1,6}})\s*年\s*{_DAY_RANGE}?"
)
_MONTH_ONLY = re.compile(rf"(?<!\d){_DAY_RANGE}")
_ISO_DATE = re.compile(r"(?<![\d./-])(\d{2,4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d./-]\d|\d)")
_SLASH_DATE = re.compile(r"(?<![\d/.])(\d{1,2})/(\d{1,2})(?![\d/])")
_MONTHS = words("jan feb mar apr may jun jul aug sep oct nov dec")
_MONTH = r"(?P<mon>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_NTH = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?(?!\d)"
_ENGLISH_DATE = re.compile(
    rf"\b{_MONTH}\s+{_NTH}(?:,?\s+(?P<y>\d{{4}}))?|"
    rf"\b{_NTH.replace('<d>', '<d2>')}\s+(?:of\s+)?{_MONTH.replace('<mon>', '<mon2>')}(?:,?\s+(?P<y2>\d{{4}}))?"
)
_ENGLISH_MONTH = re.compile(
    r"\b(?P<mon>january|february|march|april|june|july|august|september|october|november|december)\b"
)


def dates(scan: Scan) -> None:
    """Year, month with day: 民國113年3月5日 is the year 2024 and the date 03-05."""

    def year(match: re.Match[str]) -> list[Claim] | None:
        return _with_year(match, scan.surface(match))

    def day(match: re.Match[str]) -> list[Claim] | None:
        return _days(match, scan.surface(match))

    def iso(match: re.Match[str]) -> list[Claim] | None:
        found = _date(match[3], match[4], scan.surface(match))
        return found and [_year(Fraction(int(match[1])), scan.surface(match)), *found]

    def slash(match: re.Match[str]) -> list[Claim] | None:
        return _date(match[1], match[2], scan.surface(match), "/")

    def english(match: re.Match[str]) -> list[Claim] | None:
        month = str(_MONTHS.index(match["mon"] or match["mon2"]) + 1)
        found = _date(month, match["d"] or match["d2"], scan.surface(match))
        year = match["y"] or match["y2"]
        return found and [*([_year(Fraction(int(year)), year)] if year else []), *found]

    def month(match: re.Match[str]) -> list[Claim]:
        number = Fraction(_MONTHS.index(match["mon"][:3]) + 1)
        return [Claim("number", number, "月", scan.surface(match))]

    scan.take(_ISO_DATE, iso)
    scan.take(_YEAR, year)
    scan.take(_MONTH_ONLY, day)
    scan.take(_SLASH_DATE, slash)
    if re.search("[a-z]{3}", scan.text):
        scan.take(_ENGLISH_DATE, english)
        scan.take(_ENGLISH_MONTH, month)


def _with_year(match: re.Match[str], surface: str) -> list[Claim] | None:
    year = Fraction(1) if match["y"] == "元" else value(match["y"])
    # 三年 alone is how long; 民國三年 and 三年五月 are when.
    if not (match["era"] or match["m"] or 1000 <= year <= 2999):
        return None
    dated = _days(match, surface) if match["m"] else []
    if dated is None:
        return None
    return [_year(year + (1911 if match["era"] else 0), surface), *dated]


def _days(match: re.Match[str], surface: str) -> list[Claim] | None:
    found: list[Claim] = []
    for day in filter(None, (match["d"], match["d2"])):
        dated = _date(str(value(match["m"])), str(value(day)), surface)
        if dated is None:
            return None
        found += dated
    return found


def _year(year: Fraction, surface: str) -> Claim:
    return Claim("year", year, "年", surface)


def _date(month: str, day: str, surface: str, unit: str = "") -> list[Claim] | None:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return None
    return [Claim("date", f"{int(month):02}-{int(day):02}", unit, surface)]
