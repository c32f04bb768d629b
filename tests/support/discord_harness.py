"""Discord for the suite over all platforms: the stand-in, with a real bot connected to it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.discord.adapter import DiscordAdapter
from adapters.settings import Settings
from bot.bootstrap import Bot
from bot.llm.base import Engine
from tests.support.bot import ScriptedEngine, bot_over
from tests.support.discord_interactions import Interaction
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import GENERAL, Json, Person, Said
from tests.support.leaf_shop import open_shop
from tests.support.platform_harness import Behind, Shown, behind


def settings_for(server: DiscordServer, **more: Any) -> Settings:
    values: Json = {"discord_token": server.token, "discord_api_base": server.api_base, **more}
    return Settings(_env_file=None, **values)  # type: ignore[call-arg]


class DiscordHarness:
    """See `Harness`. More can be done through `server` and `behind`."""

    def __init__(self, server: DiscordServer, opened: Behind) -> None:
        self.server = server
        self.world = server.world
        self.behind = opened
        self.desk = opened.desk
        self.acks: list[float] = []
        self._deliveries: dict[str, Json] = {}

    @property
    def adapter(self) -> DiscordAdapter:
        assert isinstance(self.behind.adapter, DiscordAdapter)
        return self.behind.adapter

    @property
    def handled(self) -> int:
        assert self.adapter.events is not None
        return self.adapter.events.handled

    async def say(self, text: str, *, person: str = "ann", quotes: str | None = None) -> str:
        speaker = self.world.person(person)
        before, started = self.handled, time.monotonic()
        channel = self.world.direct(speaker)
        event = await self.server.say(speaker, text, channel, reply_to=quotes)
        await self.taken_in(before + 1)
        self.acks.append(time.monotonic() - started)
        delivery = f"discord:{event['d']['id']}"
        self._deliveries[delivery] = event
        return delivery

    async def again(self, delivery: str) -> None:
        before = self.handled
        await self.server.gateway.again(self._deliveries[delivery])
        await self.taken_in(before + 1)

    async def batch(self, *texts: str) -> None:
        before = self.handled
        channel = self.world.direct(self.world.ann)
        for text in texts:
            await self.server.say(self.world.ann, text, channel)
        await self.taken_in(before + len(texts))

    async def echo(self, text: str) -> None:
        before = self.handled
        for speaker in (self.world.me, self.world.other_bot):
            called = await self.server.say(speaker, f"<@{self.world.me.id}> {text}")
            alone = await self.server.say(speaker, text, self.world.direct(self.world.ann))
            for event in (called, alone):  # nothing that the bot has sent
                del self.world.messages[event["d"]["id"]]
        await self.taken_in(before + 4)

    async def tap(self, data: str, *, person: str = "ann") -> None:
        shown = [said for said in self.server.own() if data in _data(said)]
        before, started = self.handled, time.monotonic()
        one = await self.server.click(self.world.person(person), shown[-1].id, data)
        await self.server.until(lambda: one.acked_at is not None, what="an acknowledgement")
        self.acks.append(time.monotonic() - started)
        await self.taken_in(before + 1)

    # -- more than other platforms have ---------------------------------------------------------

    async def heard(
        self, text: str, channel: str = GENERAL, *, by: Person | None = None, **more: Any
    ) -> str:
        """Something said in a channel, and dealt with; gives its id."""
        before = self.handled
        event = await self.server.say(by or self.world.ann, text, channel, **more)
        await self.taken_in(before + 1)
        return str(event["d"]["id"])

    async def answered(self, channel: str = GENERAL, count: int = 1) -> list[Said]:
        """The bot's messages with buttons, once there are so many."""

        def found() -> list[Said] | None:
            done = [said for said in self.server.own(channel) if said.buttons()]
            return done if len(done) >= count else None

        messages: list[Said] = await self.server.until(found, what=f"answer {count}")
        return messages

    async def response(self, one: Interaction) -> Said:
        """What stands in the place of an interaction's first response."""

        def found() -> Said | None:
            said = self.world.messages.get(str(one.message))
            return said if said is not None and not said.is_pending else None

        said: Said = await self.server.until(found, what="a response")
        return said

    async def taken_in(self, count: int) -> None:
        """Until so many events were dealt with."""
        await self.server.until(lambda: self.handled >= count, what=f"event {count}")

    def shown(self) -> list[Shown]:
        return [Shown(said.text(), tuple(_data(said)), said.channel) for said in self.server.own()]

    def last_message_id(self) -> str:
        return self.server.own()[-1].id

    async def settled(self, count: int, seconds: float = 60) -> list[Shown]:
        deadline = time.monotonic() + seconds
        quiet = 0
        while quiet < 3:
            assert time.monotonic() < deadline, f"{count} messages, but {self.shown()}"
            await asyncio.sleep(0.05)
            quiet = quiet + 1 if len(self.shown()) >= count and self._is_idle() else 0
        return self.shown()

    def _is_idle(self) -> bool:
        stats = self.desk.inbox.stats()
        return not (stats.handling or stats.delivering or self.desk._tasks)

    def pings(self) -> list[Any]:
        return self.server.pings


def _data(said: Said) -> list[str]:
    return [str(button["custom_id"]) for button in said.buttons()]


@asynccontextmanager
async def opened(bot: Bot, home: Path, **options: Any) -> AsyncIterator[DiscordHarness]:
    """`options` are the desk's; `settings` among them are more of ours."""
    more = options.pop("settings", {})
    async with DiscordServer() as server:
        settings = settings_for(server, **more)
        async with behind(bot, "discord", settings, home, **options) as made:
            await asyncio.wait_for(server.gateway.ready.wait(), 10)
            yield DiscordHarness(server, made)
        assert server.mistakes == []


@asynccontextmanager
async def discord_over(
    home: Path, engine: Engine | None = None, **options: Any
) -> AsyncIterator[DiscordHarness]:
    """A shop whose bot says that it opens at ten, or what the engine says."""
    said = engine or ScriptedEngine("平日上午十點開門。[1]")
    async with bot_over(open_shop(home), said) as bot, opened(bot, home, **options) as made:
        yield made
