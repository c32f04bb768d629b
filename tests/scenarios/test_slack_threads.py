"""Manners among people: when the bot speaks in a channel, and when it is silent."""

import asyncio
from pathlib import Path

import pytest

from tests.support.leaf_shop import HOURS, open_shop
from tests.support.slack_harness import CHANNEL, PEOPLE, SlackHarness
from tests.support.slack_server import BOT, Message
from tests.support.slack_shop import slack_over

MORE = "週日呢，台北店幾點開門？"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


async def test_in_a_thread_it_was_called_into_nobody_calls_it_again(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        ts = await slack.ask(HOURS)
        await slack.settled(1)
        await follow(slack, "bob", MORE, ts)
        await slack.settled(2)
        assert [message.thread for message in slack.own()] == [ts, ts]


async def test_a_thread_is_known_after_a_restart(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        ts = await slack.ask(HOURS)
        await slack.settled(1)
    async with slack_over(shop, tmp_path) as slack:
        slack.slack._clock += 1000
        await follow(slack, "ann", MORE, ts)
        [message] = await settled(slack, 1)
        assert message.thread == ts


async def test_in_other_threads_it_is_silent(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        root = await slack.people.say("大家好", user="U0ANN", channel=CHANNEL)
        await follow(slack, "bob", HOURS, root)
        await slack.say(HOURS)
        await slack.settled(1)
        await asyncio.sleep(0.3)
        assert [message.channel for message in slack.own()] == [f"D{PEOPLE['ann']}"]


async def test_people_who_talk_to_each_other_are_left_alone_until_it_is_called(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        ts = await slack.ask(HOURS)
        await slack.settled(1)
        await follow(slack, "ann", f"<@{PEOPLE['bob']}> 你知道嗎？", ts)
        await follow(slack, "bob", MORE, ts)
        await slack.ask(MORE, thread=ts)
        await slack.settled(2)
        await asyncio.sleep(0.3)
        assert len(slack.own()) == 2


async def test_somebody_else_may_be_named_where_the_bot_is_called(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await slack.ask(f"<@{PEOPLE['bob']}> 想知道 {HOURS}")
        await slack.settled(1)
        assert slack.pings() == []


async def test_a_thread_below_a_direct_message_is_answered_there(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        place = f"D{PEOPLE['ann']}"
        root = await slack.people.say("嗨，在嗎？", user=PEOPLE["ann"], channel=place)
        await settled(slack, 1)
        await slack.people.say(HOURS, user=PEOPLE["ann"], channel=place, thread=root)
        messages = await settled(slack, 2)
        assert [message.thread for message in messages] == [None, root]


async def test_each_person_has_a_conversation_of_their_own(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        ts = await slack.ask(HOURS)
        await slack.settled(1)
        await follow(slack, "bob", f"<@{BOT}> /reset", ts)
        await slack.settled(2)
        history = slack.behind.desk.memory.history
        asked = history.exchange_of_message("slack", f"{CHANNEL}:{ts}")
        assert asked is not None
        assert asked.answer.question == HOURS


async def follow(slack: SlackHarness, person: str, text: str, thread: str) -> None:
    people = slack.people
    ts = await people.say(text, user=PEOPLE[person], channel=CHANNEL, thread=thread)
    slack.ids.append(f"slack:{CHANNEL}:{ts}")


async def settled(slack: SlackHarness, count: int) -> list[Message]:
    await slack.settled(count)
    own: list[Message] = slack.own()
    return own
