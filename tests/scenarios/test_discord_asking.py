"""Where the bot on Discord speaks, and where it keeps silent."""

import asyncio
from itertools import pairwise
from pathlib import Path

from bot.messages import ConversationRef
from bot.phrases import say
from tests.support.bot import ScriptedEngine
from tests.support.discord_harness import discord_over
from tests.support.discord_world import BOT, GENERAL, STAFF_ROOM
from tests.support.leaf_shop import HOURS

SAID = "平日上午十點開門。[1]"
FOLLOW_UP = "那週日呢？"


async def test_a_mention_is_answered_in_reply_to_it(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        asked = await there.heard(f"<@{BOT}> {HOURS}")
        (shown,) = await there.answered(GENERAL)
        assert shown.reply_to is not None
        assert shown.reply_to.id == asked
        assert shown.seen[0] == say("shown.thinking")


async def test_what_is_said_to_others_is_not_answered(tmp_path: Path) -> None:
    engine = ScriptedEngine(SAID)
    async with discord_over(tmp_path, engine, settings={"discord_message_content": True}) as there:
        await there.heard(HOURS)
        await there.heard(f"<@{there.world.bea.id}> {HOURS}")
        await there.heard(f"@everyone {HOURS}")
        await asyncio.sleep(0.3)
        assert there.server.own() == []
    assert engine.prompts == []


async def test_a_reply_with_its_ping_is_heard_without_the_intent(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        await there.heard(f"<@{BOT}> {HOURS}")
        (first,) = await there.answered(GENERAL)
        await there.heard(FOLLOW_UP, reply_to=first.id)
        await there.answered(GENERAL, 2)


async def test_a_hidden_text_is_explained_once_in_a_channel(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        await there.heard(f"<@{BOT}> {HOURS}")
        (first,) = await there.answered(GENERAL)
        await there.heard(FOLLOW_UP, reply_to=first.id, ping=False)
        await there.heard(FOLLOW_UP, reply_to=first.id, ping=False)
        await there.settled(2)
        told = [said.text() for said in there.server.own() if not said.buttons()]
        assert len(told) == 1
        assert "DISCORD_MESSAGE_CONTENT=true" in told[0]


async def test_with_the_intent_a_reply_needs_no_ping(tmp_path: Path) -> None:
    async with discord_over(tmp_path, settings={"discord_message_content": True}) as there:
        await there.heard(f"<@{BOT}> {HOURS}")
        (first,) = await there.answered(GENERAL)
        await there.heard(FOLLOW_UP, reply_to=first.id, ping=False)
        await there.answered(GENERAL, 2)


async def test_a_bare_mention_gets_the_help(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        await there.heard(f"<@{BOT}>")
        (shown,) = await there.settled(1)
        assert "</reset:" in shown.text


async def test_a_thread_is_one_conversation_of_all_in_it(tmp_path: Path) -> None:
    async with discord_over(tmp_path, settings={"discord_message_content": True}) as there:
        thread = await there.server.thread()
        await there.heard(f"<@{BOT}> {HOURS}", thread)
        await there.answered(thread)
        await there.heard(FOLLOW_UP, thread, by=there.world.bea)
        await there.answered(thread, 2)
        turns = there.desk.memory.history.turns(ConversationRef("discord", GENERAL, thread))
    assert [turn.question for turn in turns] == [HOURS, FOLLOW_UP]


async def test_in_a_thread_people_may_talk_to_each_other(tmp_path: Path) -> None:
    async with discord_over(tmp_path, settings={"discord_message_content": True}) as there:
        thread = await there.server.thread()
        await there.heard(HOURS, thread)  # nobody has called the bot
        await there.heard(f"<@{BOT}> {HOURS}", thread)
        await there.answered(thread)
        await there.heard(f"<@{there.world.ann.id}> 你看到了嗎？", thread, by=there.world.bea)
        await there.heard("看到了，謝謝大家幫忙。", thread)
        await there.heard(FOLLOW_UP, thread, by=there.world.bea)
        await asyncio.sleep(0.3)
        assert len(there.server.own(thread)) == 1


async def test_each_person_in_a_channel_has_a_conversation_of_their_own(tmp_path: Path) -> None:
    engine = ScriptedEngine(SAID)
    async with discord_over(tmp_path, engine) as there:
        await there.heard(f"<@{BOT}> {HOURS}")
        await there.answered(GENERAL)
        await there.heard(f"<@{BOT}> {FOLLOW_UP}", by=there.world.bea)
        await there.answered(GENERAL, 2)
        mine = there.desk.memory.history.turns(
            ConversationRef("discord", GENERAL, person=there.world.bea.id)
        )
    assert [turn.question for turn in mine] == [FOLLOW_UP]


async def test_names_stand_in_the_question_where_ids_were(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        await there.heard(f"<@{BOT}> <@{there.world.bea.id}> 的店 <:leaf:77> 平日上午幾點開門？")
        await there.answered(GENERAL)
        (turn,) = there.desk.memory.history.turns(
            ConversationRef("discord", GENERAL, person=there.world.ann.id)
        )
    assert turn.question == "@Bea 的店 :leaf: 平日上午幾點開門？"


async def test_a_command_is_promised_at_once_and_answered_in_place(tmp_path: Path) -> None:
    async with discord_over(tmp_path, ScriptedEngine(["平日", 1.0, "上午十點開門。[1]"])) as there:
        one = await there.server.slash(there.world.ann, "ask", question=HOURS)
        await there.server.until(lambda: one.acked_at)
        # Its first state; the placeholder may be there by now.
        assert there.world.messages[str(one.message)].seen[:1] == [""]
        (shown,) = await there.answered(GENERAL)
        assert shown.id == one.message
        assert "平日" in shown.seen
        assert len(there.server.own()) == 1


async def test_who_waits_is_told_the_place_in_line(tmp_path: Path) -> None:
    engine = ScriptedEngine([1.5, SAID])
    async with discord_over(tmp_path, engine) as there:
        await there.heard(f"<@{BOT}> {HOURS}")
        await engine.called.wait()
        await there.heard(f"<@{BOT}> {HOURS}", by=there.world.bea)
        one = await there.server.slash(there.world.boss, "ask", STAFF_ROOM, question=HOURS)
        both = {
            said.reply_to.author.name: said
            for said in await there.answered(GENERAL, 2)
            if said.reply_to
        }
        first, second = both["Ann"], both["Bea"]
        assert say("answer.busy", place=1) not in first.seen
        assert second.seen[0] == say("answer.busy", place=1)
        assert len(there.server.own(GENERAL)) == 2
        (third,) = await there.answered(STAFF_ROOM)
        assert third.id == one.message
        assert say("answer.busy", place=2) in third.seen


async def test_it_is_typing_while_it_thinks(tmp_path: Path) -> None:
    engine = ScriptedEngine([0.5, SAID])
    async with discord_over(tmp_path, engine) as there:
        await there.heard(f"<@{BOT}> {HOURS}")
        await engine.called.wait()
        await there.server.until(lambda: there.server.called("POST", f"/channels/{GENERAL}/typing"))
        await there.answered(GENERAL)


async def test_an_answer_is_shown_at_most_once_a_second(tmp_path: Path) -> None:
    words = [step for number in range(30) for step in (f"第{number}句。", 0.1)]
    async with discord_over(tmp_path, ScriptedEngine([*words, "[1]"])) as there:
        await there.heard(f"<@{BOT}> {HOURS}")
        await there.answered(GENERAL)
        edits = there.server.called("PATCH", f"/channels/{GENERAL}/messages/*")
    watched = edits[:-1]  # the answer itself waits for nothing
    assert len(watched) >= 2
    gaps = [after.at - before.at for before, after in pairwise(watched)]
    assert min(gaps, default=9) > 1.0


async def test_english_is_answered_in_english(tmp_path: Path) -> None:
    async with discord_over(tmp_path) as there:
        there.world.ann.locale = "en-GB"
        one = await there.server.slash(there.world.ann, "help")
        await there.server.until(lambda: one.message)
        assert "Just ask me" in there.world.messages[str(one.message)].text()


async def test_pictures_that_people_share_in_a_thread_are_their_own(tmp_path: Path) -> None:
    async with discord_over(tmp_path, settings={"discord_message_content": True}) as there:
        thread = await there.server.thread()
        await there.heard(f"<@{BOT}> {HOURS}", thread)
        await there.answered(thread)
        await there.heard("", thread, files={"a.png": ("image/png", b"png")})
        await there.heard("", thread, sticker_items=[{"id": "1", "name": "葉", "format_type": 1}])
        await there.settled(1)
        assert len(there.server.own(thread)) == 1
