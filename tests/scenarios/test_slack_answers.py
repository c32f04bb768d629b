"""Questions on Slack, and how their answers look."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.bot import Script, ScriptedEngine, bot_over
from tests.support.leaf_shop import HOURS, HOURS_TEXT, STRANGE, open_shop
from tests.support.slack_harness import CHANNEL, SlackHarness, direct, opened
from tests.support.slack_server import BOT


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_shop(tmp_path_factory.mktemp("shop"))


@asynccontextmanager
async def slack_over(
    shop: Path, home: Path, said: Script = f"{HOURS_TEXT}[1]", **options: Any
) -> AsyncIterator[SlackHarness]:
    async with (
        bot_over(shop, ScriptedEngine(said)) as bot,
        opened(bot, home, **options) as slack,
    ):
        yield slack


Over = AbstractAsyncContextManager[SlackHarness]


@pytest.mark.parametrize("http", [False, True], ids=["socket", "http"])
async def test_a_direct_message_is_answered_with_its_sources(
    shop: Path, tmp_path: Path, http: bool
) -> None:
    async with slack_over(shop, tmp_path, http=http) as slack:
        await slack.say(HOURS)
        [answer] = await slack.settled(1)
        [message] = slack.own()
    assert HOURS_TEXT in answer.text
    assert "營業時間" in answer.text
    assert answer.to == direct("ann")
    assert message.thread is None
    assert len(answer.buttons) == 2
    assert max(slack.acks) < 3


@pytest.mark.parametrize("http", [False, True], ids=["socket", "http"])
async def test_a_mention_is_answered_once_in_its_thread(
    shop: Path, tmp_path: Path, http: bool
) -> None:
    async with slack_over(shop, tmp_path, http=http) as slack:
        ts = await slack.ask(HOURS)
        await slack.again(f"slack:{CHANNEL}:{ts}")
        await slack.settled(1)
        [message] = slack.own()
    assert (message.channel, message.thread) == (CHANNEL, ts)
    assert HOURS_TEXT in message.blocks[0]["text"]
    assert slack.pings() == []


async def test_nobody_is_answered_who_calls_nobody(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await slack.people.say(HOURS, user="U0ANN", channel=CHANNEL)
        await slack.people.say(f"<@U0BOB> {HOURS}", user="U0ANN", channel=CHANNEL)
        await slack.echo(HOURS)
        await slack.say(f"{STRANGE}？")
        [only] = await slack.settled(1)
    assert only.to == direct("ann")
    assert f"<@{BOT}>" not in only.text
