"""Answers that can be watched while they are made, and the signs of life before."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.slack import channel, indicator
from tests.support.bot import ScriptedEngine
from tests.support.leaf_shop import HOURS, HOURS_TEXT, open_shop
from tests.support.slack_harness import CHANNEL, SlackHarness, read
from tests.support.slack_server import Fault, SlackServer
from tests.support.slack_shop import slack_over

FIRST, SECOND = "葉脈文具台北店平日上午十點開門，", "晚上九點打烊。[1]"
SLOWLY = (FIRST, 0.6, SECOND, 0.6)
STREAMS = ("chat.startStream", "chat.appendStream", "chat.stopStream")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "EVERY_S", 0.1)


async def test_in_a_thread_it_is_a_stream_that_becomes_the_answer(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path, SLOWLY) as slack:
        ts = await slack.ask(HOURS)
        await slack.settled(1)
        [message] = slack.own()
        assert methods(slack, *STREAMS, "chat.update", "chat.postMessage") == [
            "chat.startStream", "chat.appendStream", "chat.appendStream", "chat.stopStream",
            "chat.update",
        ]  # fmt: skip
        [started] = slack.slack.calls_of("chat.startStream")
        assert started["recipient_user_id"] == "U0ANN"
        assert started["recipient_team_id"] == "T0TEAM"
        said = [one["markdown_text"] for one in slack.slack.calls_of("chat.appendStream")]
        assert "".join(said).startswith(FIRST)
        assert message.thread == ts
        assert HOURS_TEXT in read(message)
        assert slack.last_message_id() == f"{CHANNEL}:{message.ts}"


async def test_in_a_direct_message_one_message_is_changed(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path, SLOWLY) as slack:
        await slack.say(HOURS)
        await slack.settled(1)
        [message] = slack.own()
        assert methods(slack, *STREAMS, "chat.postMessage") == ["chat.postMessage"]
        assert message.versions[0] == "查資料中…"
        assert message.versions[1].startswith(FIRST)
        assert HOURS_TEXT in message.versions[-1]


async def test_where_streams_are_refused_a_message_is_changed_and_they_are_not_tried_again(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path, SLOWLY) as slack:
        slack.slack.refused["chat.startStream"] = "missing_scope"
        await slack.ask(HOURS)
        await slack.settled(1)
        await slack.ask(HOURS)
        await slack.settled(2)
        assert len(slack.slack.calls_of("chat.startStream")) == 1
        assert all(HOURS_TEXT in read(message) for message in slack.own())


async def test_a_stream_that_slack_ended_by_itself_is_still_replaced(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path, SLOWLY) as slack:
        await slack.ask(HOURS)
        await appears(slack)
        slack.slack._stop({"channel": CHANNEL, "ts": slack.own()[0].ts})
        await slack.settled(1)
        [message] = slack.own()
        assert HOURS_TEXT in read(message)


async def test_a_message_that_was_removed_meanwhile_is_posted_anew(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path, SLOWLY) as slack:
        await slack.say(HOURS)
        await appears(slack)
        slack.slack.messages.remove(slack.own()[0])
        await slack.settled(1)
        [message] = slack.own()
        assert HOURS_TEXT in read(message)


async def test_a_stream_left_open_by_a_crash_is_ended_by_the_next_process(
    shop: Path, tmp_path: Path
) -> None:
    engine = ScriptedEngine((FIRST, 60.0, SECOND))
    async with SlackServer() as server:
        async with slack_over(shop, tmp_path, engine, server=server) as slack:
            await slack.ask(HOURS)
            await appears(slack)
            await asyncio.sleep(0.5)
            # No time to finish: as if the process were gone.
            slack.behind.desk.inbox._running.dispatcher._settings = quick(slack)  # type: ignore[union-attr]
        [left] = slack.own()
        assert left.is_streaming
        again = (FIRST, 0.3, SECOND, 0.3)
        async with slack_over(shop, tmp_path, again, server=server) as slack:
            await slack.settled(1, 40)
            [message] = slack.own()
            assert message is left
            assert HOURS_TEXT in read(message)
            assert len(slack.slack.calls_of("chat.startStream")) == 1


async def test_a_status_shows_that_it_is_thinking_and_is_refreshed(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with slack_over(shop, tmp_path, (1.5, FIRST + SECOND)) as slack:
        shown: Any = slack.behind.adapter
        shown._indicator._refresh_s = 0.2
        ts = await slack.ask(HOURS)
        await slack.settled(1)
        statuses = slack.slack.statuses
        count = len(statuses)
        assert count >= 3
        assert statuses[0] == {"channel_id": CHANNEL, "thread_ts": ts, "status": "查資料中…"}
        await asyncio.sleep(0.6)
        assert len(slack.slack.statuses) == count, "it goes on after the answer"


async def test_eyes_are_on_a_question_until_it_is_answered(shop: Path, tmp_path: Path) -> None:
    engine = ScriptedEngine((1.0, FIRST + SECOND))
    async with slack_over(shop, tmp_path, engine) as slack:
        await slack.say(HOURS)
        await engine.called.wait()
        await until(lambda: bool(slack.slack.eyes))
        await slack.settled(1)
        await until(lambda: not slack.slack.eyes)
        assert [one["name"] for one in slack.slack.calls_of("reactions.add")] == [indicator.EYES]


async def test_without_a_status_there_are_eyes_in_channels_too(shop: Path, tmp_path: Path) -> None:
    engine = ScriptedEngine((1.0, FIRST + SECOND))
    async with slack_over(shop, tmp_path, engine) as slack:
        slack.slack.refused["assistant.threads.setStatus"] = "not_allowed_token_type"
        ts = await slack.ask(HOURS)
        await until(lambda: (CHANNEL, ts) in slack.slack.eyes)
        await slack.settled(1)
        await until(lambda: not slack.slack.eyes)


async def test_who_waits_is_told_their_place_in_line(shop: Path, tmp_path: Path) -> None:
    engine = ScriptedEngine((1.0, FIRST + SECOND))
    async with slack_over(shop, tmp_path, engine) as slack:
        for person in ("ann", "bob", "boss"):
            await slack.say(HOURS, person=person)
        await slack.ask(HOURS)
        await slack.settled(4, 30)
        whispers = slack.slack.calls_of("chat.postEphemeral")
        assert any("前面還有" in one["text"] for one in whispers)
        assert any("前面還有" in one["status"] for one in slack.slack.statuses)


async def test_signs_of_life_that_fail_harm_nobody(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path, SLOWLY) as slack:
        slack.slack.refused |= {"reactions.add": "missing_scope"}
        slack.slack.fail("chat.update", Fault(500, raw="<html>"))
        await slack.say(HOURS)
        await slack.settled(1)
        assert HOURS_TEXT in read(slack.own()[0])


def methods(slack: SlackHarness, *wanted: str) -> list[str]:
    return [call.method for call in slack.slack.calls if call.method in wanted]


def quick(slack: SlackHarness) -> Any:
    running: Any = slack.behind.desk.inbox._running
    return replace(running.dispatcher._settings, drain_s=0.0)


async def appears(slack: SlackHarness) -> None:
    await until(lambda: bool(slack.own()))


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - it is about another program
            await asyncio.sleep(0.02)


async def test_a_question_shows_that_it_was_taken_in_before_anybody_can_answer(
    shop: Path, tmp_path: Path
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        running: Any = slack.behind.desk.inbox._running
        running.dispatcher.platforms.clear()  # as while the knowledge is still being read
        ts = await slack.ask(HOURS)
        await slack.say(HOURS)
        await until(lambda: bool(slack.slack.statuses) and bool(slack.slack.eyes))
        assert slack.slack.statuses[0]["thread_ts"] == ts
        slack.behind.desk.inbox.serve("slack")
        await slack.settled(2)
        await until(lambda: not slack.slack.eyes)
        assert len(slack.slack.calls_of("reactions.add")) == 1


async def test_no_status_is_set_once_the_answer_is_there(shop: Path, tmp_path: Path) -> None:
    """Slack would show it for two minutes more."""
    async with slack_over(shop, tmp_path) as slack:
        slack.slack.fail("assistant.threads.setStatus", Fault(hang_s=0.8))
        await slack.ask(HOURS)
        await slack.settled(1)
        shown = ("assistant.threads.setStatus", "chat.startStream", "chat.update")
        order = [method for method in slack.slack.done if method in shown]
        assert order == list(shown)
