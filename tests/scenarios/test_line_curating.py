"""Votes, corrections, choices and news on LINE."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.annotations import Draft, Near
from bot.annotations.records import Matched
from bot.bootstrap import Bot
from bot.messages import Answer, Choice, Request
from bot.phrases import say
from tests.support.bot import ScriptedEngine, bot_over
from tests.support.leaf_shop import HOURS, STRANGE, open_shop
from tests.support.line_harness import LineHarness, opened
from tests.support.line_server import LineServer

SAID = "平日上午十點開門。[1]"


@asynccontextmanager
async def chatting(home: Path, **settings: object) -> AsyncIterator[tuple[Bot, LineHarness]]:
    async with (
        bot_over(open_shop(home), ScriptedEngine(SAID)) as bot,
        opened(bot, home, settings=settings) as people,
    ):
        yield bot, people


async def until(told: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not told():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.02)


async def test_an_admin_quotes_the_wrong_answer_and_types_the_right_one(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (bot, people):
        await people.say(HOURS, person="boss")
        await people.settled(1)
        wrong = people.last_message_id()
        await people.say("/annotate 平日九點半開門", person="boss", quotes=wrong)
        *_, done = await people.settled(2)
        (kept,) = bot.memory.annotations.listed()
        assert done.text == say("desk.annotated", number=kept.id)
        assert (kept.draft.question, kept.draft.answer) == (HOURS, "平日九點半開門")
        await people.say(HOURS)
        *_, answer = await people.settled(3)
        assert answer.text == "平日九點半開門"


async def test_an_admin_fills_in_the_keyboard_that_a_button_opened(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (bot, people):
        await people.say(HOURS, person="boss")
        await people.settled(1)
        message = people.line.said[-1].messages[-1]
        (action,) = [
            one["action"]
            for one in message["quickReply"]["items"]
            if one["action"].get("inputOption") == "openKeyboard"
        ]
        await people.say(f"{action['fillInText']}平日九點半", person="boss")
        await people.settled(2)
        (kept,) = bot.memory.annotations.listed()
        assert (kept.draft.question, kept.draft.answer) == (HOURS, "平日九點半")
        await people.say(HOURS, person="ann")
        await people.settled(3)
        for one in people.line.said[-1].messages[-1]["quickReply"]["items"]:
            assert "inputOption" not in one["action"], "others are not offered it"


async def test_a_paired_admin_is_one_without_a_restart(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people):
        await people.say("/annotate 可以停車嗎 | 門口有兩格")
        (refused,) = await people.settled(1)
        assert refused.text == say("desk.admins_only")
        code = people.behind.desk.admins.pairing_code("line")
        await people.say(f"/pair {code}")
        *_, paired = await people.settled(2)
        assert paired.text == say("desk.paired")
        await people.say("/annotate 可以停車嗎 | 門口有兩格")
        *_, done = await people.settled(3)
        assert done.text == say("desk.annotated", number=1)


async def test_votes_count_once_a_person_and_can_be_changed(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (bot, people):
        await people.say(HOURS)
        (answer,) = await people.settled(1)
        good, bad = answer.buttons
        await people.tap(bad)
        *_, why = await people.settled(2)
        assert why.text == say("desk.rated_bad", p="")
        await people.say("/bad 時間寫錯了")
        await people.settled(3)
        (cluster,) = bot.memory.unanswered.list("open", 5)
        assert cluster.question == HOURS
        await people.tap(good)
        *_, thanks = await people.settled(4)
        assert thanks.text == say("desk.rated_good")


async def test_a_choice_is_tapped_and_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with chatting(tmp_path) as (bot, people):
        annotations = bot.memory.annotations
        saved = annotations.add(Draft("包裝一件多少錢", "禮物包裝每件三十元"), "boss")
        near = Near((Choice(saved.annotation.id, "包裝一件多少錢"),), 0.8)
        monkeypatch.setattr(annotations, "match", lambda *_: Matched(near))
        await people.say("包裝服務怎麼收費？")
        (asked,) = await people.settled(1)
        assert "1. 包裝一件多少錢" in asked.text
        first, none = asked.buttons
        await people.tap(first)
        *_, answer = await people.settled(2)
        assert answer.text == "禮物包裝每件三十元"
        await people.tap(none, person="ben")
        *_, other = await people.settled(3)
        assert "十點" in other.text or "無資料" in other.text


async def test_whoever_wants_news_hears_it_with_the_next_answer_for_free(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (bot, people):
        question = f"{STRANGE}是多少？"
        await people.say(question)
        (none,) = await people.settled(1)
        await people.tap(none.buttons[0])
        *_, noted = await people.settled(2)
        assert noted.text == say("desk.news_noted")
        (cluster,) = bot.memory.unanswered.list("open", 5)
        await people.say(f"/unanswered answer {cluster.id} 大約零點一度", person="boss")
        await people.settled(3)
        people.behind.desk.herald._nothing_until = (
            people.behind.desk.herald._nothing_until.min.replace(
                tzinfo=people.behind.desk.clock().tzinfo
            )
        )
        await people.say(HOURS)
        *_, answer = await people.settled(4)
        assert "大約零點一度" in answer.text
        assert people.line.pushes == []


async def test_a_long_answer_is_read_on_page_by_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with chatting(tmp_path) as (bot, people):
        text = "".join(f"第{number}條。" for number in range(9000))

        async def long(request: Request, _hear: object) -> Answer:
            return Answer(request.text, "annotated", text, id=request.id)

        monkeypatch.setattr(bot.secretary, "handle", long)
        await people.say(HOURS)
        await people.settled(5)
        read, number = "", 0
        while number < len(people.line.said):
            said = people.line.said[number]
            assert len(said.messages) <= 5
            read += "".join(one["text"] for one in said.messages if one["type"] == "text")
            more = [
                button["action"]["data"]
                for one in said.messages
                if one["type"] == "flex"
                for button in one["contents"]["footer"]["contents"]
            ]
            number += 1
            if more:
                await people.tap(more[0])
                await until(lambda at=number: len(people.line.said) > at)  # type: ignore[misc]
        assert read == text
        assert number == 3


async def test_the_history_knows_every_message_of_an_answer(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (bot, people):
        bot.memory.annotations.add(Draft(HOURS, "長" * 9_000), "boss")
        await people.say(HOURS)
        await people.settled(2)
        assert len(people.line.said[0].ids) == 2
        of_message = bot.memory.history.exchange_of_message
        for message_id in people.line.said[0].ids:
            await until(lambda id_=message_id: of_message("line", id_) is not None)  # type: ignore[misc]


async def test_forgetting_oneself_takes_what_is_owed_along(tmp_path: Path) -> None:
    async with (
        bot_over(open_shop(tmp_path), ScriptedEngine(SAID)) as bot,
        opened(bot, tmp_path, line=LineServer(life_s=-1.0)) as people,
    ):
        await people.say(HOURS)
        await until(lambda: bot.memory.reply_tokens.owed() == 1)
        people.line.life_s = 60.0
        await people.say("/forgetme")
        (done,) = await people.settled(1)
        assert done.text == say("desk.forgotten", count=1)
