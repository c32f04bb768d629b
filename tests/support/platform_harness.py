"""What a platform's stand-in must be able to do, so that one suite can hold over all of them.

Each platform has a module `tests/support/<name>_harness.py` with

    def opened(desk_of, tmp_path) -> AsyncContextManager[Harness]

where the real adapter is connected to a loopback stand-in of its platform (signed requests in,
API calls out), and the desk and inbox behind it are real, over the bot that the test gives.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from adapters.base import Adapter, Surroundings
from adapters.registry import Maker, maker
from adapters.settings import Settings
from bot.bootstrap import Bot, open_inbox
from bot.frontdesk.counter import DeskSettings
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as people see it now, after edits."""

    text: str
    """Everything that can be read in it, sources included."""
    buttons: tuple[str, ...] = ()
    """Their data, in order."""
    to: str = ""
    """The room."""


class Harness(Protocol):
    """One platform with people in it; `ann` is nobody special, `boss` is an admin."""

    acks: list[float]
    """Seconds until each event was acknowledged."""

    async def say(self, text: str, *, person: str = "ann", quotes: str | None = None) -> str:
        """A one-to-one message; gives its delivery id. Fails where it is not acknowledged."""

    async def again(self, delivery: str) -> None:
        """The platform delivers an event once more."""

    async def batch(self, *texts: str) -> None:
        """Several events as close together as the platform brings them: in one body if it does."""

    async def echo(self, text: str) -> None:
        """The bot's own message comes back as an event, and another bot says the same."""

    async def tap(self, data: str, *, person: str = "ann") -> None:
        """Somebody taps the button with this data on the last message that has it."""

    def shown(self) -> list[Shown]:
        """In order of first appearance; typing indicators and the like are none."""

    def last_message_id(self) -> str:
        """Of the bot's last message, as `History.exchange_of_message` knows it."""

    async def settled(self, count: int, seconds: float = 20) -> list[Shown]:
        """Waits until so many messages are shown and none is provisional."""

    def pings(self) -> list[Any]:
        """Whatever was sent that would notify somebody beyond the asker."""


Opened = Callable[..., AbstractAsyncContextManager[Harness]]


def opener(platform: str) -> Opened:
    found: Opened = import_module(f"tests.support.{platform}_harness").opened
    return found


@dataclass
class Behind:
    """A real desk and inbox behind one adapter."""

    adapter: Adapter
    desk: FrontDesk
    who: str = ""
    posts: dict[str, Any] = field(default_factory=dict)


@asynccontextmanager
async def behind(
    bot: Bot,
    platform: str,
    settings: Settings,
    home: Path,
    *,
    make: Maker | None = None,
    **desk: Any,
) -> AsyncIterator[Behind]:
    """Made as the program makes it, or by `make`, and started; the stand-in must be up already."""
    memory = bot.memory
    around = Surroundings(settings, memory.words.say, memory.history.stored, memory)
    adapter = (make or maker(platform))(around)
    options = {"burst_s": 0.3, **desk}
    front = FrontDesk(
        bot.secretary,
        bot.memory,
        Uploads(home / "uploads", bot.library),
        DeskSettings(**options),
        bot.chain.clock,
    )
    inbox = open_inbox(bot, {platform: adapter.channel}, "test", front)
    await inbox.start()
    front.open(inbox, {platform: adapter.post})
    try:
        who = await adapter.start(front)
        try:
            yield Behind(adapter, front, who)
        finally:
            await adapter.stop()
    finally:
        await front.close()
        await inbox.stop()
