"""Buttons below answers, and what comes of them."""

import asyncio
from pathlib import Path

import pytest

from bot.annotations import Draft
from bot.bootstrap import Bot
from bot.frontdesk.actions import encode
from bot.phrases import say
from tests.support.leaf_shop import HOURS, STRANGE, open_shop
from tests.support.slack_harness import CHANNEL, PEOPLE, SlackHarness, direct, read
from tests.support.slack_shop import slack_and_bot, slack_over

STAFF = "C0STAFF"
MISSING = f"{STRANGE}是多少？"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


async def test_a_vote_in_a_channel_is_thanked_for_in_private(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        ts = await slack.ask(HOURS)
        await slack.settled(1)
        await slack.tap(encode("rate", "+1", f"slack:{CHANNEL}:{ts}"), person="bob")
        await slack.settled(2)
        thanks = slack.own()[1]
        assert say("desk.rated_good") in read(thanks)
        assert thanks.only_for == PEOPLE["bob"]
        assert thanks.thread == ts


async def test_the_same_tap_twice_is_one(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        delivery = await slack.say(HOURS)
        await slack.settled(1)
        await slack.tap(encode("rate", "-1", delivery))
        await slack.settled(2)
        kind, payload = slack.people.told[-1]
        await slack.people.tell(kind, payload)
        await asyncio.sleep(0.3)
        assert len(slack.own()) == 2


async def test_a_choice_is_answered_in_the_thread(shop: Path, tmp_path: Path) -> None:
    async with slack_and_bot(shop, tmp_path, prepare=near) as (slack, bot):
        [meant] = bot.memory.annotations.listed()
        ts = await slack.ask(MISSING)
        await slack.settled(1)
        # As if the bot had asked back: the button is on its last message.
        data = encode("pick", meant.id, f"slack:{CHANNEL}:{ts}")
        slack.own()[0].blocks.append(row(data))
        await slack.tap(data)
        await slack.settled(2)
        answer = slack.own()[1]
        assert "三十元" in read(answer)
        assert answer.thread == ts


async def test_who_wants_news_is_told_in_their_thread(shop: Path, tmp_path: Path) -> None:
    async with slack_and_bot(shop, tmp_path) as (slack, bot):
        ts = await slack.ask(MISSING)
        await slack.settled(1)
        await slack.tap(encode("news", "", f"slack:{CHANNEL}:{ts}"))
        await slack.settled(2)
        [cluster] = bot.memory.unanswered.list("open", 5)
        saved = bot.memory.annotations.add(Draft(MISSING, "二十三點四度。"), "boss")
        bot.memory.unanswered.answered(cluster.id, saved.annotation.id)
        told = await slack.behind.desk.herald.once({"slack": slack.behind.adapter.tell}, "zh-TW")
        assert told == 1
        news = slack.own()[-1]
        assert "二十三點四度" in read(news)
        assert (news.channel, news.thread, news.only_for) == (CHANNEL, ts, None)


async def test_the_staff_are_told_and_hand_back(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path, staff=("slack", STAFF)) as slack:
        delivery = await slack.say(MISSING)
        await slack.settled(1)
        await slack.tap("human::")
        await slack.settled(3)
        note, called = slack.own()[1:]
        assert note.channel == STAFF
        assert MISSING in read(note)
        assert called.channel == direct("ann")
        assert "通知服務人員" in read(called)
        await slack.say(HOURS)
        await asyncio.sleep(0.5)
        assert len(slack.own()) == 3, "it was to be silent"
        await slack.tap(note.blocks[-1]["elements"][0]["value"], person="bob")
        await slack.settled(4)
        await slack.say(HOURS)
        await slack.settled(5)
    assert delivery


async def test_an_admin_answers_from_the_list_in_a_form(shop: Path, tmp_path: Path) -> None:
    async with slack_and_bot(shop, tmp_path) as (slack, bot):
        await slack.say(MISSING)
        await slack.settled(1)
        await slack.say("/unanswered", person="boss")
        await slack.settled(2)
        [cluster] = bot.memory.unanswered.list("open", 5)
        await slack.tap(encode("answer", cluster.id), person="boss")
        view = await opened_view(slack)
        assert view["blocks"][0]["element"]["initial_value"] == MISSING
        said = await slack.people.send_in(view, user=PEOPLE["boss"], answer="二十三點四度。")
        assert said["response_action"] == "update"
        assert bot.memory.unanswered.list("open", 5) == ()
        await slack.tap(encode("dismiss", cluster.id), person="ann")
        await slack.settled(3)
        assert say("desk.admins_only") in read(slack.own()[-1])


async def test_a_button_of_another_time_is_said_to_be_stale(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await slack.say(HOURS)
        await slack.settled(1)
        slack.own()[0].blocks.append(row("gone:1:2"))
        await slack.tap("gone:1:2")
        await slack.settled(2)
        assert say("desk.stale") in read(slack.own()[1])


async def opened_view(slack: SlackHarness) -> dict[str, object]:
    async with asyncio.timeout(5):
        while not slack.slack.views:  # noqa: ASYNC110 - another program's list
            await asyncio.sleep(0.02)
    return slack.slack.views[-1]


def row(data: str) -> dict[str, object]:
    text = {"type": "plain_text", "text": "x"}
    button = {"type": "button", "action_id": "secretary:9", "text": text, "value": data}
    return {"type": "actions", "elements": [button]}


def near(bot: Bot) -> None:
    bot.memory.annotations.add(Draft("停車費多少？", "每小時三十元。"), "boss")
