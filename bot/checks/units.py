"""Units of numbers, in folded spelling, and what they are worth in each other."""

import re
from fractions import Fraction
from functools import cache

_SPELLINGS: dict[str, str] = {
    "元": "元整?|块钱|块|圆|新?台币|ntd|twd|nt|dollars?",
    "美元": "美元|美金|usd",
    "欧元": "欧元|euros?|eur",
    "日元": "日[元圆币]|円|jpy|yen",
    "人民币": "人民币|rmb|cny",
    "天": "个?工作[天日]|天|(?:business |working |calendar )?days?",
    "日": "日",
    "号": "号",
    "月": "月份?",
    "个月": "个月|months?",
    "年": "周年|个?年头|年(?!代|级)|years?(?! old)|yrs?",
    "年代": "年代",
    "年级": "年级",
    "世纪": "世纪",
    "岁": "岁|years? old",
    "周": "个?星期|个?礼拜|周(?!年|岁|边)|weeks?",
    "半小时": "个半小时",
    "小时": "个?小时|个?钟头|hours?|hrs?",
    "分钟": "分钟|分(?![之店局公])|minutes?|mins?",
    "秒": "秒钟?|seconds|secs?",
    "公里": "公里|千米|km|kilomet(?:er|re)s?",
    "公尺": "公尺|米(?![饭酒粉])|m|met(?:er|re)s?",
    "公分": "公分|厘米|cm",
    "公厘": "公厘|毫米|mm",
    "公斤": "公斤|千克|kg",
    "公克": "公克|克|g|grams?",
    "毫克": "毫克|mg",
    "公吨": "公吨|吨",
    "公升": "公升|升|l|lit(?:er|re)s?",
    "毫升": "毫升|ml|cc",
    "平方公里": "平方公里|平方千米|km2",
    "平方公尺": "平方公尺|平方米|m2",
    "公顷": "公顷",
    "坪": "坪",
    "度": "摄氏度|度|°c|°",
    "楼": "楼|层|f",
    "倍": "倍",
    "次": "次|回|times",
    "点": "点",
    "gb": "gb",
    "mb": "mb",
    # Counting words say what is counted, and people change them freely: one class.
    "个": "[个種种项类样件款本支枝张盒包组套台部辆间家所座条只隻棵颗份册篇首场届期章节级班队站道门区县市省州村岛"
    "字页卷集代世派党席票位名人根把瓶杯罐袋箱打双对副幅枚片块段句格行列排版届任年级户栋幢架艘节课堂关]",
}
_WORTH: dict[str, tuple[str, Fraction]] = {
    "天": ("min", Fraction(1440)),
    "日": ("min", Fraction(1440)),
    "周": ("min", Fraction(10080)),
    "小时": ("min", Fraction(60)),
    "分钟": ("min", Fraction(1)),
    "秒": ("min", Fraction(1, 60)),
    "年": ("month", Fraction(12)),
    "个月": ("month", Fraction(1)),
    "公里": ("mm", Fraction(10**6)),
    "公尺": ("mm", Fraction(1000)),
    "公分": ("mm", Fraction(10)),
    "公厘": ("mm", Fraction(1)),
    "公吨": ("mg", Fraction(10**9)),
    "公斤": ("mg", Fraction(10**6)),
    "公克": ("mg", Fraction(1000)),
    "毫克": ("mg", Fraction(1)),
    "公升": ("ml", Fraction(1000)),
    "毫升": ("ml", Fraction(1)),
}
PREFIXES = r"us\$|nt\s?\$|nt(?=\s?\d)|\$|usd|twd|新?台币|美金|€|¥|£"

COUNTED = "个"
_SOFT = frozenset({"个", "次", "点", "日", "天", "分钟", "度"})
"""With these, 一 is often no number at all: 一點 (a little), 一天 (some day), 一度."""


def _alternatives() -> list[tuple[str, str]]:
    spelled = [(name, part) for name, text in _SPELLINGS.items() for part in _split(text)]
    return sorted(spelled, key=lambda pair: -len(re.sub(r"\(\?.*?\)|\[[^\]]*\]|\?", "x", pair[1])))


def _split(text: str) -> list[str]:
    return re.split(r"\|(?![^(]*\))", text)


def _latin_guard(part: str) -> str:
    return part + "(?![a-z])" if re.match(r"[a-z(]", part) else part


UNIT = "|".join(_latin_guard(part) for _, part in _alternatives())
"""Any unit; longer spellings first, Latin ones only as whole words."""

_NAMES = tuple((re.compile(part), name) for name, part in _alternatives())


@cache
def name_of(spelling: str) -> str:
    """The class of a unit that `UNIT` matched."""
    for pattern, name in _NAMES:
        if pattern.fullmatch(spelling):
            return name
    return ""


def currency(prefix: str) -> str:
    """The unit that a currency sign before a number stands for; ``$`` alone may be any."""
    plain = prefix.replace(" ", "")
    if plain in {"us$", "usd", "美金"}:
        return "美元"
    return {"€": "欧元", "¥": "", "£": "英镑", "$": "$"}.get(plain, "元")


def is_soft(unit: str) -> bool:
    return unit in _SOFT


def base(value: Fraction, unit: str) -> tuple[Fraction, str]:
    """The value in the smallest unit of its kind."""
    kind, factor = _WORTH.get(unit, (unit, Fraction(1)))
    return value * factor, kind


_MONTH = 30 * 24 * 60
"""Minutes of a month, as people count them: 一個月 for 三十天."""


def same_span(one: tuple[Fraction, str], other: tuple[Fraction, str]) -> bool:
    """Whether months and days, both as `base` gives them, are as long."""
    spans = {one[1]: one[0], other[1]: other[0]}
    return set(spans) == {"month", "min"} and spans["month"] * _MONTH == spans["min"]
