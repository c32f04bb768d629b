"""The real client inside simcord, an independent simulator of Discord.

async with simulated(bot, tmp_path) as there:
    shown = await there.ann.slash(there.general, "ask", question="幾點開門？")
    await there.answered(1)
    await there.restart()          # everything is made anew, and nothing was kept in memory
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import discord
import simcord

from adapters.base import Surroundings
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.client import SecretaryClient
from adapters.settings import Settings
from bot.admins import Admins
from bot.bootstrap import Bot, open_inbox
from bot.frontdesk.counter import DeskSettings
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.uploads import Uploads
from bot.inbox import Inbox
from bot.messages import Author


class Simulated:
    """`ann` is nobody special, `boss` may manage the server."""

    env: simcord.Env
    general: simcord.ChannelHandle
    ann: simcord.MemberActor
    boss: simcord.MemberActor

    def __init__(self, bot: Bot, home: Path, settings: Settings) -> None:
        self.bot = bot
        self._home = home
        self._settings = settings
        self._inbox: Inbox | None = None
        self._desk: FrontDesk | None = None

    async def made(self) -> discord.Client:
        """Adapter, desk and inbox as the program makes them."""
        memory = self.bot.memory
        around = Surroundings(self._settings, memory.words.say, memory.history.stored, memory)
        adapter = DiscordAdapter(around)
        uploads = Uploads(self._home / "uploads", self.bot.library)
        settings = DeskSettings(prefix=self._settings.command_prefix, burst_s=0.0)
        desk = FrontDesk(self.bot.secretary, memory, uploads, settings, self.bot.chain.clock)
        self._inbox = open_inbox(self.bot, {"discord": adapter.channel}, "test", desk)
        await self._inbox.start()
        self._desk = desk
        desk.open(self._inbox, {"discord": adapter.post})
        return adapter.client(desk)

    async def unmade(self) -> None:
        if self._desk is not None:
            await self._desk.close()
        if self._inbox is not None:
            await self._inbox.stop()

    async def restart(self) -> None:
        await self.env.settle()
        await self.unmade()
        await self.env.restart_bot(await self.made())

    @property
    def me(self) -> int:
        assert self.env.bot.user is not None
        return self.env.bot.user.id

    def command(self, name: str) -> int:
        """Its id."""
        client = self.env.bot
        assert isinstance(client, SecretaryClient)
        return client.command_ids[name]

    def populate(self) -> None:
        guild = self.env.create_guild()
        self.general = guild.create_text_channel("general")
        managers = guild.create_role("managers", permissions=discord.Permissions(manage_guild=True))
        self.ann = guild.add_member(self.env.create_user("ann"))
        self.boss = guild.add_member(self.env.create_user("boss"), roles=[managers])
        # In the simulator every bot is public, where managing a server means nothing.
        admins = Admins(self.bot.memory.storage, self.bot.chain.clock)
        admins.pair(Author("discord", str(self.boss.id)), admins.pairing_code("discord"))

    async def until(self, there: Any, seconds: float = 60.0) -> Any:
        """Waits, in the real world's time, for what the inbox sends by itself."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not (found := there()):
            assert loop.time() < deadline, self.env.transcript()
            await asyncio.sleep(0.02)
        return found


@asynccontextmanager
async def simulated(bot: Bot, home: Path, **settings: Any) -> AsyncIterator[Simulated]:
    given = {"discord_token": "simulated", **settings}
    there = Simulated(bot, home, Settings(_env_file=None, **given))  # type: ignore[call-arg]
    try:
        async with simcord.run(await there.made()) as env:
            there.env = env
            there.populate()
            yield there
    finally:
        await there.unmade()
