"""Discord's connection: refused, not there yet, lost, and back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.base import PlatformOff
from adapters.discord import adapter as module
from bot.bootstrap import Bot
from bot.phrases import describe
from tests.support.bot import ScriptedEngine, bot_over
from tests.support.discord_harness import discord_over, settings_for
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import BOT
from tests.support.leaf_shop import HOURS, open_shop
from tests.support.platform_harness import Behind, behind


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    async with bot_over(open_shop(tmp_path), ScriptedEngine("平日上午十點開門。[1]")) as made:
        yield made


@asynccontextmanager
async def connected(
    bot: Bot, home: Path, server: DiscordServer, **more: object
) -> AsyncIterator[Behind]:
    async with behind(bot, "discord", settings_for(server, **more), home) as made:
        yield made


async def test_a_wrong_token_is_one_sentence_that_names_it(bot: Bot, tmp_path: Path) -> None:
    async with DiscordServer() as server:
        with pytest.raises(PlatformOff) as refused:
            async with connected(bot, tmp_path, server, discord_token="not-the-one"):
                pass
    sentence = describe(refused.value)
    assert "DISCORD_TOKEN" in sentence
    assert "not-the-one" not in sentence


async def test_an_intent_that_is_not_granted_is_named(bot: Bot, tmp_path: Path) -> None:
    async with DiscordServer() as server:
        server.gateway.grants = False
        with pytest.raises(PlatformOff) as refused:
            async with connected(bot, tmp_path, server, discord_message_content=True):
                pass
    assert "Message Content Intent" in describe(refused.value)
    assert "DISCORD_MESSAGE_CONTENT" in describe(refused.value)


async def test_without_it_the_bot_needs_no_privilege(bot: Bot, tmp_path: Path) -> None:
    async with DiscordServer() as server:
        server.gateway.grants = False
        async with connected(bot, tmp_path, server) as made:
            assert made.who == "小秘書"
            assert made.adapter.state == "ok"


async def test_a_platform_that_is_not_there_is_tried_again(
    bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RETRY_S", (0.2, 0.2))
    async with DiscordServer() as server:
        server.fail("GET", "/users/@me", 503, times=2)
        async with connected(bot, tmp_path, server) as made:
            assert made.who == ""
            assert made.adapter.state != "ok"
            await asyncio.wait_for(server.gateway.ready.wait(), 10)
            await server.until(lambda: made.adapter.state == "ok")


async def test_commands_that_cannot_be_registered_keep_nobody_from_asking(
    bot: Bot, tmp_path: Path
) -> None:
    async with DiscordServer() as server:
        server.fail("PUT", "/applications/*", 400, code=50035)
        async with connected(bot, tmp_path, server):
            await server.say(server.world.ann, f"<@{BOT}> {HOURS}")
            await server.until(lambda: any("十點" in said.content for said in server.own()))


async def test_a_lost_connection_comes_back_and_misses_nothing(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        await there.server.gateway.drop()
        await there.server.say(there.world.ann, f"<@{BOT}> {HOURS}")
        await there.answered()
        assert there.server.gateway.resumed == 1
        assert there.adapter.state == "ok"


async def test_another_host_is_of_one_client_alone(tmp_path: Path) -> None:
    async with discord_over(tmp_path):
        assert Route.BASE == "https://discord.com/api/v10"
        assert str(DiscordWebSocket.DEFAULT_GATEWAY) == "wss://gateway.discord.gg/"


async def test_the_token_stands_in_no_log(
    bot: Bot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with DiscordServer() as server, connected(bot, tmp_path, server):
        await server.say(server.world.ann, f"<@{BOT}> {HOURS}")
        await server.until(lambda: server.own())
    lines = [record.getMessage() for record in caplog.records]
    assert any("/channels/" in line for line in lines)
    assert [line for line in lines if server.token in line] == []
