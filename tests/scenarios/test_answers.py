"""What an answer is worth: it stands in the documents, or there is none."""

from pathlib import Path

import pytest

from bot.errors import ModelUnavailable
from bot.messages import Ask, TextDelta
from bot.phrases import say
from bot.prompts import REMINDER
from tests.support.bot import ScriptedEngine, ask, bot_over, events_of
from tests.support.leaf_shop import (
    HOURS,
    HOURS_TEXT,
    STRANGE,
    VAGUE,
    answer_of,
    open_department_store,
    open_shop,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_department_store(tmp_path_factory.mktemp("store"))


async def test_a_supported_answer_is_shown_with_a_verbatim_quote(data: Path) -> None:
    answer = await answer_of(data, "平日上午十點開門。[1]")
    assert (answer.outcome, answer.text) == ("grounded", "平日上午十點開門。[1]")
    (citation,) = answer.citations
    assert (citation.source, citation.title) == ("營業.md", "營業時間")
    assert any(citation.quote in found.passage.text for found in answer.passages)
    assert "上午十點開門" in citation.quote
    assert answer.timings.model is not None
    assert answer.timings.total >= answer.timings.retrieve > 0


async def test_a_mark_that_points_nowhere_is_mended(data: Path) -> None:
    answer = await answer_of(data, "平日上午十點開門。[7]")
    assert answer.text.endswith("[1]")
    assert [citation.source for citation in answer.citations] == ["營業.md"]


@pytest.mark.parametrize("said", ["無資料", "无资料。", "抱歉，參考資料沒有提到這件事。"])
async def test_the_models_refusal_becomes_no_data(data: Path, said: str) -> None:
    answer = await answer_of(data, said)
    assert (answer.outcome, answer.citations) == ("no_data", ())
    assert answer.text == say("answer.no_data")
    assert answer.reason == "model.sentinel"


def _gives_up_among_many(task: str) -> str:
    return "無資料" if REMINDER in task else "平日上午十點開門。[1]"


async def test_a_small_model_that_gives_up_too_early_is_asked_again(store: Path) -> None:
    """With the best passage alone, where there all but certainly is an answer."""
    engine = ScriptedEngine(_gives_up_among_many, small=True)
    async with bot_over(store, engine) as bot:
        events = await events_of(bot, HOURS)
    answer = events[-1].answer
    assert (answer.outcome, answer.text) == ("grounded", "平日上午十點開門。[1]")
    first, second = engine.tasks
    assert "[2]" in first
    assert "[2]" not in second
    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert said == "平日上午十點開門。[1]", "nobody sees the first 無資料 flash by"


@pytest.mark.parametrize(
    ("question", "small", "calls"), [(HOURS, True, 2), (HOURS, False, 1), (VAGUE, True, 1)]
)
async def test_a_refusal_is_believed_where_it_is_likely_right(
    store: Path, question: str, small: bool, calls: int
) -> None:
    """A larger model's, one to a question that may well have no answer, and any second one."""
    engine = ScriptedEngine("無資料", small=small)
    async with bot_over(store, engine) as bot:
        answer = await ask(bot, question)
    assert (answer.outcome, len(engine.prompts)) == ("no_data", calls)


async def test_what_the_gate_refuses_never_reaches_the_model(data: Path) -> None:
    engine = ScriptedEngine("火星很遠。[1]")
    async with bot_over(data, engine) as bot:
        answer = await ask(bot, STRANGE)
    assert (answer.outcome, answer.reason) == ("no_data", "gate")
    assert engine.prompts == []
    assert answer.timings.model is None


async def test_an_empty_knowledge_base_says_that_it_is_empty(data: Path, tmp_path: Path) -> None:
    async with bot_over(tmp_path / "data") as bot:
        empty = await ask(bot, HOURS)
    async with bot_over(data) as bot:
        missing = await ask(bot, STRANGE)
    assert (empty.outcome, empty.text) == ("no_data", say("answer.no_data_empty"))
    assert missing.text == say("answer.no_data"), "there are documents, only not about this"


@pytest.mark.parametrize(
    ("said", "invented"),
    [
        ("平日上午八點開門。[1]", "八點"),
        ("平日上午十點開門，電話是 02-2345-6789。[1]", "2345"),
        ("平日由店長 Kevin 開門。[1]", "Kevin"),
        ("海豚會游泳，也會跳出水面。[1]", "海豚"),
    ],
)
async def test_what_the_model_makes_up_is_not_shown(data: Path, said: str, invented: str) -> None:
    """Where the passages surely hold the answer they are quoted instead, and this is said."""
    answer = await answer_of(data, said)
    assert answer.outcome in ("no_data", "extractive")
    assert invented not in answer.text + str(answer.citations)
    if answer.outcome == "extractive":
        assert answer.text == f"{HOURS_TEXT} [1]"
        assert answer.notice == say("notice.check_failed")
    else:
        assert answer.text == say("answer.no_data")


@pytest.mark.parametrize("after", [(), ("平日上午",)])
async def test_a_model_that_fails_is_replaced_by_quotes_and_said_so(
    data: Path, after: tuple[str, ...]
) -> None:
    broken = ModelUnavailable("model.broken_off", base_url="http://m/v1", reason="斷線")
    answer = await answer_of(data, [*after, broken])
    assert (answer.outcome, answer.text) == ("extractive", f"{HOURS_TEXT} [1]")
    assert answer.citations[0].quote == HOURS_TEXT
    assert answer.notice is not None
    assert "斷線" in answer.notice


async def test_without_a_model_the_best_sentence_is_quoted(data: Path) -> None:
    async with bot_over(data) as bot:
        answer = await ask(bot, HOURS)
    assert (answer.outcome, answer.text) == ("extractive", f"{HOURS_TEXT} [1]")
    assert answer.notice == say("notice.extractive")


async def test_asking_for_no_model_calls_none(data: Path) -> None:
    engine = ScriptedEngine("平日上午十點開門。[1]")
    async with bot_over(data, engine) as bot:
        answer = await ask(bot, Ask(HOURS, use_model=False))
    assert (answer.outcome, engine.prompts) == ("extractive", [])


@pytest.mark.parametrize(
    "deltas",
    [
        ("<think>十一點？不對</think>平日上午十點開門。[1]",),
        ("<th", "ink>十一", "點？</thi", "nk>平日上午", "十點開門。[1]"),
        ("讓我想想，十一點", "？</think>平日上午十點開門。[1]"),
    ],
)
async def test_thoughts_are_not_part_of_the_answer(data: Path, deltas: tuple[str, ...]) -> None:
    answer = await answer_of(data, deltas)
    assert (answer.outcome, answer.text) == ("grounded", "平日上午十點開門。[1]")
