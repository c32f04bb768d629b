"""Answers come in the asker's language, and as Taiwan writes it."""

from pathlib import Path

import pytest

from bot.messages import TextDelta
from bot.phrases import say
from tests.support.bot import ScriptedEngine, ask, bot_over, events_of
from tests.support.leaf_shop import HOURS, answer_of, open_shop


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_shop(tmp_path_factory.mktemp("shop"))


async def test_simplified_words_of_the_model_are_shown_as_taiwan_writes_them(data: Path) -> None:
    answer = await answer_of(data, "平日上午十点开门，晚上九点打烊。[1]")
    assert answer.text == "平日上午十點開門，晚上九點打烊。[1]"


async def test_names_code_and_addresses_keep_their_letters(data: Path) -> None:
    said = "订单软件叫「软件Leaf」，用 `pip install 叶脉` 安装，说明在 https://leaf.example/软件 网页。[1]"
    answer = await answer_of(data, said, "葉脈文具的訂單軟體叫什麼，怎麼安裝？")
    assert answer.outcome == "grounded"
    for kept in ("「软件Leaf」", "`pip install 叶脉`", "https://leaf.example/软件"):
        assert kept in answer.text
    assert "訂單軟體叫" in answer.text
    assert "安裝" in answer.text


async def test_while_it_streams_it_is_in_traditional_characters_too(data: Path) -> None:
    async with bot_over(data, ScriptedEngine(("平日上午十", "点开门。", "[1]"))) as bot:
        events = await events_of(bot, HOURS)
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == "平日上午十點開門。[1]"


async def test_simplified_questions_find_traditional_documents(data: Path) -> None:
    answer = await answer_of(data, "平日上午十點開門。[1]", "叶脉文具台北店平日几点开门？")
    assert answer.outcome == "grounded"


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("hello", "smalltalk.greeting"),
        ("What is the orbit of Mars?", "answer.no_data"),
        ("a" * 3000, "question.too_long"),
    ],
)
async def test_english_questions_get_english_sentences(data: Path, question: str, key: str) -> None:
    async with bot_over(data) as bot:
        answer = await ask(bot, question)
    assert answer.text == say(key, "en", limit=2000)


async def test_an_english_answer_is_left_as_it_is(data: Path) -> None:
    question = "What time does 葉脈文具台北店 open on 平日, 幾點開門?"
    answer = await answer_of(data, "It opens at 10:00 in the morning. [1]", question)
    assert answer.outcome == "grounded"
    assert answer.text.replace(" [", "[") == "It opens at 10:00 in the morning.[1]"


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("你好！", "greeting"),
        ("謝謝你", "thanks"),
        ("你可以做什麼？", "capabilities"),
        ("掰掰", "farewell"),
    ],
)
async def test_small_talk_needs_no_model(data: Path, question: str, kind: str) -> None:
    engine = ScriptedEngine("我是大型語言模型。")
    async with bot_over(data, engine) as bot:
        answer = await ask(bot, question)
    assert (answer.outcome, answer.text) == ("smalltalk", say(f"smalltalk.{kind}"))
    assert engine.prompts == []
