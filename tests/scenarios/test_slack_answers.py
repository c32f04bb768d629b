"""Questions on Slack, and how their answers look."""

import asyncio
from pathlib import Path

import pytest

from adapters.slack.roles import Roles
from bot.annotations import Draft
from bot.bootstrap import Bot
from tests.support.bot import ScriptedEngine
from tests.support.leaf_shop import HOURS, HOURS_TEXT, STRANGE, open_shop
from tests.support.slack_harness import CHANNEL, direct
from tests.support.slack_server import BOT
from tests.support.slack_shop import SAID, slack_and_bot, slack_over


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


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


@pytest.mark.parametrize("http", [False, True], ids=["socket", "http"])
async def test_a_mention_is_answered_once_in_its_thread(
    shop: Path, tmp_path: Path, http: bool
) -> None:
    """It arrives as `app_mention` and as `message`, and both once more."""
    async with slack_over(shop, tmp_path, http=http) as slack:
        ts = await slack.ask(HOURS)
        await slack.again(f"slack:{CHANNEL}:{ts}")
        await slack.settled(1)
        [message] = slack.own()
    assert (message.channel, message.thread) == (CHANNEL, ts)
    assert HOURS_TEXT in message.blocks[0]["text"]
    assert slack.pings() == []


async def test_a_mention_without_words_is_told_what_the_bot_can_do(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await slack.people.say(f"<@{BOT}>", user="U0ANN", channel=CHANNEL)
        [shown] = await slack.settled(1)
        [message] = slack.own()
    assert "直接用一句話問我" in shown.text
    assert message.only_for == "U0ANN"


async def test_an_answer_of_two_messages_stays_in_its_thread_and_calls_nobody(
    shop: Path, tmp_path: Path
) -> None:
    """The longest annotation, which is longer still once its calls are broken up."""
    calls = 1660
    async with slack_and_bot(
        shop, tmp_path, prepare=lambda bot: annotated(bot, "@here\n" * calls)
    ) as (slack, _):
        ts = await slack.ask(HOURS)
        await slack.settled(2)
        first, last = slack.own()
        assert slack.pings() == []
    assert {first.thread, last.thread} == {ts}
    written = first.blocks[0]["text"] + last.blocks[0]["text"]
    assert written.count("here") == calls
    assert [one["type"] for one in first.blocks] == ["markdown"]
    assert last.blocks[-1]["type"] == "context_actions"


async def test_bots_and_strangers_are_not_answered(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await slack.people.say(HOURS, user="U0ANN", channel=CHANNEL)
        await slack.echo(HOURS)
        await slack.people.tell("events_api", slack.people.event({"type": "team_join"}))
        await slack.say(f"{STRANGE}？")
        [only] = await slack.settled(1)
    assert only.to == direct("ann")


async def test_the_home_page_says_what_the_bot_can_do(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        opened = {"type": "app_home_opened", "user": "U0ANN", "tab": "home", "channel": "D1"}
        await slack.people.tell("events_api", slack.people.event(opened))
        await slack.say(HOURS)
        await slack.settled(1)
        view = slack.slack.homes["U0ANN"]
    assert "直接用一句話問我" in view["blocks"][0]["text"]["text"]


def annotated(bot: Bot, answer: str) -> None:
    bot.memory.annotations.add(Draft(HOURS, answer), "boss")


async def test_what_one_person_writes_in_a_row_is_taken_in_in_that_order(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where looking up the first message's rights takes longer than the second's."""
    waits = iter((0.4, 0.0))

    async def slow(*_: object) -> bool:
        await asyncio.sleep(next(waits, 0.0))
        return False

    monkeypatch.setattr(Roles, "is_admin", slow)
    engine = ScriptedEngine(SAID)
    async with slack_over(shop, tmp_path, engine, burst_s=5.0) as slack:
        await slack.batch("請問", HOURS)
        await slack.settled(1)
    [task] = engine.tasks
    assert f"請問\n{HOURS}" in task
