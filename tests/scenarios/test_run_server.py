"""`secretary run`: it is there at once, says when it can answer, and leaves nothing behind."""

import statistics
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from knowledge.library import Library
from tests.support.bot import settings_for, write
from tests.support.llm_server import Reply, ScriptedLLM
from tests.support.program import Done, Home, finish, is_alive, running, store_pid, until

HOURS = "# 營業時間\n\n葉脈文具台北店平日上午十點開門，晚上九點打烊。\n"
QUESTION = "葉脈文具台北店平日幾點開門？"


def test_an_empty_base_starts_with_the_sample_and_says_so(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with ExitStack() as stack:
        # Started by a program that lets it linger for two seconds only, then shared.
        library = stack.enter_context(Library(settings_for(home.data).knowledge))
        run = stack.enter_context(running(home, wait=False))
        until(lambda: run.status("/healthz") == 200, alive=run.process)
        until(lambda: run.status("/readyz") == 200, alive=run.process)
        library.close()
        state = run.client.get("/readyz").json()
        assert (state["checks"]["knowledge"], state["checks"]["model"]) == ("ok", "extractive")
        assert "範例" in str(state["notice"])
        answer = run.ask("台北店週日開到幾點？")
        assert answer["outcome"] == "extractive"
        assert run.client.get("/").status_code == 200
        write(tmp_path / "docs", {"營業.md": HOURS})
        assert "範例文件已移除" in home("ingest", "docs").out
        assert "範例" not in run.client.get("/readyz").text
        assert run.ask(QUESTION)["citations"][0]["source"] == "營業.md"
        store = store_pid(home.data)
        done = run.stop()
    _ended_well(done)
    assert f"http://127.0.0.1:{run.client.base_url.port}" in done.err
    assert "範例" in done.err
    assert store is not None
    until(lambda: not is_alive(store), seconds=15)


def _ended_well(done: Done) -> None:
    assert done.code == 0, done.err
    assert "Traceback" not in done.err


def test_it_is_asked_to_end_and_ends_within_ten_seconds(tmp_path: Path) -> None:
    """Even while somebody waits for an answer from a model that does not come to its end."""
    home = Home(tmp_path)
    write(tmp_path / "docs", {"營業.md": HOURS})
    home("ingest", "docs")
    with ScriptedLLM(Reply("平日", stall_after=1)) as llm:
        with running(home, LLM_BASE_URL=llm.base_url) as run:
            messages = [{"role": "user", "content": QUESTION}]
            body = {"model": "secretary", "messages": messages, "stream": True}
            with run.client.stream("POST", "/v1/chat/completions", json=body) as reply:
                assert reply.status_code == 200
                until(lambda: bool(llm.chats))
                begun = time.monotonic()
                run.process.terminate()
                done = finish(run.process)
        assert time.monotonic() - begun < 10
        _ended_well(done)


def test_the_model_is_used_when_it_is_there(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write(tmp_path / "docs", {"營業.md": HOURS})
    home("ingest", "docs")
    with ScriptedLLM() as llm:
        llm.answer = lambda body: "平日上午十點開門。[1]"
        with running(home, LLM_BASE_URL=llm.base_url) as run:
            until(lambda: run.client.get("/readyz").json()["checks"]["model"] == "ok")
            answer = run.ask(QUESTION)
            assert (answer["outcome"], answer["text"]) == ("grounded", "平日上午十點開門。[1]")
            assert answer["citations"][0]["quote"] in HOURS


def test_a_model_that_is_down_does_not_keep_it_from_being_ready(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write(tmp_path / "docs", {"營業.md": HOURS})
    home("ingest", "docs")
    with running(home, LLM_BASE_URL="http://127.0.0.1:9/v1") as run:
        answer = run.ask(QUESTION)
        assert answer["outcome"] == "extractive"
        assert "127.0.0.1:9" in answer["notice"]
        _ended_well(run.stop())


@pytest.mark.slow
def test_health_answers_within_100_ms_while_thousands_of_passages_come_in(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for number in range(100):
        lines = (
            f"葉脈文具第{number}號目錄第{line}項的單價是{number * line}元，{'庫存充足' * 60}。"
            for line in range(20)
        )
        write(tmp_path / "docs", {f"{number}.md": f"# 目錄{number}\n\n" + "\n\n".join(lines)})
    with running(home) as run:
        waits: list[float] = []
        ingest = home.start("ingest", "docs", "--json")
        while ingest.poll() is None:
            waits += _waits(run.client, 20)
        done = finish(ingest)
    assert done.code == 0, done.err
    assert done.json["passages"] >= 2000
    assert len(waits) > 40
    quiet = statistics.quantiles(waits, n=100)[98]
    # The store takes a whole core; on a machine with nothing left, a little patience.
    assert quiet < 0.1 or statistics.median(waits) < 0.02, f"p99 {quiet * 1000:.0f} ms"


def _waits(client: httpx.Client, count: int) -> list[float]:
    waits = []
    for _ in range(count):
        begun = time.monotonic()
        assert client.get("/healthz").status_code == 200
        waits.append(time.monotonic() - begun)
        time.sleep(0.01)
    return waits
