"""Numerals to values: 2,800 = 二千八百 = 兩千八, 3.5萬 = 35000, 一九四五 = 1945, twenty-one = 21.

Everything here reads folded text (see `knowledge.folding`).
"""

import re
from fractions import Fraction

from bot.checks.text import words

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_FORMAL = dict(zip("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千", strict=True))
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "亿": 10**8, "兆": 10**12}
_TWENTIES = {"廿": "二十", "卅": "三十"}

HAN_DIGIT = "〇零一二三四五六七八九两"
HAN = HAN_DIGIT + "十百千万亿兆廿卅"
ARABIC = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_LONGEST = 24
NUMBER = (
    rf"(?:[{HAN}]{{1,{_LONGEST}}}点[{HAN_DIGIT}]{{1,9}}(?:[万亿]|(?=[倍%公千米元度级成]))"
    rf"|(?:(?:{ARABIC})\s?[百千万亿兆][{HAN}]{{0,{_LONGEST}}}|[{HAN}]{{1,{_LONGEST}}}"
    rf"|[零万{''.join(_FORMAL)}]{{2,{_LONGEST}}})"
    rf"(?:(?<=[百千万亿兆])(?:{ARABIC})[百千万亿兆]?)*|{ARABIC})"
)
"""One number in folded text; `value` reads what it matches."""

_TOKEN = re.compile(rf"{ARABIC}|.")
_ONES = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS = words("twenty thirty forty fifty sixty seventy eighty ninety")
_WORDS = {word: value for value, word in enumerate(_ONES)} | {
    word: 10 * value for value, word in enumerate(_TENS, 2)
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_ENGLISH = "|".join(sorted([*_WORDS, *_SCALES], key=len, reverse=True))
ENGLISH = rf"\b(?:{_ENGLISH})(?:(?:[ -]|\sand\s)(?:{_ENGLISH}))*\b"
_ORDINAL = words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
)
ORDINALS = {word: value for value, word in enumerate(_ORDINAL, 1)}


def value(run: str) -> Fraction:
    """What a match of `NUMBER` is worth."""
    plain = "".join(_TWENTIES.get(char, _FORMAL.get(char, char)) for char in run)
    if "点" in plain:
        whole, _, rest = plain.partition("点")
        digits = "".join(str(_DIGITS[char]) for char in rest if char in _DIGITS)
        decimal = value(whole) + Fraction(int(digits), 10 ** len(digits))
        return decimal * _LARGE.get(rest[-1], 1)
    tokens = [token for token in _TOKEN.findall(plain) if not token.isspace()]
    if len(tokens) > 1 and all(token in _DIGITS for token in tokens):
        return Fraction(int("".join(str(_DIGITS[token]) for token in tokens)))
    return _sum(tokens)


def _sum(tokens: list[str]) -> Fraction:
    """Chinese place value: sections up to a thousand, times 萬, 億 and 兆."""
    total = section = current = Fraction(0)
    scale = 1
    for token in tokens:
        if token in _SMALL:
            scale = _SMALL[token]
            section += (current or 1) * scale
            current = Fraction(0)
        elif token in _LARGE:
            scale = _LARGE[token]
            section += current
            below = total if total < scale else Fraction(0)
            total = total - below + (below + section or 1) * scale
            section = current = Fraction(0)
        else:
            current = _plain(token)
    if scale > 10 and 0 < current < 10 and tokens[-2] in (_SMALL | _LARGE):
        # 一萬五 is 15000 and 兩千八 is 2800; 一百零五 is 105 and 二十五 is 25.
        current *= scale // 10
    return total + section + current


def _plain(token: str) -> Fraction:
    return Fraction(_DIGITS[token]) if token in _DIGITS else Fraction(token.replace(",", ""))


def english(words: str) -> Fraction:
    """What a match of `ENGLISH` is worth."""
    total = current = 0
    for word in re.split(r"[ -]+|\sand\s", words):
        if word in _SCALES:
            current = (current or 1) * _SCALES[word]
            if word != "hundred":
                total, current = total + current, 0
        else:
            current += _WORDS.get(word, 0)
    return Fraction(total + current)
