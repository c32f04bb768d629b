"""What a question pins down by name, and whether the passages have ever heard of it.

A search always finds something near: asked for the runner-up of 1950 it brings another
team's page, asked for one way of paying it brings the others. Years, transcribed names
(艾達·勒芙蕾絲), Latin words and codes are what a passage about the matter would hardly leave
out. They are a reason for doubt, not a verdict: a shop's rules do not name the year in which
somebody bought a pen, so the gate only asks for more certainty.
"""

import re
from collections.abc import Iterator

from bot.checks.names import strange_transcriptions, strange_words
from bot.checks.text import fold

_YEAR = re.compile(r"(?<![\d.,])(\d{3,4})(?=年(?![级前后来间内以多])|[-~至到]\d{3,4}年)")
_MINGUO = 1911
"""民國元年 is 1912."""


def unheard_of(question: str, passages: str, this_year: int) -> tuple[str, ...]:
    """The question's anchors that `passages` (texts with their titles) do not hold.

    Last year and later are no anchors: what holds now is seldom dated.
    """
    known, asked = fold(passages), fold(question)
    years = [year for year in _past_years(asked, this_year) if not _tells(year, known)]
    return (*years, *strange_transcriptions(asked, known), *strange_words(question, known))


def _past_years(question: str, this_year: int) -> Iterator[str]:
    for year in _YEAR.findall(question):
        common = int(year) + _MINGUO if f"民国{year}" in question else int(year)
        if common < this_year - 1:
            yield year


def _tells(year: str, known: str) -> bool:
    """Also when one of the two counts from 1912."""
    other = int(year) - _MINGUO
    form = f"民国{other}年" if other > 0 else str(int(year) + _MINGUO)
    return any(re.search(rf"(?<!\d){one}(?!\d)", known) for one in (year, form))
