"""Questions on Discord that are edited or deleted."""

import asyncio
import time
from pathlib import Path

from bot.messages import ConversationRef
from tests.support.bot import ScriptedEngine
from tests.support.discord_harness import DiscordHarness, discord_over
from tests.support.discord_world import BOT, GENERAL
from tests.support.leaf_shop import HOURS

OTHER = "葉脈文具的網路訂單幾天內可以退貨？"


def remembered(there: DiscordHarness) -> list[str]:
    place = ConversationRef("discord", GENERAL, person=there.world.ann.id)
    return [turn.question for turn in there.desk.memory.history.turns(place)]


async def test_an_edited_question_is_answered_anew_and_the_old_one_forgotten(
    tmp_path: Path,
) -> None:
    async with discord_over(tmp_path) as there:
        asked = await there.heard(f"<@{BOT}> {HOURS}")
        await there.answered()
        before = there.handled
        await there.server.change(asked, f"<@{BOT}> {OTHER}")
        await there.taken_in(before + 1)
        await there.answered(count=2)
        await there.settled(2)
        assert remembered(there) == [OTHER]


async def test_a_preview_or_a_pin_is_no_edit(tmp_path: Path) -> None:
    engine = ScriptedEngine("平日上午十點開門。[1]")
    async with discord_over(tmp_path, engine) as there:
        asked = await there.heard(f"<@{BOT}> {HOURS}")
        await there.answered()
        await there.server.touch(asked)  # a preview
        await there.server.change(asked, f"<@{BOT}> {OTHER}", time.time())
        await there.answered(count=2)
        await there.server.touch(asked)  # a preview of what was edited
        there.world.messages[asked].edited = "2026-01-01T00:00:00+00:00"
        await there.server.touch(asked)  # a pin, long after
        await there.heard(f"<@{BOT}> {HOURS}", by=there.world.bea)  # taken in after all of that
        await there.answered(count=3)
        await there.settled(3)
        assert len(there.server.own()) == 3
        assert remembered(there) == [OTHER]


async def test_a_mention_added_later_calls_the_bot(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        said = await there.heard(HOURS)
        await there.server.change(said, f"<@{BOT}> {HOURS}")
        await there.answered()


async def test_a_deleted_question_is_forgotten(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        asked = await there.heard(f"<@{BOT}> {HOURS}")
        await there.answered()
        await there.settled(1)
        assert remembered(there) == [HOURS]
        before = there.handled
        await there.server.remove(asked)
        await there.taken_in(before + 1)
        assert remembered(there) == []


async def test_a_question_deleted_meanwhile_gets_no_answer(tmp_path: Path) -> None:
    """And what was shown of it goes."""
    engine = ScriptedEngine(["平日", 20.0, "上午十點開門。[1]"])
    async with discord_over(tmp_path, engine) as there:
        asked = await there.heard(f"<@{BOT}> {HOURS}")
        await there.server.until(lambda: there.server.own())
        await there.server.remove(asked)
        await there.server.until(lambda: not there.server.own())
        await asyncio.sleep(0.3)
        assert there.server.own() == []
        assert remembered(there) == []
