"""One store, several commands: nobody notices that another program holds it."""

import fcntl
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bot import write
from tests.support.program import Home, Running, finish, running

HOURS = "# 營業時間\n\n葉脈文具台北店平日上午十點開門。\n"
RETURNS = "# 退貨辦法\n\n葉脈文具的網路訂單收到後七天內可以退貨。\n"
QUESTION = "葉脈文具網路訂單幾天內可以退貨？"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Running]]:
    home = Home(tmp_path_factory.mktemp("shared"))
    write(home.folder / "docs", {"營業.md": HOURS})
    assert home("ingest", "docs").code == 0
    with running(home) as run:
        yield home, run


def test_a_document_ingested_beside_the_server_is_answered_at_once(
    served: tuple[Home, Running],
) -> None:
    home, run = served
    assert "退貨.md" not in str(run.ask(QUESTION))
    write(home.folder / "docs", {"退貨.md": RETURNS})
    done = home("ingest", "docs", "--json")
    assert (done.code, done.json["added"], done.json["unchanged"]) == (0, 1, 1), done.err
    answer = run.ask(QUESTION)
    assert (answer["outcome"], answer["citations"][0]["source"]) == ("extractive", "退貨.md")
    (home.folder / "docs" / "退貨.md").unlink()
    assert home("ingest", "docs", "--json").json["removed"] == 1
    assert "退貨.md" not in str(run.ask(QUESTION))


def test_search_and_ask_work_beside_the_server(served: tuple[Home, Running]) -> None:
    home, _ = served
    question = "葉脈文具台北店平日幾點開門？"
    searched = home("search", question, "--json")
    asked = home("ask", question, "--json")
    assert searched.json["passages"][0]["source"] == "營業.md", searched.err
    assert asked.json["outcome"] == "extractive", asked.err


def test_a_second_server_on_the_same_data_says_who_is_first(served: tuple[Home, Running]) -> None:
    home, run = served
    done = home("run", HTTP_PORT="0")
    assert (done.code, done.out) == (1, "")
    assert str(run.process.pid) in done.sentence
    assert "secretary run" in done.sentence
    assert run.status("/readyz") == 200


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = Home(tmp_path)("run", HTTP_PORT=port)
    assert (done.code, done.out) == (1, "")
    assert f"127.0.0.1:{port}" in done.sentence
    assert "HTTP_PORT" in done.sentence


def test_an_ingest_waits_for_the_one_before_it(tmp_path: Path) -> None:
    """The lock stands in for an ingest that takes its time."""
    home = Home(tmp_path)
    write(home.folder / "docs", {"營業.md": HOURS})
    home.data.mkdir()
    with (home.data / "secretary.ingest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = home.start("ingest", "docs", "--json")
        assert second.stderr is not None
        assert "知識庫正由另一個匯入" in second.stderr.readline()
        assert second.poll() is None
        fcntl.flock(lock, fcntl.LOCK_UN)
        done = finish(second)
    assert (done.code, done.json["added"]) == (0, 1)


def test_two_ingests_at_once_both_end_well(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for half in ("甲", "乙"):
        texts = {
            f"{half}{n}.md": f"# {half}{n}\n\n葉脈文具第{n}號{half}文件。\n" for n in range(15)
        }
        write(home.folder / half, texts)
    both = [home.start("ingest", half, "--json") for half in ("甲", "乙")]
    reports = [finish(process) for process in both]
    assert [report.json["added"] for report in reports] == [15, 15], [r.err for r in reports]
    verdict = home("doctor", "--json").json
    assert verdict["ok"]
    assert "30 份文件、30 個段落" in str(verdict["checks"])
    assert home("ingest", "甲", "--json").json["unchanged"] == 15
