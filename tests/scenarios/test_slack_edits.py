"""Questions that are changed or taken back."""

import asyncio
from pathlib import Path

import pytest

from tests.support.bot import ScriptedEngine
from tests.support.leaf_shop import HOURS, open_shop
from tests.support.slack_harness import CHANNEL, PEOPLE, SlackHarness, direct, read
from tests.support.slack_server import BOT
from tests.support.slack_shop import SAID, slack_over

OTHER = "葉脈文具的網路訂單幾天內可以退貨？"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


def answering(task: str) -> str:
    if OTHER in task:
        return "網路訂單可以在收到後七天內退貨。[1]"
    return SAID


async def test_a_changed_question_is_answered_anew_and_the_old_one_forgotten(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path, ScriptedEngine(answering)) as slack:
        ts = await slack.ask(HOURS)
        await slack.settled(1)
        at = await slack.people.edit(CHANNEL, ts, f"<@{BOT}> {OTHER}")
        slack.ids.append(f"slack:{CHANNEL}:{ts}:{at}")
        await slack.settled(2)
        await slack.people.tell(*slack.people.told[-1])  # told of it once more
        await asyncio.sleep(0.3)
        assert len(slack.own()) == 2
        assert "七天" in read(slack.own()[1])
        assert slack.own()[1].thread == ts
        assert remembered(slack, CHANNEL, ts) == OTHER


async def test_a_preview_of_a_link_is_no_change(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        ts = await slack.ask(HOURS)
        await slack.settled(1)
        await slack.people.unfurl(CHANNEL, ts)
        await asyncio.sleep(0.3)
        assert len(slack.own()) == 1
        assert remembered(slack, CHANNEL, ts) == HOURS


async def test_a_question_that_calls_nobody_any_more_is_taken_back(
    shop: Path, tmp_path: Path
) -> None:
    engine = ScriptedEngine((30.0, SAID))
    async with slack_over(shop, tmp_path, engine) as slack:
        ts = await slack.ask(HOURS)
        await engine.called.wait()
        await slack.people.edit(CHANNEL, ts, "算了")
        await ended(engine)
        assert slack.own() == []


async def test_what_is_deleted_while_it_is_answered_leaves_nothing_behind(
    shop: Path, tmp_path: Path
) -> None:
    engine = ScriptedEngine(("葉脈文具台北店平日上午十點開門，", 30.0, "晚上九點打烊。[1]"))
    async with slack_over(shop, tmp_path, engine) as slack:
        place = direct("ann")
        ts = await slack.people.say(HOURS, user=PEOPLE["ann"], channel=place)
        await appears(slack)
        await slack.people.delete(place, ts)
        await ended(engine)
        async with asyncio.timeout(5):
            while slack.own():  # noqa: ASYNC110 - another program's list
                await asyncio.sleep(0.02)


async def test_a_deleted_question_is_forgotten(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        place = direct("ann")
        ts = await slack.people.say(HOURS, user=PEOPLE["ann"], channel=place)
        slack.ids.append(f"slack:{place}:{ts}")
        await slack.settled(1)
        assert remembered(slack, place, ts) == HOURS
        await slack.people.delete(place, ts)
        assert remembered(slack, place, ts) == ""


def remembered(slack: SlackHarness, channel: str, ts: str) -> str | None:
    history = slack.behind.desk.memory.history
    found = history.exchange_of_message("slack", f"{channel}:{ts}")
    return None if found is None else found.answer.question


async def ended(engine: ScriptedEngine) -> None:
    async with asyncio.timeout(10):
        while not engine.closed:  # noqa: ASYNC110 - a counter
            await asyncio.sleep(0.02)


async def appears(slack: SlackHarness) -> None:
    async with asyncio.timeout(10):
        while not slack.own():  # noqa: ASYNC110 - another program's list
            await asyncio.sleep(0.02)
