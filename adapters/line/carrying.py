"""What is owed in a room and goes in front of the next thing said there, and who must know of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.line.outbound import Message
from bot.memory import Memory
from bot.messages import Request
from bot.reply_tokens import Owed, Token

_LATER_PARTS = 10
"""From which number parts are counted that arrived with a later token."""
Pages = Sequence[list[Message]]


@dataclass(frozen=True, slots=True)
class Carrying:
    """What there is room for in one call, and what there is not."""

    fits: tuple[Owed, ...]
    waits: tuple[Owed, ...]

    @property
    def messages(self) -> list[Message]:
        """Without quick replies, which LINE shows under the last message only."""
        return [
            {key: value for key, value in message.items() if key != "quickReply"}
            for one in self.fits
            for message in one.pages[0]
        ]


def carrying(owed: Sequence[Owed], room: int) -> Carrying:
    """In the order in which they were asked; after the first that does not fit, none."""
    fits: list[Owed] = []
    for one in owed:
        room -= len(one.pages[0])
        if room < 0:
            break
        fits.append(one)
    return Carrying(tuple(fits), tuple(owed[len(fits) :]))


class Notes:
    """Every method blocks, and may raise LedgerError."""

    def __init__(self, memory: Memory) -> None:
        self._history = memory.history
        self._tokens = memory.reply_tokens

    def said(
        self, request: Request, pages: Pages, token: Token, carried: Carrying, ids: Sequence[str]
    ) -> None:
        """For whoever asks for more, quotes it, or would carry it again."""
        if len(pages) > 1:
            self._tokens.keep(request.id, pages)
        if carried.fits:
            self._tokens.settled(token, carried.fits)
        if carried.waits:
            self._tokens.failed("", token, carried.waits)
        own = len(carried.messages)
        for number, message_id in enumerate(ids[own + 1 :], 1):
            self._history.delivered(request.id, number, message_id)
        self.late(carried.fits, ids[:own])

    def late(self, owed: Sequence[Owed], ids: Sequence[str]) -> None:
        """Which messages are parts of answers that were owed."""
        at = 0
        for one in owed:
            for number, message_id in enumerate(ids[at : at + len(one.pages[0])], _LATER_PARTS):
                self._history.delivered(one.request_id, number, message_id)
            at += len(one.pages[0])

    def dropped(self, token: Token, carried: Carrying) -> None:
        """LINE refuses what was carried: it is not carried again."""
        for one in carried.fits:
            self._tokens.drop(one.request_id)
        self._tokens.failed("", token, carried.waits)
