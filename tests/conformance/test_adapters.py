"""What every chat platform keeps, over all that are registered."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.registry import ADAPTERS
from bot.annotations import Draft
from bot.bootstrap import Bot
from bot.errors import ModelTimeout
from bot.frontdesk.actions import encode
from bot.phrases import say
from tests.support.bot import ScriptedEngine, bot_over
from tests.support.leaf_shop import HOURS, STRANGE, open_shop
from tests.support.platform_harness import Harness, opener

SAID = "平日上午十點開門。[1]"
ACK_S = 2.0
"""LINE's limit, the tightest; the aim of 0.1 s is a matter for the benchmark."""
Opened = Callable[..., AbstractAsyncContextManager[tuple[Bot, Harness]]]


@pytest.fixture(params=sorted(ADAPTERS))
def platform(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


@pytest.fixture
def chatting(platform: str, data: Path, tmp_path: Path) -> Opened:
    @asynccontextmanager
    async def opened(engine: ScriptedEngine, **desk: Any) -> AsyncIterator[tuple[Bot, Harness]]:
        async with (
            bot_over(data, engine) as bot,
            opener(platform)(bot, tmp_path, **desk) as harness,
        ):
            yield bot, harness

    return opened


async def test_a_question_gets_one_answer_with_its_source_and_thumbs(chatting: Opened) -> None:
    async with chatting(ScriptedEngine(SAID)) as (_, people):
        delivery = await people.say(HOURS)
        (shown,) = await people.settled(1)
    assert "平日上午十點開門。" in shown.text
    assert "營業時間" in shown.text
    assert shown.buttons == (encode("rate", "+1", delivery), encode("rate", "-1", delivery))


async def test_it_acknowledges_in_time_whatever_the_model_does(chatting: Opened) -> None:
    async with chatting(ScriptedEngine((3.0, SAID))) as (_, people):
        await people.say(HOURS)
        assert people.acks
        assert max(people.acks) < ACK_S
        assert [one.text for one in people.shown() if "十點" in one.text] == []


async def test_a_redelivered_event_is_answered_once(chatting: Opened) -> None:
    engine = ScriptedEngine(SAID)
    async with chatting(engine) as (_, people):
        delivery = await people.say(HOURS)
        await people.again(delivery)
        await people.settled(1)
        await people.again(delivery)
        await asyncio.sleep(0.3)
        assert len(people.shown()) == 1
    assert len(engine.prompts) == 1


async def test_every_event_of_a_batch_is_answered(chatting: Opened) -> None:
    async with chatting(ScriptedEngine(SAID)) as (_, people):
        await people.batch(HOURS, "葉脈文具的網路訂單幾天內可以退貨？", "禮物包裝服務每件多少錢？")
        await people.settled(3)
        async with asyncio.timeout(20):
            while len(answers := [one for one in people.shown() if one.buttons]) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert len(answers) == 3


async def test_the_bot_hears_neither_itself_nor_other_bots(chatting: Opened) -> None:
    engine = ScriptedEngine(SAID)
    async with chatting(engine) as (_, people):
        await people.echo(HOURS)
        await asyncio.sleep(0.5)
        assert people.shown() == []
    assert engine.prompts == []


async def test_a_failure_is_one_message_without_its_exception(chatting: Opened) -> None:
    def broken(_: str) -> str:
        raise RuntimeError("secret detail of the machine")

    async with chatting(ScriptedEngine(broken)) as (_, people):
        await people.say(HOURS)
        (shown,) = await people.settled(1)
    assert say("answer.failed") in shown.text
    assert "RuntimeError" not in shown.text
    assert "secret" not in shown.text


async def test_a_model_that_is_down_is_said_with_the_passage_quoted(chatting: Opened) -> None:
    down = ModelTimeout("model.timeout", base_url="http://gpu/v1", seconds="60")
    async with chatting(ScriptedEngine(["平日", down])) as (_, people):
        await people.say(HOURS)
        (shown,) = await people.settled(1)
    assert "上午十點開門" in shown.text
    assert "LLM_TIMEOUT_S" in shown.text


async def test_no_data_offers_news_and_a_person(chatting: Opened) -> None:
    async with chatting(ScriptedEngine(SAID)) as (_, people):
        delivery = await people.say(STRANGE + "是多少？")
        (shown,) = await people.settled(1)
    assert "無資料" in shown.text
    assert shown.buttons == (encode("news", "", delivery), encode("human"))


async def test_a_long_answer_arrives_whole(chatting: Opened) -> None:
    lines = [f"第{number}條規定要記得帶會員卡並且核對姓名。" for number in range(400)]
    async with chatting(ScriptedEngine(SAID)) as (bot, people):
        bot.memory.annotations.add(Draft(HOURS, "\n".join(lines)), "boss")
        await people.say(HOURS)
        await people.settled(1)
        async with asyncio.timeout(20):
            while lines[-1] not in "".join(one.text for one in people.shown()):
                more = [b for one in people.shown() for b in one.buttons if b.startswith("more:")]
                if more:
                    await people.tap(more[-1])
                await asyncio.sleep(0.1)
        whole = "".join(one.text for one in people.shown())
    assert [line for line in lines if line not in whole] == []


async def test_nobody_is_pinged_by_what_the_model_says(chatting: Opened) -> None:
    loud = "平日上午十點開門 @everyone <@U123> <!channel> @here。[1]"
    async with chatting(ScriptedEngine(loud)) as (bot, people):
        bot.memory.annotations.add(Draft("大家在嗎", "@everyone <!channel> <@U123> 在"), "boss")
        await people.say(HOURS)
        await people.say("大家在嗎")
        await people.settled(2)
        assert people.pings() == []


async def test_thumbs_are_votes(chatting: Opened) -> None:
    async with chatting(ScriptedEngine(SAID)) as (bot, people):
        delivery = await people.say(HOURS)
        await people.settled(1)
        await people.tap(encode("rate", "-1", delivery))
        async with asyncio.timeout(10):
            while not bot.memory.unanswered.list("open", 5):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        (cluster,) = bot.memory.unanswered.list("open", 5)
    assert cluster.question == HOURS


async def test_commands_answer_at_once_while_the_model_thinks(chatting: Opened) -> None:
    engine = ScriptedEngine((30.0, SAID))
    async with chatting(engine) as (_, people):
        await people.say(HOURS)
        await engine.called.wait()
        await people.say("/stop")
        shown = await people.settled(2)
    texts = [one.text for one in shown]
    assert any(say("desk.stopped") in text for text in texts)
    assert any(say("answer.stopped") in text for text in texts)


async def test_a_burst_is_one_question(chatting: Opened) -> None:
    engine = ScriptedEngine(SAID)
    async with chatting(engine, burst_s=1.0) as (_, people):
        await people.say("請問")
        await people.say(HOURS)
        await people.settled(1)
        await asyncio.sleep(0.5)
        assert len(people.shown()) == 1
    assert len(engine.prompts) == 1


async def test_only_admins_annotate(chatting: Opened) -> None:
    async with chatting(ScriptedEngine(SAID)) as (bot, people):
        await people.say("/annotate 可以停車嗎 | 門口有兩格")
        (refused,) = await people.settled(1)
        assert say("desk.admins_only") in refused.text
        await people.say("/annotate 可以停車嗎 | 門口有兩格", person="boss")
        await people.settled(2)
        assert [one.draft.answer for one in bot.memory.annotations.listed()] == ["門口有兩格"]


async def test_the_wrong_answer_itself_is_corrected(chatting: Opened) -> None:
    async with chatting(ScriptedEngine(SAID)) as (_, people):
        await people.say(HOURS, person="boss")
        await people.settled(1)
        wrong = people.last_message_id()
        await people.say("/annotate 平日九點半開門。", person="boss", quotes=wrong)
        await people.settled(2)
        await people.say(HOURS)
        shown = await people.settled(3)
    assert "平日九點半開門。" in shown[-1].text


async def test_who_wants_a_person_is_left_to_the_staff(chatting: Opened) -> None:
    """Without a staff channel it says whom to ask, and goes on."""
    async with chatting(ScriptedEngine(SAID)) as (_, people):
        await people.say("找真人")
        (shown,) = await people.settled(1)
        assert say("human.contact") in shown.text
        await people.say(HOURS)
        await people.settled(2)
