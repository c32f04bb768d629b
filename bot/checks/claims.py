"""Every number that a text claims, as comparable values."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

Kind = Literal["number", "ordinal", "ratio", "time", "date", "year", "weekday", "phone", "code"]

TAKEN = "\x00"
"""Stands where something was read already, so that no later rule reads it again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One number of a text.

    ``value``: a Fraction, except for dates (``"03-05"``), phone numbers (digits) and
    codes (as written). Times are minutes since midnight with unit ``"24"``, or ``"12"``
    where morning and evening are not told apart; ratios are parts of one, what is paid with unit ``"折"``; weekdays run
    from 1, Monday, to 7.
    """

    kind: Kind
    value: Fraction | str
    unit: str
    surface: str
    weak: bool = False
    """Reads like a number, but need not be one (一點, 每天): never a reason to refuse."""


@dataclass(slots=True)
class Scan:
    """A text that is being read: each rule takes what it understands out of it."""

    text: str
    original: str
    """The text before folding, where folding kept every position; else the folded text."""
    found: list[tuple[int, Claim]] = field(default_factory=list)

    def take(
        self, pattern: re.Pattern[str], read: "Callable[[re.Match[str]], Sequence[Claim] | None]"
    ) -> None:
        """Blanks every match that ``read`` understands (returns a sequence, even empty)."""

        def blank(match: re.Match[str]) -> str:
            claims = read(match)
            if claims is None:
                return match[0]
            self.found += [(match.start(), claim) for claim in claims]
            return TAKEN * len(match[0])

        self.text = pattern.sub(blank, self.text)

    def surface(self, match: re.Match[str]) -> str:
        return self.original[match.start() : match.end()].strip()
