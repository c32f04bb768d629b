"""Pushes cost the owner money: only by stated policy, counted, and never beyond the month's plan."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.line.settings import Pace
from bot.bootstrap import Bot
from bot.frontdesk.replies import Reply
from bot.inbox import DeliveryError
from bot.messages import ConversationRef
from tests.support import line_events
from tests.support.bot import ScriptedEngine, bot_over
from tests.support.leaf_shop import HOURS, open_shop
from tests.support.line_events import group
from tests.support.line_harness import ANN, BOSS, LineHarness, opened
from tests.support.line_server import LineServer

SAID = "平日上午十點開門。[1]"
ROOM = group("門市")


@asynccontextmanager
async def late(
    home: Path,
    policy: str,
    *,
    line: LineServer | None = None,
    quotas: str | None = None,
    pace: Pace | None = None,
) -> AsyncIterator[tuple[Bot, LineHarness]]:
    """Every reply token is too old already."""
    async with (
        bot_over(open_shop(home), ScriptedEngine(SAID), quotas=quotas) as bot,
        opened(
            bot,
            home,
            line=line or LineServer(life_s=-1.0),
            pace=pace,
            settings={"line_push_policy": policy},
        ) as people,
    ):
        yield bot, people


async def until(told: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not told():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.02)


def counted(bot: Bot) -> int:
    standing = bot.memory.quotas.standing(None, ConversationRef("line", "x"))
    return next(one.used for one in standing if one.limit.unit == "pushes")


@pytest.mark.parametrize(
    ("policy", "person", "pushed"),
    [
        ("never", "boss", False),
        ("never", "ann", False),
        ("admins", "ann", False),
        ("admins", "boss", True),
        ("always", "ann", True),
    ],
)
async def test_a_push_is_made_only_for_whom_the_owner_pays(
    tmp_path: Path, policy: str, person: str, pushed: bool
) -> None:
    async with late(tmp_path, policy) as (bot, people):
        await people.say(HOURS, person=person)
        if pushed:
            (answer,) = await people.settled(1)
            assert answer.to == (BOSS if person == "boss" else ANN)
            assert HOURS in answer.text
            assert counted(bot) == 1
            assert people.line.used == 1
        else:
            await until(lambda: bot.memory.reply_tokens.owed() == 1)
            assert people.line.pushes == []
            assert counted(bot) == 0


async def test_a_push_to_a_group_counts_its_people(tmp_path: Path) -> None:
    line = LineServer(life_s=-1.0, people={ROOM: 7})
    async with late(tmp_path, "always", line=line) as (bot, people):
        await people.say_in(ROOM, f"小秘書 {HOURS}")
        (answer,) = await people.settled(1)
        assert answer.to == ROOM
        assert counted(bot) == 7
        assert line.used == 7


async def test_the_month_s_plan_is_never_gone_beyond(tmp_path: Path) -> None:
    line = LineServer(life_s=-1.0, quota=10, used=9)
    async with late(tmp_path, "always", line=line) as (bot, people):
        await people.say(HOURS)
        await people.settled(1)
        await people.say(HOURS, person="ben")
        await until(lambda: bot.memory.reply_tokens.owed() == 1)
        assert line.used == 10
        assert len(line.pushes) == 1
        assert [status for _, status, _ in line.refused if status == 429] == [], "it is not tried"


async def test_a_plan_that_cannot_be_asked_for_is_taken_for_used_up(tmp_path: Path) -> None:
    line = LineServer(life_s=-1.0)
    line.fail("/message/quota", 500, times=99)
    async with late(tmp_path, "always", line=line) as (bot, people):
        await people.say(HOURS)
        await until(lambda: bot.memory.reply_tokens.owed() == 1)
        assert line.pushes == []


async def test_line_says_that_the_month_is_over_before_we_know(tmp_path: Path) -> None:
    line = LineServer(life_s=-1.0)
    line.fail("/message/push", 429, "You have reached your monthly limit.")
    async with late(tmp_path, "always", line=line) as (bot, people):
        await people.say(HOURS)
        await until(lambda: bot.memory.reply_tokens.owed() == 1)
        assert counted(bot) == 0, "what was not pushed is not counted"


async def test_the_owner_s_own_budget_holds_too(tmp_path: Path) -> None:
    async with late(tmp_path, "always", quotas="line:pushes:month=1") as (bot, people):
        await people.say(HOURS)
        await people.settled(1)
        await people.say(HOURS, person="ben")
        await until(lambda: bot.memory.reply_tokens.owed() == 1)
        assert len(people.line.pushes) == 1


async def test_a_push_that_was_not_heard_of_is_done_and_counted_once(tmp_path: Path) -> None:
    """The same key again is a 409, which means that it was done."""
    async with late(tmp_path, "always", pace=Pace(call_s=0.5)) as (bot, people):
        people.line.swallow("/message/push")
        await people.say(HOURS)
        await until(lambda: people.line.counts["refused 409"] == 1)
        await asyncio.sleep(0.5)
        assert len(people.line.pushes) == 1
        assert counted(bot) == 1
        assert bot.memory.reply_tokens.owed() == 0


async def test_a_push_that_line_could_not_take_is_tried_again(tmp_path: Path) -> None:
    async with late(tmp_path, "always") as (bot, people):
        people.line.fail("/message/push", 503)
        await people.say(HOURS)
        await people.settled(1)
        assert len(people.line.pushes) == 1
        assert counted(bot) == 1


async def test_staff_in_a_group_are_told_where_the_owner_pays_for_it(tmp_path: Path) -> None:
    line = LineServer(people={ROOM: 3}, names={ANN: "安安"})
    async with (
        bot_over(open_shop(tmp_path), ScriptedEngine(SAID)) as bot,
        opened(
            bot,
            tmp_path,
            line=line,
            settings={"line_push_policy": "admins"},
            staff=("line", ROOM),
        ) as people,
    ):
        await people.say(HOURS)
        await people.settled(1)
        await people.say("找真人")
        shown = await people.settled(3)
        (note,) = [one for one in shown if one.to == ROOM]
        assert "安安" in note.text
        assert HOURS in note.text
        assert line.used == 3
        await people.say(HOURS)
        await asyncio.sleep(0.4)
        assert len(people.shown()) == 3, "a person is talking now"
        await people.deliver(
            line_events.message_event("sticker", ANN, packageId="1", stickerId="2")
        )
        await asyncio.sleep(0.3)
        assert len(people.shown()) == 3
        await people.tap(note.buttons[0], person="staff", room=ROOM)
        await people.settled(4)
        await people.say(HOURS)
        *_, answer = await people.settled(5)
        assert "十點" in answer.text


async def test_unasked_it_says_nothing_that_costs_unless_it_may(tmp_path: Path) -> None:
    async with late(tmp_path, "never", line=LineServer()) as (_, people):
        adapter = people.behind.adapter
        assert not adapter.may_speak_first
        with pytest.raises(DeliveryError) as refused:
            await adapter.post(ROOM, Reply("有人找"))
        assert refused.value.permanent
        with pytest.raises(DeliveryError):
            await adapter.tell(ConversationRef("line", ANN), None, Reply("有答案了"))
        assert people.line.pushes == []


async def test_with_always_it_tells_people_by_itself(tmp_path: Path) -> None:
    async with late(tmp_path, "always", line=LineServer()) as (_, people):
        adapter = people.behind.adapter
        assert adapter.may_speak_first
        await adapter.tell(ConversationRef("line", ANN), None, Reply("有答案了"))
        (told,) = people.shown()
        assert (told.to, told.text) == (ANN, "有答案了")
