"""The manners of an answer's stream: one end, always last, and nothing goes on after leaving."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from bot.errors import ModelUnavailable
from bot.messages import Ask, Finished, TextDelta, Thinking
from tests.support.bot import Script, ScriptedEngine, ask, bot_over, events_of
from tests.support.leaf_shop import HOURS, STRANGE, open_shop


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_shop(tmp_path_factory.mktemp("shop"))


ENDINGS: dict[str, tuple[Script, str]] = {
    "an answer": ("平日上午十點開門。[1]", HOURS),
    "a refusal": ("無資料", HOURS),
    "a failing model": ((ModelUnavailable("model.unreachable"),), HOURS),
    "the gate": ("", STRANGE),
    "small talk": ("", "你好"),
    "nothing asked": ("", "  "),
}


@pytest.mark.parametrize("case", ENDINGS)
async def test_there_is_exactly_one_end_and_it_is_last(data: Path, case: str) -> None:
    said, question = ENDINGS[case]
    async with bot_over(data, ScriptedEngine(said)) as bot:
        events = await events_of(bot, Ask(question, id=7))
    ends = [event for event in events if isinstance(event, Finished)]
    assert len(ends) == 1
    assert events[-1] is ends[0]
    assert ends[0].answer.id == 7


async def test_passages_are_announced_before_the_model_speaks(data: Path) -> None:
    async with bot_over(data, ScriptedEngine(("平日上午", "十點開門。[1]"))) as bot:
        events = await events_of(bot, HOURS)
    assert isinstance(events[0], Thinking)
    assert events[0].passages[0].passage.source == "營業.md"
    assert [type(event) for event in events[1:]] == [TextDelta, TextDelta, Finished]


async def test_leaving_midway_stops_the_model(data: Path) -> None:
    engine = ScriptedEngine(("平日", "上午", 60.0, "十點開門。[1]"))
    async with bot_over(data, engine) as bot:
        async with aclosing(bot.assistant.answer(Ask(HOURS))) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    break
        assert (engine.closed, engine.finished) == (1, 0)


async def test_a_cancelled_question_stops_the_model(data: Path) -> None:
    engine = ScriptedEngine(("平日", 60.0, "十點開門。[1]"))
    async with bot_over(data, engine) as bot:
        asking = asyncio.create_task(ask(bot, HOURS))
        await engine.called.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (engine.closed, engine.finished) == (1, 0)


async def test_an_answer_cut_off_loses_its_unfinished_sentence(data: Path) -> None:
    engine = ScriptedEngine("平日上午十點開門。[1]另外，週日上午十", cut=True)
    async with bot_over(data, engine) as bot:
        answer = await ask(bot, HOURS)
    assert answer.text == "平日上午十點開門。[1]"
