"""What the model is told: the follow-up's topic, the date, and nothing that is not for the asker."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.messages import Ask, Turn
from tests.support.bot import NOON, ScriptedEngine, ask, bot_over, ingest, knowledge_of, write
from tests.support.leaf_shop import HOURS, open_shop


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_shop(tmp_path_factory.mktemp("shop"))


async def test_an_elliptical_follow_up_is_understood_from_the_turn_before(data: Path) -> None:
    engine = ScriptedEngine("週日上午十一點開門。[1]")
    history = (Turn(HOURS, "平日上午十點開門。[1]"),)
    async with bot_over(data, engine) as bot:
        alone = await ask(bot, "那週日呢？")
        answer = await ask(bot, Ask("那週日呢？", history=history))
    assert alone.passages[:1] != answer.passages[:1] or alone.outcome != "grounded"
    assert (answer.outcome, answer.question) == ("grounded", "那週日呢？")
    assert "週日上午十一點" in answer.passages[0].passage.text
    assert HOURS in engine.tasks[-1]
    assert "\n問題：那週日呢？" in engine.tasks[-1]


async def test_the_prompts_tail_holds_date_weekday_and_time(data: Path) -> None:
    engine = ScriptedEngine("無資料")
    saturday = datetime(2026, 2, 28, 9, 5, tzinfo=ZoneInfo("Asia/Taipei"))
    for now in (NOON, saturday):
        async with bot_over(data, engine, now=now) as bot:
            await ask(bot, "葉脈文具台北店今天有開嗎？")
    tuesday, later = (task.partition("現在是") for task in engine.tasks)
    assert tuesday[2].startswith("2026年11月24日 星期二 12:30。")
    assert later[2].startswith("2026年2月28日 星期六 09:05。")
    assert tuesday[0] == later[0], "what stays the same comes first, for the model's cache"
    assert "[1]" in tuesday[0]


async def test_all_but_the_last_message_is_the_same_for_every_question(data: Path) -> None:
    engine = ScriptedEngine("無資料")
    async with bot_over(data, engine) as bot:
        await ask(bot, HOURS)
        await ask(bot, Ask("葉脈文具網路訂單幾天內可以退貨？", history=(Turn(HOURS, "十點"),)))
    first, second = engine.prompts
    assert first[:-1] == second[:-1]
    assert len(first) > 1
    assert first[-1] != second[-1]


async def test_knowledge_for_others_stays_unseen(tmp_path: Path) -> None:
    data = knowledge_of(tmp_path, {"公開.md": "# 公告\n\n葉脈文具台北店週一公休。"})
    secret = write(tmp_path / "staff", {"薪資.md": "# 薪資\n\n店長的獎金是每月五千元。"})
    ingest(data, secret, audience="staff")
    question = "店長的獎金是每月多少元？"
    async with bot_over(data) as bot:
        outsider = await ask(bot, question)
        insider = await ask(bot, Ask(question, audiences=frozenset({"public", "staff"})))
        owner = await ask(bot, Ask(question, audiences=None))
    assert outsider.outcome == "no_data"
    assert "五千" not in str(outsider)
    assert (insider.outcome, owner.outcome) == ("extractive", "extractive")
    assert "五千元" in insider.text
