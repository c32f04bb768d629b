"""In a group the bot answers whoever calls it, and is silent when people talk to each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.bootstrap import Bot
from bot.phrases import say
from tests.support.bot import ScriptedEngine, bot_over
from tests.support.leaf_shop import HOURS, open_shop
from tests.support.line_events import (
    again,
    event,
    group,
    mention_of_bot,
    message_event,
    text_event,
    user,
)
from tests.support.line_harness import ANN, LineHarness, opened

SAID = "平日上午十點開門。[1]"
ROOM = group("門市")


@asynccontextmanager
async def chatting(home: Path, **settings: object) -> AsyncIterator[tuple[Bot, LineHarness]]:
    async with (
        bot_over(open_shop(home), ScriptedEngine(SAID)) as bot,
        opened(bot, home, settings=settings) as people,
    ):
        yield bot, people


async def test_it_speaks_when_it_is_called_and_quotes_the_question(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people):
        await people.say_in(ROOM, HOURS)
        await people.say_in(ROOM, "我問過小秘書了嗎？", person="ben", mentions=[])
        await people.say_in(ROOM, f"小秘書 {HOURS}", person="cat")
        await people.say_in(ROOM, f"@葉脈小幫手 {HOURS}", person="dan")
        await people.say_in(ROOM, f"@Bot {HOURS}", person="eve", mentions=[mention_of_bot(0, 4)])
        shown = await people.settled(3)
        await asyncio.sleep(0.3)
        assert len(people.shown()) == 3, "and not to what was said to nobody in particular"
        assert {one.to for one in shown} == {ROOM}
        for said in people.line.said:
            assert said.messages[0]["quoteToken"] == "q-token"
        assert people.line.loadings == []


async def test_quoting_the_bot_s_message_is_calling_it(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people):
        await people.say_in(ROOM, f"小秘書 {HOURS}")
        await people.settled(1)
        answer = people.last_message_id()
        theirs = await people.say_in(ROOM, "今天好熱", person="ben")
        await people.say_in(ROOM, "真的", quotes=theirs["message"]["id"])
        await people.say_in(ROOM, HOURS, quotes=answer, person="cat")
        await people.settled(2)
        await asyncio.sleep(0.3)
        assert len(people.shown()) == 2


async def test_a_quoted_answer_is_known_by_a_program_that_was_started_since(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people):
        asked = await people.say_in(ROOM, f"小秘書 {HOURS}")
        await people.settled(1)
        answer = people.last_message_id()
    async with chatting(tmp_path) as (_, people):
        await people.say_in(ROOM, HOURS, quotes=asked["message"]["id"], person="ben")
        await people.say_in(ROOM, HOURS, quotes=answer, person="cat")
        await people.settled(1)
        await asyncio.sleep(0.3)
        assert len(people.shown()) == 1, "the question that was asked then is no message of ours"


async def test_the_owner_chooses_what_it_is_called(tmp_path: Path) -> None:
    async with chatting(tmp_path, line_group_names=("阿葉",)) as (_, people):
        await people.say_in(ROOM, f"小秘書 {HOURS}")
        await people.say_in(ROOM, f"阿葉 {HOURS}")
        await people.settled(1)
        await asyncio.sleep(0.3)
        assert len(people.shown()) == 1


async def test_its_name_alone_is_a_call_for_help(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people):
        await people.say_in(ROOM, "小秘書")
        (help_,) = await people.settled(1)
    assert help_.text == say("desk.help", p="")


async def test_somebody_whose_id_line_does_not_tell_is_answered_as_well(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (bot, people):
        await people.say_in(ROOM, f"小秘書 {HOURS}", person=None)
        (answer,) = await people.settled(1)
        assert "十點" in answer.text
        assert bot.memory.people.find("line", ROOM) is None, "a room is nobody"


async def test_stickers_pictures_and_files_in_a_group_are_none_of_its_business(
    tmp_path: Path,
) -> None:
    async with chatting(tmp_path) as (_, people):
        await people.deliver(
            message_event("sticker", ANN, ROOM, packageId="1", stickerId="2"),
            message_event("image", ANN, ROOM),
            message_event("file", ANN, ROOM, fileName="a.pdf", fileSize=3),
        )
        await asyncio.sleep(0.4)
        assert people.shown() == []


async def test_an_edited_question_is_answered_anew(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (bot, people):
        asked = await people.say_in(ROOM, "小秘書 禮物包裝服務每件多少錢？")
        await people.settled(1)
        message = {**asked["message"], "text": f"小秘書 {HOURS}"}
        edit = event("messageEdited", ANN, ROOM, message=message)
        await people.deliver(edit)
        await people.settled(2)
        old = {**asked["message"], "text": "小秘書 幾天內可以退貨？"}
        late = event("messageEdited", ANN, ROOM, message=old)
        await people.deliver({**late, "timestamp": edit["timestamp"] - 5000}, again(edit))
        await asyncio.sleep(0.5)
        assert len(people.shown()) == 2, "an older edit that comes late changes nothing"
        known = bot.memory.history.exchange_of_message("line", message["id"])
        assert known is not None
        assert known.answer.question == HOURS


async def test_a_question_edited_into_small_talk_among_people_is_forgotten(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (bot, people):
        asked = await people.say_in(ROOM, f"小秘書 {HOURS}")
        await people.settled(1)
        message = {**asked["message"], "text": "沒事了"}
        await people.deliver(event("messageEdited", ANN, ROOM, message=message))
        known = bot.memory.history.exchange_of_message("line", message["id"])
        assert known is not None
        assert known.erased
        await asyncio.sleep(0.3)
        assert len(people.shown()) == 1


async def test_two_people_in_a_group_have_a_conversation_each(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (bot, people):
        await people.say_in(ROOM, f"小秘書 {HOURS}", person="ann")
        await people.settled(1)
        event_ = text_event("小秘書 那週日呢？", user("ben"), ROOM)
        await people.deliver(event_)
        await people.settled(2)
        stored = bot.memory.history.stored(f"line:{event_['webhookEventId']}")
        assert stored is not None
        assert stored.question == "那週日呢？"
    engine = bot.engine
    assert isinstance(engine, ScriptedEngine)
    assert all("平日幾點" not in task for task in engine.tasks[1:]), "ann's question is hers"
