"""What the web door needs from the bot, so that tests can hand it less than a whole bot."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from bot.messages import AnswerEvent, Ask


class Assistant(Protocol):
    def answer(self, ask: Ask) -> AsyncIterator[AnswerEvent]:
        """Thinking | TextDelta, any number; then exactly one Finished, also on failure."""


class Readiness(Protocol):
    def readiness(self) -> Mapping[str, object]:
        """``ready`` (bool), ``checks`` (name → state) and ``notice`` (a sentence or None).

        Called on the event loop: it reports what is known and must not wait for anything.
        """


Suggestions = Callable[[], Sequence[str]]
"""First questions worth asking, in the language of the documents."""
