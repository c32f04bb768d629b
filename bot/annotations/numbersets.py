"""Whether two questions name the same numbers: 第一名 is 第1名 and never 第二名.

Vectors hardly see a changed number (the cosine stays at .98), so this has the last word.
Reading too much into a text does no harm here: what stands in both cancels out.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from bot.checks.matching import agree
from bot.checks.numerals import HAN_DIGIT
from bot.numbers import Claim, claims
from knowledge.folding import fold

Verdict = Literal["same", "unsure", "different"]
"""`unsure`: one of the two names something that the other leaves open."""

_RANKS = {"冠军": "第一名", "亚军": "第二名", "季军": "第三名", "殿军": "第四名", "首次": "第一次",
          "首位": "第一位", "首任": "第一任", "首届": "第一届", "头奖": "第一奖"}  # fmt: skip
_RANK = re.compile("|".join(_RANKS))
_CODE_GAP = re.compile(
    r"(?<![a-z0-9])(?!at|to|by|in|on|is|am|pm|no|of|or|an|the|and|are|for|was|has)"
    r"([a-z]{1,6}) ?-? ?(?=\d)"
)
_TOKEN = re.compile(r"[a-z0-9]+(?:[._/-][a-z0-9]+)*\+*")
_HEAVENLY = re.compile(
    "[甲乙丙丁戊](?=[班组级区案栋种类级型队方]|$)|(?<=[班组区案栋类型队])[甲乙丙丁戊]"
)
_LEFTOVER = re.compile(rf"[{HAN_DIGIT}十百千]+")
_LONE_ONE = re.compile("[一零〇两千百]+")
_AFTER_NAME = re.compile("[案组班馆楼区型号类级课单元高国大小世卷册章期部集路段]$")
_IDIOM = re.compile(
    "一下|一起|一般|一样|一定|一直|一些|一点|统一|唯一|之一|万一|一共|一生|一旦|另一|每一|某一|哪一|同一|"
    "这一|那一|下一|上一|进一步|三明治|四川|三重|五金|三角|百科|百货|千万|十分|七夕|八卦|三星|九份|六福"
)
_SINCE = re.compile("(?<=点)以(?=[前后])")
_OPEN = re.compile("哪一[个条颗站位款种家天]?|几[点号个天年]")


def numbers_agree(one: str, other: str) -> Verdict:
    """`different` where both name numbers and they are not the same ones."""
    first, second = _read(one), _read(other)
    verdict = _claims_agree(first[0], second[0])
    if verdict == "different" or first[1] == second[1]:
        return verdict
    return "different" if _kinds(first[1]) & _kinds(second[1]) else "unsure"


def _read(text: str) -> tuple[list[Claim], frozenset[str]]:
    """Claims with a value and a unit, and codes, letters and numerals as they are written."""
    folded = _OPEN.sub(" ", _SINCE.sub("", fold(text)))
    folded = _RANK.sub(lambda match: _RANKS[match[0]], folded)
    folded = _CODE_GAP.sub(r"\1", folded)
    codes = _codes(folded)
    rest = _TOKEN.sub(lambda match: " " if _is_code(match[0]) else match[0], folded)
    found = [claim for claim in claims(rest) if claim.kind != "code"]
    loose = _leftovers(rest, found)
    return found, frozenset({*codes, *loose})


def _codes(folded: str) -> Iterable[str]:
    for match in _TOKEN.finditer(folded):
        if _is_code(match[0]):
            yield "code:" + re.sub("[_/-]", "", match[0])
        elif len(match[0]) == 1 and match[0].isalpha() and not _in_english(folded, match):
            yield "letter:" + match[0]
    for match in _HEAVENLY.finditer(folded):
        yield "stem:" + match[0]


def _is_code(token: str) -> bool:
    return bool(re.search("[a-z]", token) and re.search(r"\d", token)) or token.count(".") > 1


def _in_english(folded: str, match: re.Match[str]) -> bool:
    """ "a" and "I" between English words are words."""
    around = folded[max(0, match.start() - 2) : match.start()] + folded[match.end() :][:2]
    return match[0] in "ai" and bool(re.search("[a-z]", around))


def _leftovers(folded: str, found: Sequence[Claim]) -> Iterable[str]:
    """Han numerals that count nothing: 方案二, 高三, 路易十六."""
    text = _IDIOM.sub(" ", folded)
    for claim in found:
        text = text.replace(fold(claim.surface), " ", 1)
    for match in _LEFTOVER.finditer(text):
        lone = _LONE_ONE.fullmatch(match[0])
        if not lone or _AFTER_NAME.search(text[: match.start()]):
            yield "han:" + match[0]


def _kinds(marks: Iterable[str]) -> set[str]:
    return {mark.partition(":")[0] for mark in marks}


def _claims_agree(one: Sequence[Claim], other: Sequence[Claim]) -> Verdict:
    alone = [claim for claim in one if not _is_in(claim, other)]
    alone += [claim for claim in other if not _is_in(claim, one)]
    if not alone:
        return "same"
    strong = [claim for claim in alone if _counts(claim)]
    if not strong:
        return "same"
    return "different" if one and other else "unsure"


def _is_in(claim: Claim, others: Sequence[Claim]) -> bool:
    return any(claim.kind == other.kind and agree(claim, other) for other in others) or any(
        agree(claim, other) and claim.unit == other.unit for other in others
    )


def _counts(claim: Claim) -> bool:
    """A weak 一 (一個人, 一下) may be left out; a weak weekday (平日, 每天) may not."""
    return not claim.weak or claim.kind == "weekday" or claim.value not in (0, 1)
