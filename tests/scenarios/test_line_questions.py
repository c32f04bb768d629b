"""A question on LINE is acknowledged at once and answered once, with its sources, for free."""

from pathlib import Path

from tests.support.bot import ScriptedEngine, bot_over
from tests.support.leaf_shop import HOURS, HOURS_TEXT, open_shop
from tests.support.line_harness import opened

SAID = f"{HOURS_TEXT}[1]"


async def test_a_question_is_answered_with_its_source_and_a_vote(tmp_path: Path) -> None:
    async with (
        bot_over(open_shop(tmp_path), ScriptedEngine(SAID)) as bot,
        opened(bot, tmp_path) as line,
    ):
        await line.say(HOURS)
        (answer,) = await line.settled(1)
        assert HOURS_TEXT in answer.text
        assert "營業時間" in answer.text
        assert [data.split(":")[0:2] for data in answer.buttons] == [["rate", "+1"], ["rate", "-1"]]
        assert line.pings() == []
