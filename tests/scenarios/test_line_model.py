"""Whatever becomes of the model, the person on LINE is told, once and in words."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.line.settings import Pace
from bot.llm.base import Gate
from bot.llm.endpoint import Endpoint
from bot.llm.openai_compatible import OpenAICompatibleEngine
from bot.phrases import say
from tests.support.bot import ScriptedEngine, bot_over
from tests.support.leaf_shop import HOURS, open_shop
from tests.support.line_harness import opened
from tests.support.line_server import LineServer
from tests.support.llm_server import Reply, ScriptedLLM

FAULTS = {
    "refuses": Reply(status=500, message="out of memory"),
    "hangs": Reply("平日", stall_after=-1),
    "stalls": Reply(deltas=("平日", "上午"), stall_after=1),
    "is cut off": Reply(deltas=("平日", "上午", "十點"), cut_after=2),
    "says garbage": Reply(raw=b"<html>502</html>", content_type="text/html"),
}


@pytest.fixture
def llm() -> Iterator[ScriptedLLM]:
    with ScriptedLLM() as server:
        yield server


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_the_passage_is_quoted_and_the_fault_said(
    tmp_path: Path, llm: ScriptedLLM, fault: str
) -> None:
    llm.answer = lambda _: FAULTS[fault]
    engine = OpenAICompatibleEngine(Endpoint(llm.base_url, timeout_s=1.0), Gate(4))
    async with (
        bot_over(open_shop(tmp_path), engine) as bot,
        opened(bot, tmp_path) as people,
    ):
        await people.say(HOURS)
        (shown,) = await people.settled(1)
        await asyncio.sleep(0.3)
        assert len(people.shown()) == 1
        assert "十點開門" in shown.text
        assert "LLM" in shown.text or "模型" in shown.text
        assert "Traceback" not in shown.text


async def test_a_model_that_hangs_until_its_time_is_over_is_told_at_the_button(
    tmp_path: Path, llm: ScriptedLLM
) -> None:
    llm.answer = lambda _: FAULTS["hangs"]
    engine = OpenAICompatibleEngine(Endpoint(llm.base_url, timeout_s=2.0), Gate(4))
    pace = Pace(promise_s=0.6, life_s=1.5, look_s=0.05)
    async with (
        bot_over(open_shop(tmp_path), engine) as bot,
        opened(bot, tmp_path, pace=pace, line=LineServer(life_s=1.5)) as people,
    ):
        await people.say(HOURS)
        (still,) = await people.settled(1)
        assert still.text == say("line.still")
        for _ in range(200):
            if bot.memory.reply_tokens.owed():
                break
            await asyncio.sleep(0.05)
        await people.tap(still.buttons[0])
        *_, answer = await people.settled(2)
        assert "十點開門" in answer.text
        assert people.line.pushes == []


@pytest.mark.slow
async def test_a_model_that_takes_seventy_seconds_on_the_real_clock(tmp_path: Path) -> None:
    """As it is in a shop: 45 s, 60 s, and nothing made faster."""
    async with (
        bot_over(open_shop(tmp_path), ScriptedEngine((70.0, "平日上午十點開門。[1]"))) as bot,
        opened(bot, tmp_path, line=LineServer()) as people,
    ):
        await people.say(HOURS)
        (still,) = await people.settled(1, seconds=60)
        assert still.text == say("line.still")
        for _ in range(600):
            if bot.memory.reply_tokens.owed():
                break
            await asyncio.sleep(0.1)
        await people.tap(still.buttons[0])
        *_, answer = await people.settled(2)
        assert "十點開門" in answer.text
        assert people.line.pushes == []
        assert len(people.line.loadings) >= 2
