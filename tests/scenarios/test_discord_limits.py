"""When Discord refuses: limits, faults, spent tokens, messages that are gone."""

import time
from pathlib import Path

from bot.annotations import Draft
from tests.support.bot import ScriptedEngine
from tests.support.discord_harness import DiscordHarness, discord_over
from tests.support.discord_world import BOT, GENERAL
from tests.support.leaf_shop import HOURS

MESSAGES = f"/channels/{GENERAL}/messages"
SAID = "平日上午十點開門。"


async def ask_by_mention(there: DiscordHarness) -> None:
    await there.heard(f"<@{BOT}> {HOURS}")


async def test_what_discord_says_to_wait_is_waited(tmp_path: Path) -> None:
    """A 429 that the library does not wait for by itself."""
    async with discord_over(tmp_path) as there:
        there.desk.memory.annotations.add(Draft(HOURS, SAID), "boss")
        there.server.fail("POST", MESSAGES, 429, headers={"Retry-After": "2"}, retry_after=2)
        await ask_by_mention(there)
        (shown,) = await there.answered()
        first, second = there.server.called("POST", MESSAGES)
        assert second.at - first.at >= 2.0
        assert shown.content.startswith(SAID)
        assert len(there.server.own()) == 1


async def test_a_short_pause_is_kept_by_the_library(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        there.desk.memory.annotations.add(Draft(HOURS, SAID), "boss")
        proxied = {"Via": "1.1 google", "Retry-After": "1"}
        there.server.fail("POST", MESSAGES, 429, headers=proxied, retry_after=1.0)
        await ask_by_mention(there)
        await there.answered()
        first, second = there.server.called("POST", MESSAGES)
        assert second.at - first.at >= 1.0


async def test_a_fault_at_discord_is_outlived(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        there.desk.memory.annotations.add(Draft(HOURS, SAID), "boss")
        there.server.fail("POST", MESSAGES, 503, times=2)
        await ask_by_mention(there)
        await there.answered()
        assert len(there.server.own()) == 1


async def test_a_message_whose_receipt_was_lost_is_shown_once(tmp_path: Path) -> None:
    """Discord has taken it, and the bot does not know."""
    async with discord_over(tmp_path) as there:
        there.desk.memory.annotations.add(Draft(HOURS, "字" * 4500), "boss")
        there.server.fail("POST", MESSAGES, 503, times=3, taken=True)
        await ask_by_mention(there)
        await there.answered()
        assert len(there.server.called("POST", MESSAGES)) > 3
        assert len(there.server.own()) == 3
        assert sum(len(said.content) for said in there.server.own()) == 4500


async def test_a_room_that_takes_nothing_is_given_up(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        there.desk.memory.annotations.add(Draft(HOURS, SAID), "boss")
        there.server.fail("POST", MESSAGES, 403, times=99, code=50013)
        await ask_by_mention(there)
        await there.server.until(lambda: there.desk.inbox.stats().undelivered == 1)
        assert len(there.server.called("POST", MESSAGES)) == 1


async def test_an_answer_after_a_quarter_of_an_hour_still_stands_in_its_place(
    tmp_path: Path,
) -> None:
    """The command's token is spent meanwhile; the message is edited as any other."""
    engine = ScriptedEngine(["平日", 2.0, "上午十點開門。[1]"])
    async with discord_over(tmp_path, engine) as there:
        one = await there.server.slash(there.world.ann, "ask", question=HOURS)
        await there.server.until(lambda: there.server.own())
        there.server.clock = lambda: time.monotonic() + 16 * 60
        (shown,) = await there.answered()
        assert shown.id == one.message
        assert SAID in shown.content
        assert len(there.server.own()) == 1


async def test_an_answer_that_begins_so_late_comes_as_a_message(tmp_path: Path) -> None:
    engine = ScriptedEngine([2.0, "平日上午十點開門。[1]"])
    async with discord_over(tmp_path, engine) as there:
        await there.server.slash(there.world.ann, "ask", question=HOURS)
        await engine.called.wait()
        there.server.clock = lambda: time.monotonic() + 16 * 60
        (shown,) = await there.answered()
        assert SAID in shown.content


async def test_further_parts_of_a_command_follow_where_the_bot_may_not_write(
    tmp_path: Path,
) -> None:
    async with discord_over(tmp_path) as there:
        there.desk.memory.annotations.add(Draft(HOURS, "字" * 4500), "boss")
        there.server.fail("POST", MESSAGES, 403, times=99, code=50001)
        one = await there.server.slash(there.world.ann, "ask", question=HOURS)
        await there.answered()
        assert len(one.followups) == 2
        assert sum(len(said.content) for said in there.server.own()) == 4500


async def test_an_answer_whose_message_was_deleted_is_sent_again(tmp_path: Path) -> None:
    engine = ScriptedEngine(["平日", 2.0, "上午十點開門。[1]"])
    async with discord_over(tmp_path, engine) as there:
        await ask_by_mention(there)
        (watched,) = await there.server.until(lambda: there.server.own())
        await there.server.remove(watched.id)
        (shown,) = await there.answered()
        assert shown.id != watched.id
        assert SAID in shown.content


async def test_a_command_that_cannot_be_acknowledged_is_answered_all_the_same(
    tmp_path: Path,
) -> None:
    async with discord_over(tmp_path) as there:
        there.server.clock = lambda: time.monotonic() + 60
        one = await there.server.slash(there.world.ann, "ask", question=HOURS)
        one.made_at -= 10  # it came too late for its three seconds
        await there.answered()
        assert SAID in there.server.own()[-1].content
