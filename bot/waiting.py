"""Saying that somebody waits for a turn to write into the knowledge, and for how long."""

from collections.abc import Callable

from bot.phrases import say
from knowledge.ledger import OnWait

FROM_S = 2.0
"""Shorter waits are everyday: somebody else's document is just being written."""
AGAIN_S = 30.0


def telling(tell: Callable[[str], object], language: str) -> OnWait:
    """A sentence after two seconds, and another one every half minute."""
    due = FROM_S

    def on_wait(seconds: float) -> None:
        nonlocal due
        if seconds >= due:
            due = seconds + AGAIN_S
            tell(say("cli.waiting", language, seconds=f"{seconds:.0f}"))

    return on_wait
