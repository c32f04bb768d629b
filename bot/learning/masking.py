"""Texts without the people in them."""

import re
from collections.abc import Callable, Sequence

from sqlalchemy import func, select

from bot.storage import Storage
from bot.storage.tables import identities

SOMEBODY = "某人"
_IDS = re.compile(
    r"<@[!&]?[A-Z0-9]+(?:\|[^>]*)?>"  # a mention on Slack or Discord
    r"|(?<![0-9A-Za-z])[UCR][0-9a-f]{32}(?![0-9A-Za-z])"  # LINE
    r"|(?<![0-9A-Za-z])[UW][A-Z0-9]{8,11}(?![0-9A-Za-z])"  # Slack
    r"|(?<!\d)\d{17,20}(?!\d)"  # Discord
)
_ADDRESSES = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<!\d)(?:\+886[ -]?|0)9\d{2}[ -]?\d{3}[ -]?\d{3}(?!\d)"
)
_SHORTEST = 2
"""Characters; a name of one would empty the texts."""

Mask = Callable[[str], str]


def masks(storage: Storage) -> tuple[Mask, Mask]:
    """For what people wrote, and for what the bot or an admin wrote: there, a shop's mail and
    phone are knowledge and stay. Names and ids go from both.

    Raises LedgerError.
    """
    with storage.reading() as tx:
        distinct = select(func.distinct(identities.c.name)).where(identities.c.name.is_not(None))
        names = [name for name in tx.scalars(distinct) if len(name.strip()) >= _SHORTEST]
    hide = _hiding(names)
    return lambda text: _ADDRESSES.sub(SOMEBODY, hide(text)), hide


def _hiding(names: Sequence[str]) -> Mask:
    if not names:
        return lambda text: _IDS.sub(SOMEBODY, text)
    longest_first = sorted({name.strip() for name in names}, key=len, reverse=True)
    named = re.compile("|".join(map(_whole, longest_first)), re.IGNORECASE)
    return lambda text: named.sub(SOMEBODY, _IDS.sub(SOMEBODY, text))


def _whole(name: str) -> str:
    """「Ann」 is no part of 「announcement」; Chinese has no word borders to look at."""
    start = r"(?<![0-9A-Za-z])" if name[0].isascii() else ""
    end = r"(?![0-9A-Za-z])" if name[-1].isascii() else ""
    return f"@?{start}{re.escape(name)}{end}"
