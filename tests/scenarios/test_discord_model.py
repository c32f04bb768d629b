"""The person on Discord is told whatever becomes of the model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.llm.base import Gate
from bot.llm.endpoint import Endpoint
from bot.llm.openai_compatible import OpenAICompatibleEngine
from bot.phrases import say
from tests.support.discord_harness import discord_over
from tests.support.discord_world import BOT
from tests.support.leaf_shop import HOURS
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


@pytest.mark.parametrize("way", ["mention", "command"])
@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_the_passage_is_quoted_and_the_fault_said(
    tmp_path: Path, llm: ScriptedLLM, fault: str, way: str
) -> None:
    llm.answer = lambda _: FAULTS[fault]
    engine = OpenAICompatibleEngine(Endpoint(llm.base_url, timeout_s=1.0), Gate(4))
    async with discord_over(tmp_path, engine) as there:
        if way == "mention":
            await there.heard(f"<@{BOT}> {HOURS}")
        else:
            await there.server.slash(there.world.ann, "ask", question=HOURS)
        (shown,) = await there.answered()
        await there.settled(1)
        assert len(there.server.own()) == 1
        assert "十點開門" in shown.content
        assert "LLM" in shown.content or "模型" in shown.content
        assert "Traceback" not in shown.content
        assert say("shown.thinking") != shown.content
