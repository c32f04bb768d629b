"""What forbids a hit, however close two questions lie."""

from bot.annotations.asked import asks_alike
from bot.annotations.contrasts import contrast
from bot.annotations.frames import frame
from bot.annotations.numbersets import Verdict, numbers_agree

_RULES = (
    ("numbers", numbers_agree),
    ("contrast", contrast),
    ("frame", frame),
    ("asked", asks_alike),
)


def verdicts(one: str, other: str) -> dict[str, Verdict]:
    return {name: rule(one, other) for name, rule in _RULES}


def obstacles(one: str, other: str) -> tuple[tuple[str, ...], bool]:
    """The names of the rules that forbid a hit, and whether the two are plainly different."""
    found = verdicts(one, other)
    against = tuple(name for name, verdict in found.items() if verdict != "same")
    return against, "different" in found.values()
