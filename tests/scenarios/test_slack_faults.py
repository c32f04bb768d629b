"""When something breaks, people are told, once: the model's faults, and Slack's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.annotations import Draft
from bot.bootstrap import Bot
from bot.inbox.delivery import key_of
from bot.llm.base import Gate
from bot.llm.endpoint import Endpoint
from bot.llm.openai_compatible import OpenAICompatibleEngine
from bot.phrases import say
from tests.support.bot import bot_over
from tests.support.leaf_shop import HOURS, HOURS_TEXT, open_shop
from tests.support.llm_server import Reply, ScriptedLLM
from tests.support.slack_harness import PEOPLE, SlackHarness, direct, opened, read
from tests.support.slack_server import Fault
from tests.support.slack_shop import slack_and_bot, slack_over


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


@asynccontextmanager
async def with_model(
    shop: Path, home: Path, url: str, timeout_s: float = 1.0
) -> AsyncIterator[SlackHarness]:
    engine = OpenAICompatibleEngine(Endpoint(url, timeout_s=timeout_s), Gate(4))
    async with bot_over(shop, engine) as bot, opened(bot, home) as slack:
        yield slack


@pytest.mark.parametrize(
    "reply",
    [
        Reply(stall_after=-1),
        Reply("葉脈文具台北店平日上午十點", stall_after=3),
        Reply("葉脈文具台北店平日上午十點", cut_after=3),
        Reply(raw=b"<html>gateway</html>", content_type="text/html"),
        Reply(status=500, message="boom"),
    ],
    ids=["hangs", "hangs-midway", "cut-midway", "garbage", "broken"],
)
@pytest.mark.parametrize("where", ["channel", "direct"])
async def test_whatever_the_model_does_there_is_one_answer_that_says_so(
    shop: Path, tmp_path: Path, reply: Reply, where: str
) -> None:
    with ScriptedLLM() as llm:
        llm.answer = lambda _body: reply
        async with with_model(shop, tmp_path, llm.base_url) as slack:
            if where == "channel":
                await slack.ask(HOURS)
            else:
                await slack.say(HOURS)
            [shown] = await slack.settled(1, 40)
            [message] = slack.own()
    assert "十點開門" in shown.text, "the passage itself is quoted"
    assert len(message.blocks) > 1, "with a remark, sources and thumbs"
    assert "Error" not in shown.text


async def test_a_model_that_is_down_is_said(shop: Path, tmp_path: Path) -> None:
    async with with_model(shop, tmp_path, "http://127.0.0.1:9/v1") as slack:
        await slack.say(HOURS)
        [shown] = await slack.settled(1, 40)
    assert "十點開門" in shown.text
    assert "127.0.0.1:9" in shown.text


# -- Slack --------------------------------------------------------------------------------------


async def test_a_rate_limit_is_waited_for_and_nothing_is_said_twice(
    shop: Path, tmp_path: Path
) -> None:
    limit = Fault(429, headers={"Retry-After": "1"})
    async with slack_and_bot(shop, tmp_path, prepare=annotated) as (slack, _):
        # The SDK waits once, then the inbox does.
        slack.slack.fail("chat.postMessage", limit, limit, limit)
        started = asyncio.get_running_loop().time()
        await slack.say(HOURS)
        await slack.settled(1, 40)
        waited = asyncio.get_running_loop().time() - started
        assert len(slack.slack.calls_of("chat.postMessage")) == 4
        assert slack.behind.desk.inbox.stats().retries == 1
    assert waited >= 3


async def test_a_slack_that_is_down_for_a_while_gets_the_answer_later(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        down = Fault(503, raw="<html>unavailable</html>")
        slack.slack.fail("chat.postMessage", down, down)
        slack.slack.fail("chat.update", down, down)
        await slack.say(HOURS)
        await slack.settled(1, 40)
        assert HOURS_TEXT in read(slack.own()[0])


async def test_an_update_whose_answer_is_lost_is_done_again_and_shows_once(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        slack.slack.fail("chat.update", Fault(502, raw="<html>", after=True))
        await slack.say(HOURS)
        await slack.settled(1, 40)
        await asyncio.sleep(0.3)
        assert len(slack.own()) == 1


@pytest.mark.parametrize("where", ["channel", "direct"])
@pytest.mark.parametrize(
    "lost", [Fault(502, raw="<html>", after=True), Fault(200, raw="<html>", after=True)]
)
async def test_a_message_whose_answer_is_lost_is_looked_for_and_not_said_twice(
    shop: Path, tmp_path: Path, where: str, lost: Fault
) -> None:
    async with slack_and_bot(shop, tmp_path, prepare=annotated) as (slack, _):
        started_long_ago(slack)
        slack.slack.fail("chat.postMessage", lost)
        if where == "channel":
            await slack.ask(HOURS)
        else:
            await slack.say(HOURS)
        await slack.settled(1, 40)
        await asyncio.sleep(0.3)
        [message] = slack.own()
        assert slack.behind.desk.inbox.stats().retries == 1
        assert slack.last_message_id() == f"{message.channel}:{message.ts}"


async def test_where_nobody_may_look_it_is_said_again(shop: Path, tmp_path: Path) -> None:
    async with slack_and_bot(shop, tmp_path, prepare=annotated) as (slack, _):
        slack.slack.scopes.discard("im:history")
        slack.slack.fail("chat.postMessage", Fault(502, raw="<html>"))
        await slack.say(HOURS)
        await slack.settled(1, 40)
        assert len(slack.own()) == 1


@pytest.mark.parametrize("word", ["channel_not_found", "is_archived", "restricted_action"])
async def test_a_room_that_is_gone_is_given_up_at_once(
    shop: Path, tmp_path: Path, word: str
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        slack.slack.refused |= {"chat.postMessage": word, "chat.startStream": word}
        delivery = await slack.say(HOURS)
        inbox = slack.behind.desk.inbox
        async with asyncio.timeout(10):
            while await inbox.position(delivery) is not None:  # noqa: ASYNC110 - a table's row
                await asyncio.sleep(0.05)
        assert inbox.stats().undelivered == 1
        assert inbox.stats().retries == 0


async def test_a_workspace_without_feedback_buttons_gets_ordinary_ones(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        slack.slack.unknown_blocks = {"context_actions"}
        await slack.say(HOURS)
        [shown] = await slack.settled(1)
        assert len(shown.buttons) == 2
        assert slack.own()[0].blocks[-1]["type"] == "actions"
        tries = len(slack.slack.calls_of("chat.update", "chat.postMessage"))
        await slack.say(HOURS)
        await slack.settled(2)
        after = slack.slack.calls_of("chat.update", "chat.postMessage")[tries:]
        kinds = [block["type"] for one in after for block in one.get("blocks") or ()]
        assert "context_actions" not in kinds, "it is not tried again"


async def test_a_workspace_that_takes_no_such_blocks_gets_all_of_it_as_text(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        slack.slack.unknown_blocks = {"context_actions", "markdown"}
        await slack.say(HOURS)
        await slack.settled(1)
        [message] = slack.own()
    assert message.blocks == []
    assert HOURS_TEXT in message.text
    assert "營業時間" in message.text


async def test_a_reply_that_cannot_be_whispered_comes_as_a_direct_message(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        slack.slack.refused["chat.postEphemeral"] = "user_not_in_channel"
        await slack.ask("/reset")
        [shown] = await slack.settled(1)
    assert say("desk.reset") in shown.text
    assert shown.to == direct("ann")
    assert PEOPLE["ann"] in shown.to


async def test_a_reply_is_said_again_after_a_rate_limit(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        limit = Fault(429, headers={"Retry-After": "1"})
        slack.slack.fail("chat.postMessage", limit, limit, limit)
        await slack.say("/reset")
        [shown] = await slack.settled(1)
    assert say("desk.reset") in shown.text


def annotated(bot: Bot) -> None:
    """Answered without a model, so that nothing is shown before."""
    bot.memory.annotations.add(Draft(HOURS, HOURS_TEXT), "boss")


def started_long_ago(slack: SlackHarness) -> None:
    """The shop's clock stands still in the past: every question would be one that was left over
    by another process."""
    channel: Any = slack.behind.adapter.channel
    channel._since = datetime(2000, 1, 1, tzinfo=UTC)


async def test_a_part_that_a_dead_process_has_sent_is_not_sent_again(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_and_bot(shop, tmp_path, prepare=annotated) as (slack, _):
        event = slack.people.said(HOURS, user=PEOPLE["ann"], channel=direct("ann"))
        delivery = f"slack:{event['channel']}:{event['ts']}"
        mark = {"event_type": "secretary_part", "event_payload": {"key": key_of(delivery, 0)}}
        there = {"channel": direct("ann"), "text": HOURS_TEXT, "metadata": mark}
        slack.slack._post(there)
        await slack.people.tell("events_api", slack.people.event(event))
        slack.ids.append(delivery)
        await slack.settled(1)
        assert len(slack.own()) == 1
        exchange = slack.behind.desk.memory.history.exchange_of_message(
            "slack", slack.last_message_id()
        )
        assert exchange is not None
        assert exchange.request_id == delivery
