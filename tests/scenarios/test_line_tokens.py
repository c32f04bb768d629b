"""A reply token lives for a minute: whatever an answer takes, it arrives, once and for free.

Seconds are tenths here: the promise is made after 0.6 s, a token lives for 3.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.line.settings import Pace
from bot.bootstrap import Bot
from bot.phrases import say
from tests.support.bot import Script, ScriptedEngine, bot_over
from tests.support.leaf_shop import HOURS, open_shop
from tests.support.line_events import group, user
from tests.support.line_harness import LineHarness, opened
from tests.support.line_server import LineServer

SAID = "平日上午十點開門。[1]"
FAST = Pace(promise_s=0.6, life_s=3.0, call_s=1.5, look_s=0.05, loading_s=0.4)
STILL = say("line.still")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


@asynccontextmanager
async def chat(
    data: Path,
    said: Script | Callable[[str], Script],
    *,
    pace: Pace = FAST,
    line: LineServer | None = None,
    quotas: str | None = None,
    **settings: object,
) -> AsyncIterator[LineHarness]:
    async with (
        bot_over(data, ScriptedEngine(said), quotas=quotas) as bot,
        opened(
            bot,
            data.parent,
            pace=pace,
            line=line or LineServer(life_s=pace.life_s),
            settings=settings,
        ) as people,
    ):
        yield people


def texts(people: LineHarness) -> list[str]:
    return [one.text for one in people.shown()]


def buttons(people: LineHarness, kind: str) -> list[str]:
    shown = [data for one in people.shown() for data in one.buttons]
    return [data for data in shown if data.startswith(f"{kind}:")]


async def until(told: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.02)


async def owed(bot: Bot, count: int) -> None:
    await until(lambda: bot.memory.reply_tokens.owed() == count)


async def test_a_slow_answer_comes_with_the_button_that_the_token_was_spent_on(
    data: Path,
) -> None:
    async with (
        bot_over(data, ScriptedEngine((1.5, SAID))) as bot,
        opened(bot, data.parent, pace=FAST, line=LineServer(life_s=3.0)) as people,
    ):
        delivery = await people.say(HOURS)
        (still,) = await people.settled(1)
        assert still.text == STILL
        assert still.buttons == (f"show::{delivery}",)
        await owed(bot, 1)
        assert len(people.shown()) == 1, "it is not pushed"
        await people.tap(still.buttons[0])
        _, answer = await people.settled(2)
        assert "十點開門" in answer.text
        assert HOURS in answer.text, "what it is about, since others may have spoken meanwhile"
        assert bot.memory.reply_tokens.owed() == 0
        assert people.line.pushes == []
        # Its message can be quoted: it is known as a part of the answer.
        of_message, last = bot.memory.history.exchange_of_message, people.last_message_id()
        await until(lambda: of_message("line", last) is not None)
        assert of_message("line", last).request_id == delivery  # type: ignore[union-attr]


async def test_a_tap_before_the_answer_brings_it_by_itself(data: Path) -> None:
    async with chat(data, (1.6, SAID)) as people:
        await people.say(HOURS)
        (still,) = await people.settled(1)
        await people.tap(still.buttons[0])
        _, second = await people.settled(2)
        if second.text == STILL:  # a slow machine: the second token was spent on a button, too
            await people.tap(second.buttons[0])
        await until(lambda: any("十點開門" in text for text in texts(people)))
        assert people.line.pushes == []


async def test_a_token_from_a_tap_gets_old_as_well_and_is_spent_on_a_button_again(
    data: Path,
) -> None:
    async with chat(data, (2.6, SAID)) as people:
        await people.say(HOURS)
        (still,) = await people.settled(1)
        await people.tap(still.buttons[0])
        await people.settled(2)
        assert texts(people)[:2] == [STILL, STILL]


async def test_an_answer_that_was_shown_is_shown_again_at_the_button(data: Path) -> None:
    async with (
        bot_over(data, ScriptedEngine((1.0, SAID))) as bot,
        opened(bot, data.parent, pace=FAST, line=LineServer(life_s=3.0)) as people,
    ):
        await people.say(HOURS)
        (still,) = await people.settled(1)
        await owed(bot, 1)
        await people.tap(still.buttons[0])
        await people.settled(2)
        await people.tap(still.buttons[0])
        shown = await people.settled(3)
    assert all("十點開門" in one.text for one in shown[1:])


async def test_a_question_that_waits_in_line_is_told_its_place(data: Path) -> None:
    """The bot has one slot, and the first answer takes long."""
    async with chat(data, (2.5, SAID)) as people:
        await people.say(HOURS)
        await people.say("禮物包裝服務每件多少錢？", person="ben")
        await people.say("網路訂單幾天內可以退貨？", person="cat")
        await until(lambda: len(people.shown()) >= 3)
        waiting = [text for text in texts(people) if text == say("line.still_waiting", place=2)]
    assert waiting


async def test_what_is_owed_comes_in_front_of_the_next_reply(data: Path) -> None:
    async with (
        bot_over(data, ScriptedEngine((1.0, SAID))) as bot,
        opened(bot, data.parent, pace=FAST, line=LineServer(life_s=3.0)) as people,
    ):
        await people.say(HOURS)
        await owed(bot, 1)
        await people.say("/help")
        _, answer, help_ = await people.settled(3)
        assert "十點開門" in answer.text
        assert say("desk.help", p="") in help_.text
        said = people.line.said[-1]
        assert len(said.messages) == 2, "in one call, with one token"
        await people.say("/help")
        await people.settled(4)
        assert len(people.shown()) == 4, "and once"


async def test_a_token_that_lasted_less_than_a_minute_leaves_the_answer_owed(data: Path) -> None:
    async with (
        bot_over(data, ScriptedEngine(SAID)) as bot,
        opened(bot, data.parent, line=LineServer(life_s=-1.0)) as people,
    ):
        await people.say(HOURS)
        await owed(bot, 1)
        people.line.life_s = 60.0
        await people.say("/help")
        answer, _ = await people.settled(2)
    assert "十點開門" in answer.text


async def test_a_reply_that_was_not_heard_of_is_not_said_twice(data: Path) -> None:
    """LINE did it, and its answer was lost: the same token once more tells."""
    async with chat(data, SAID, pace=Pace(call_s=0.5)) as people:
        people.line.swallow("/message/reply")
        await people.say(HOURS)
        await until(lambda: people.line.counts["replies with a used token"] == 1)
        await asyncio.sleep(0.5)
        assert len(people.shown()) == 1
        assert people.behind.desk.memory.reply_tokens.owed() == 0


async def test_a_reply_that_line_could_not_take_is_tried_again(data: Path) -> None:
    async with chat(data, SAID, pace=Pace()) as people:
        people.line.fail("/message/reply", 500)
        people.line.fail("/message/reply", 429, "too many", retry_after="1")
        started = time.monotonic()
        await people.say(HOURS)
        (answer,) = await people.settled(1)
        assert "十點開門" in answer.text
        assert time.monotonic() - started >= 1.0, "Retry-After is honoured"


async def test_an_answer_is_owed_when_line_is_away_for_longer_than_its_token_lives(
    data: Path,
) -> None:
    async with chat(data, SAID) as people:
        people.line.fail("/message/reply", 500, times=1000)
        await people.say(HOURS)
        tokens = people.behind.desk.memory.reply_tokens
        await until(lambda: tokens.owed() == 1)
        people.line.heal()
        await people.say("/help")
        answer, _ = await people.settled(2)
        assert "十點開門" in answer.text


async def test_whoever_is_told_to_come_back_too_late_owes_the_answer(data: Path) -> None:
    async with chat(data, SAID, pace=Pace()) as people:
        people.line.fail("/message/reply", 429, "too many", retry_after="3600")
        await people.say(HOURS)
        await until(lambda: people.behind.desk.memory.reply_tokens.owed() == 1)


async def test_a_command_that_takes_long_is_promised_too(data: Path) -> None:
    class Slow:
        async def sync_now(self) -> str:
            await asyncio.sleep(1.2)
            return "三份更新了"

        def running_s(self) -> None:
            """None is at work."""

        def poke(self) -> None:
            """It need not look again."""

    async with chat(data, SAID) as people:
        people.behind.desk.syncing = Slow()
        await people.say("/sync", person="boss")
        (still,) = await people.settled(1)
        assert still.text == STILL
        await until(lambda: people.behind.desk.memory.reply_tokens.owed() == 1)
        await people.tap(still.buttons[0], person="boss")
        _, done = await people.settled(2)
    assert "三份更新了" in done.text


async def test_the_promise_survives_a_restart(data: Path) -> None:
    """The question was taken in by a program that ended; the next one keeps the promise."""
    pace = Pace(promise_s=2.5, life_s=30.0, look_s=0.05)
    line = LineServer(life_s=30.0)
    first = ScriptedEngine((60.0, SAID))
    async with bot_over(data, first) as bot:
        bot.settings = replace(bot.settings, drain_s=0.1)
        async with opened(bot, data.parent, pace=pace, line=line) as people:
            await people.say(HOURS)
            await first.called.wait()
    assert line.said == []
    async with (
        bot_over(data, ScriptedEngine((4.0, SAID))) as bot,
        opened(bot, data.parent, pace=pace, line=line) as people,
    ):
        (still,) = await people.settled(1)
        assert still.text == STILL
        await owed(bot, 1)
        await people.tap(still.buttons[0])
        _, answer = await people.settled(2)
    assert "十點開門" in answer.text


async def test_in_a_group_the_button_brings_it_as_well(data: Path) -> None:
    room = group("staff")
    async with (
        bot_over(data, ScriptedEngine((1.0, SAID))) as bot,
        opened(bot, data.parent, pace=FAST, line=LineServer(life_s=3.0)) as people,
    ):
        await people.say_in(room, f"小秘書 {HOURS}")
        (still,) = await people.settled(1)
        await owed(bot, 1)
        # Anybody there may tap; the answer belongs to the room.
        await people.tap(still.buttons[0], person="ben", room=room)
        _, answer = await people.settled(2)
        assert answer.to == room
        assert "十點開門" in answer.text
        assert people.line.said[-1].messages[0]["quoteToken"] == "q-token"
        # In another room the button opens nothing.
        await people.tap(still.buttons[0], person="eve")
        *_, stale = await people.settled(3)
        assert stale.text == say("desk.stale")
        assert people.line.loadings == [], "groups show no animation"


async def test_the_animation_goes_on_while_the_answer_is_made(data: Path) -> None:
    async with chat(data, (2.0, SAID), pace=Pace(look_s=0.05, loading_s=0.4)) as people:
        await people.say(HOURS)
        await people.settled(1)
        count = len(people.line.loadings)
        assert count >= 2
        assert set(people.line.loadings) == {(user("ann"), 60)}
        await asyncio.sleep(0.6)
        assert len(people.line.loadings) == count, "it ends with the answer"


async def test_an_answer_at_once_has_no_animation_after_it(data: Path) -> None:
    async with chat(data, SAID) as people:
        await people.say("你是誰？")
        await people.settled(1)
        await asyncio.sleep(0.8)
        assert people.line.loadings == []


async def test_whoever_takes_the_question_back_is_not_promised_its_answer(data: Path) -> None:
    async with chat(data, (3.0, SAID), pace=Pace(promise_s=1.0, look_s=0.05)) as people:
        delivery = await people.say(HOURS)
        event = people.sent[delivery.removeprefix("line:")]
        await until(lambda: bool(people.behind.desk.inbox.stats().handling))
        await people.unsend(event)
        await asyncio.sleep(1.5)
        assert people.shown() == []


async def test_an_owed_answer_is_gone_when_its_question_is_unsent(data: Path) -> None:
    async with (
        bot_over(data, ScriptedEngine((1.0, SAID))) as bot,
        opened(bot, data.parent, pace=FAST, line=LineServer(life_s=3.0)) as people,
    ):
        delivery = await people.say(HOURS)
        (still,) = await people.settled(1)
        await owed(bot, 1)
        await people.unsend(people.sent[delivery.removeprefix("line:")])
        await owed(bot, 0)
        await people.tap(still.buttons[0])
        _, stale = await people.settled(2)
    assert stale.text == say("desk.stale")


async def test_whoever_leaves_is_owed_nothing(data: Path) -> None:
    async with (
        bot_over(data, ScriptedEngine((1.0, SAID))) as bot,
        opened(bot, data.parent, pace=FAST, line=LineServer(life_s=3.0)) as people,
    ):
        await people.say(HOURS)
        await owed(bot, 1)
        await people.leave("unfollow")
        await owed(bot, 0)
