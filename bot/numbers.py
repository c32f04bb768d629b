"""Which numbers of an answer nothing bears out.

    claims(text)                              every number as a comparable value
    unsupported(answer, evidence, question)   what the passages do not say and do not add up to

Reading too much into evidence does no harm; reading too much into an answer refuses
what is right. Whatever may be no number at all (一點, 十分, 每天) is therefore weak.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from bot.checks import calendar, clock, quantities
from bot.checks.arithmetic import Arithmetic
from bot.checks.claims import TAKEN, Claim, Scan
from bot.checks.marks import MARK
from bot.checks.matching import agree, is_literal
from bot.checks.text import fold

__all__ = ["Claim", "claims", "unsupported"]

_NO_NUMBER = re.compile(
    rf"{MARK}|https?://\S+|www\.\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?m:^\s*(?:[-*•]\s+)?(?:\(?\d{1,2}[.)、](?![\d])|[(]?[一二三四五六七八九十]{1,2}[)、.]))"
    r"|[\u2460-\u2473\u2776-\u277f]"
    r"|(?<![一二三四五六七八九\d点时])十分(?![钟之\d多内后前左以])|万分(?!之)|千万(?=[不别要注记勿])|万一|一成不变|一点一滴|不三不四|六本木|十字|五花八门|四面八方|三心二意|七上八下|五颜六色"
    r"|三三两两|乱七八糟|九份(?=老街|山|金|芋|地|的|$)|三重区|五股区|八里区|七堵区|百分点"
)
_CIRCLED = re.compile(r"[\u2460-\u2473\u2776-\u277f\u24ea]")


@lru_cache(maxsize=1024)  # every sentence is held against the same passages, answer after answer
def claims(text: str) -> tuple[Claim, ...]:
    """Every number of a text, in the order of the text. Citation marks and list numbers are none."""
    plain = _CIRCLED.sub(" ", text)
    folded = fold(plain)
    original = plain if len(plain) == len(folded) else unicodedata.normalize("NFKC", plain)
    scan = Scan(folded, original if len(original) == len(folded) else folded)
    scan.text = _NO_NUMBER.sub(lambda match: TAKEN * len(match[0]), scan.text)
    for rule in (
        calendar.weekdays,
        quantities.phones,
        calendar.dates,
        quantities.ratios,
        clock.times,
        quantities.amounts,
    ):
        rule(scan)
    return tuple(claim for _, claim in sorted(scan.found, key=lambda pair: pair[0]))


def unsupported(answer: str, evidence: Sequence[str], question: str) -> list[Claim]:
    """Numbers of the answer that are in no passage, not in the question, and that no simple
    sum, difference, product or count of theirs gives."""
    said = [claim for claim in claims(answer) if not claim.weak]
    if not said:
        return []
    asked = claims(question)
    known = [claims(text) for text in evidence]
    folded = [fold(text) for text in (*evidence, question)]
    sums = Arithmetic(known, asked, fold(answer), fold(question), folded)
    return [
        claim
        for claim in said
        if not any(agree(claim, fact) for facts in (*known, asked) for fact in facts)
        and not is_literal(claim, folded)
        and not sums.gives(claim)
    ]
