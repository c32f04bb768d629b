"""`secretary ask` and `search` as programs: what they print, how they end, alone and in batches."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.bot import write
from tests.support.llm_server import Reply, ScriptedLLM
from tests.support.program import Home

DOCUMENTS = {
    "門市/營業.md": "# 營業時間\n\n## 台北店\n\n葉脈文具台北店平日上午十點開門，晚上九點打烊。\n",
    "退貨.md": "# 退貨辦法\n\n葉脈文具的網路訂單可以在收到後七天內退貨，運費由本店負擔。\n",
}
HOURS = "葉脈文具台北店平日幾點開門？"
SENTENCE = "葉脈文具台北店平日上午十點開門，晚上九點打烊。"
RETURNS = "葉脈文具網路訂單收到後幾天內可以退貨？"
STRANGE = "火星軌道傾角測量誤差"
KEY = "sk-very-secret-key"
ANSWER_KEYS = ["id", "question", "outcome", "text", "citations", "passages", "timings_ms"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("ask"))
    write(made.folder / "docs", DOCUMENTS)
    assert made("ingest", "docs").code == 0
    return made


@pytest.fixture
def llm() -> Iterator[ScriptedLLM]:
    with ScriptedLLM() as server:
        server.answer = lambda body: "平日上午十點開門。[1]"
        yield server


def test_an_answer_has_the_promised_shape(home: Home, llm: ScriptedLLM) -> None:
    done = home("ask", HOURS, "--json", LLM_BASE_URL=llm.base_url)
    assert done.code == 0, done.err
    answer = done.json
    assert list(answer)[: len(ANSWER_KEYS)] == ANSWER_KEYS
    assert (answer["id"], answer["question"], answer["outcome"]) == (None, HOURS, "grounded")
    assert answer["text"] == "平日上午十點開門。[1]"
    (citation,) = answer["citations"]
    assert citation == {
        "title": "營業時間",
        "source": "門市/營業.md",
        "locator": "台北店",
        "quote": SENTENCE,
    }
    assert any(citation["quote"] in passage["text"] for passage in answer["passages"])
    assert {"text", "score", "title", "source"} <= set(answer["passages"][0])
    assert sorted(answer["timings_ms"]) == ["model", "retrieve", "total"]
    assert answer["timings_ms"]["model"] > 0


def test_people_see_the_answer_and_where_it_stands(home: Home, llm: ScriptedLLM) -> None:
    llm.queue(Reply(deltas=("<thi", "nk>也許十一點？</th", "ink>平日上午", "十點開門。[1]")))
    done = home("ask", HOURS, LLM_BASE_URL=llm.base_url)
    assert done.code == 0, done.err
    assert done.out.startswith("平日上午十點開門。[1]\n")
    assert "門市/營業.md（台北店）" in done.out
    assert f"「{SENTENCE}」" in done.out
    assert "十一點" not in done.out


FAULTS: dict[str, tuple[Reply | None, dict[str, str], str]] = {
    "500": (Reply(status=500, message="out of memory"), {}, "500"),
    "wrong key": (Reply(status=401, message=f"bad key {KEY}"), {"LLM_API_KEY": KEY}, "LLM_API_KEY"),
    "unknown model": (Reply(status=404, code="model_not_found"), {"LLM_MODEL": "gone"}, "scripted"),
    "silence": (Reply(stall_after=0), {"LLM_TIMEOUT_S": "0.3"}, "LLM_TIMEOUT_S"),
    "garbage": (Reply(raw=b"<html>hello</html>", content_type="text/html"), {}, "請確認網址"),
    "nobody there": (None, {}, "連不上"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_model_that_is_down_is_replaced_by_quotes(
    home: Home, llm: ScriptedLLM, fault: str
) -> None:
    reply, settings, reason = FAULTS[fault]
    url = llm.base_url if reply else _nobody()
    llm.answer = lambda body: reply or ""
    done = home("ask", HOURS, "--json", LLM_BASE_URL=url, **settings)
    assert done.code == 0, done.err
    answer = done.json
    assert (answer["outcome"], answer["text"]) == ("extractive", f"{SENTENCE} [1]")
    assert answer["citations"][0]["quote"] == SENTENCE
    assert reason in answer["notice"]
    assert answer["timings_ms"]["model"] > 0
    assert KEY not in done.out + done.err
    assert "Traceback" not in done.err


def _nobody() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/v1"


def test_no_llm_quotes_without_asking_the_model(home: Home, llm: ScriptedLLM) -> None:
    done = home("ask", HOURS, "--json", "--no-llm", LLM_BASE_URL=llm.base_url)
    assert (done.code, done.json["outcome"]) == (0, "extractive")
    assert done.json["timings_ms"]["model"] is None
    assert llm.chats == []


def test_a_failed_question_prints_its_json_and_one_line(home: Home) -> None:
    done = home("ask", "   ", "--json")
    assert (done.code, done.json["outcome"]) == (1, "failed")
    assert done.sentence == done.json["text"]


def test_the_language_of_the_bot_is_a_setting(home: Home) -> None:
    done = home("ask", "！？", "--json", BOT_LANGUAGE="en")
    assert done.json["text"].startswith("I only understand words")


@pytest.mark.parametrize("arguments", [("ask",), ("ask", "問", "--batch", "a"), ("search", "問", "--k", "0"), ("dance",)])  # fmt: skip
def test_wrong_usage_ends_with_two(home: Home, arguments: tuple[str, ...]) -> None:
    done = home(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err


# -- batches ------------------------------------------------------------------------------

BAD_LINES = (
    "not json",
    "[1, 2]",
    '{"id": "b", "question": 5}',
    '{"id": true, "question": "?"}',
    "[" * 100_000,
)


def test_a_batch_answers_line_by_line_in_order(home: Home, llm: ScriptedLLM) -> None:
    llm.answer = _slow_first
    rows: list[dict[str, Any] | str] = []
    for number in range(4):
        marks = "！" * number  # the same question at the same time would be asked only once
        rows += [
            {"id": number, "question": HOURS + marks},
            {"id": str(number), "question": RETURNS + marks},
        ]
    file = home.batch(*rows, "", *BAD_LINES, {"question": STRANGE})
    done = home("ask", "--batch", file, LLM_BASE_URL=llm.base_url, LLM_CONCURRENCY="2")
    assert done.code == 0, done.err
    answers = done.lines
    wanted = [row["id"] for row in rows if isinstance(row, dict)]
    assert [answer["id"] for answer in answers] == [*wanted, None, None, "b", None, None, None]
    assert {answer["outcome"] for answer in answers[:8]} == {"grounded"}
    assert [answer["outcome"] for answer in answers[8:]] == ["failed"] * 5 + ["no_data"]
    assert "第 10 行" in answers[8]["text"]
    assert llm.busiest == 2
    assert "Traceback" not in done.err


def _slow_first(body: dict[str, Any]) -> Reply:
    """What was asked first is ready last."""
    is_hours = f"問題：{HOURS}" in body["messages"][-1]["content"]
    if is_hours:
        return Reply("平日上午十點開門。[1]", first_delay_s=0.3)
    return Reply("收到後七天內可以退貨。[1]")


def test_strange_questions_in_a_batch_get_their_outcome(home: Home) -> None:
    questions = ["", "好" * 100_000, "😀🎉", "\x00\x1b[2J\u202e" + HOURS, "\ud83d", HOURS.upper()]
    rows = [{"id": "\ud800" if n == 5 else n, "question": q} for n, q in enumerate(questions)]
    done = home("ask", "--batch", home.batch(*rows))
    assert done.code == 0, done.err
    outcomes = [answer["outcome"] for answer in done.lines]
    assert outcomes == ["failed", "failed", "smalltalk", "extractive", "failed", "extractive"]
    assert "\x1b" not in done.out
    assert len(done.out) < 20_000, "a long question is not repeated whole"


@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_batch_that_is_not_there_is_one_sentence(home: Home, command: str) -> None:
    done = home(command, "--batch", "nowhere.jsonl")
    assert (done.code, done.out) == (1, "")
    assert "nowhere.jsonl" in done.sentence


# -- search -------------------------------------------------------------------------------


def test_a_search_gives_passages_whatever_the_verdict(home: Home, llm: ScriptedLLM) -> None:
    file = home.batch({"id": 1, "question": HOURS}, "oops", {"id": "x", "question": "葉脈"})
    done = home("search", "--batch", file, "--k", "2", LLM_BASE_URL=llm.base_url)
    assert done.code == 0, done.err
    found, bad, vague = done.lines
    assert list(found) == ["id", "question", "verdict", "signals", "passages"]
    assert (found["id"], found["verdict"], len(found["passages"])) == (1, "grounded", 2)
    assert found["passages"][0]["source"] == "門市/營業.md"
    assert SENTENCE in found["passages"][0]["text"]
    assert found["signals"]
    assert bad["outcome"] == "failed"
    assert (vague["id"], len(vague["passages"])) == ("x", 2)
    assert llm.requests == []


def test_long_passages_are_cut_at_400_characters_of_the_original(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write(home.folder / "docs", {"長.md": "# 長文\n\n" + "葉脈文具ＡＢ「软件」" * 200})
    home("ingest", "docs")
    done = home("search", "葉脈文具", "--json")
    texts = [passage["text"] for passage in done.json["passages"]]
    assert texts
    assert all(len(text) <= 400 for text in texts)
    assert any("ＡＢ「软件」" in text for text in texts)
    assert json.loads(done.out)["verdict"] in ("grounded", "no_data")
