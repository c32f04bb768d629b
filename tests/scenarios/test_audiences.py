"""Whose knowledge a door uses: documents, curated answers and shared work, by the one setting."""

from pathlib import Path

from adapters.environment import load
from adapters.web.door import ApiDoor
from bot.annotations import Draft
from bot.assistant import collect
from bot.audiences import parse
from bot.bootstrap import Bot
from bot.messages import Answer, Ask
from tests.support.bot import bot_over, ingest, write
from tests.support.leaf_shop import open_shop

BONUS = "葉脈文具店長的季獎金是多少？"
STAFF = {"薪資.md": "# 薪資\n\n葉脈文具店長的季獎金是五千元。\n"}


async def told(bot: Bot, question: str, rules: str, number: int) -> Answer:
    door = ApiDoor(bot.secretary, parse(rules))
    return await collect(door.answer(Ask(question, id=f"{number}-{rules}")))


async def test_a_door_finds_what_its_audiences_may_see(tmp_path: Path) -> None:
    data = open_shop(tmp_path)
    ingest(data, write(tmp_path / "staff", STAFF), audience="staff")
    async with bot_over(data) as bot:
        outsider = await told(bot, BONUS, "slack=staff", 1)
        insider = await told(bot, BONUS, "web=staff", 2)
        assert "五千" not in outsider.text + str(outsider.passages)
        assert "五千" in insider.text
        bot.memory.annotations.add(Draft("季獎金何時發？", "三月五日。", audience="staff"), "boss")
        assert (await told(bot, "季獎金何時發？", "", 3)).outcome != "annotated"
        assert (await told(bot, "季獎金何時發？", "web=staff", 4)).text == "三月五日。"


async def test_the_client_cannot_name_its_own_audience(tmp_path: Path) -> None:
    data = open_shop(tmp_path)
    ingest(data, write(tmp_path / "staff", STAFF), audience="staff")
    async with bot_over(data) as bot:
        door = ApiDoor(bot.secretary, parse(None))
        greedy = Ask(BONUS, audiences=None, id="greedy")
        assert "五千" not in (await collect(door.answer(greedy))).text


def test_the_setting_reaches_the_bot() -> None:
    Path(".env").write_text("AUDIENCES=slack=staff, web=partner\n", encoding="utf-8")
    assert load().bot().audiences == "slack=staff, web=partner"
