"""Where an answer goes, as it is written down with a request. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.slack.inbound import Place
from bot.messages import Request


@dataclass(frozen=True, slots=True)
class Address:
    """Everything that is needed to answer from another process."""

    place: Place
    user: str
    team: str | None = None
    question: str | None = None
    """The timestamp of the question, where it is a message."""
    url: str | None = None
    """Of a command in a room where the bot is not: only who asked sees the answer."""
    live: str | None = None
    """The message in which the answer is being watched."""
    is_stream: bool = False
    """Whether that one is a stream, which has to be ended."""

    def packed(self) -> dict[str, Any]:
        named = {
            "channel": self.place.channel,
            "thread": self.place.thread,
            "user": self.user,
            "team": self.team,
            "question": self.question,
            "url": self.url,
        }
        return {name: value for name, value in named.items() if value is not None}


def address_of(request: Request) -> Address:
    """Raises KeyError for a request that was written down by something else."""
    reply: Mapping[str, Any] = request.reply
    return Address(
        Place(reply["channel"], reply.get("thread")),
        reply["user"],
        reply.get("team"),
        reply.get("question"),
        reply.get("url"),
        reply.get("live"),
        bool(reply.get("stream")),
    )
