"""Somebody types what the first pages of the README say, in that order, in a new folder."""

import json
import re
from pathlib import Path

import pytest

from tests.support.program import Done, Home, running
from tests.support.readme import halves, shell_lines

DOCUMENT = "# 休假\n\n特休沒有休完可以遞延到次年，最多十天。\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """With a folder of documents where the README has one."""
    for place in ("文件/公司規章", "Documents/handbook"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "休假.md").write_text(DOCUMENT, encoding="utf-8")
    return Home(tmp_path)


def typed(home: Home, words: tuple[str, ...]) -> Done:
    assert words[0] == ".venv/bin/secretary"
    return home(*(word.replace("~", str(home.folder)) for word in words[1:]))


@pytest.mark.parametrize("half", [0, 1], ids=["zh-TW", "en"])
def test_the_first_commands_work_as_they_are_written(home: Home, half: int) -> None:
    lines = [words for words in shell_lines(halves()[half]) if words[0] == ".venv/bin/secretary"]
    assert [words[1] for words in lines][:1] == ["ingest"]
    for words in lines:
        done = typed(home, words)
        assert (done.code, done.err.count("Traceback")) == (0, 0), done.err
        if words[1] == "ask":
            assert "最多十天" in done.out
            assert "休假" in done.out


def test_what_is_named_for_later_works_too(home: Home) -> None:
    """One after another, on the same data, as the table of commands shows them."""
    assert home("ingest", "文件", "--json").json["added"] == 1
    assert home("ask", "特休可以遞延幾天？", "--json").json["outcome"] == "extractive"
    assert home("search", "特休", "--k", "5", "--json").json["passages"]
    batch = home.batch({"id": "1", "question": "特休可以遞延嗎？"})
    assert home("ask", "--batch", batch).json["id"] == "1"
    for command in ("sources list --json", "quota", "db current", "phrases list", "line pair"):
        done = home(*command.split())
        assert done.code == 0, f"{command}: {done.err}"
    added = home("annotate", "add", "--question", "幾點開門？", "--answer", "十點。")
    assert added.code == 0, added.err
    assert home("ask", "幾點開門？", "--json").json["outcome"] == "annotated"
    assert home("export", "sft", "sft").code == 0
    assert json.loads((home.folder / "sft" / "dataset_info.json").read_text())
    assert home("backup", "今天.tar.gz").code == 0
    assert home("restore", "今天.tar.gz").code == 1, "there is data"
    assert home("restore", "今天.tar.gz", "--force").code == 0
    assert home("ask", "幾點開門？", "--json").json["outcome"] == "annotated"


def test_every_address_of_the_readme_answers_while_it_runs(home: Home) -> None:
    assert home("ingest", "文件").code == 0
    paths = {path for half in halves() for path in re.findall(r"`GET (/[^\s`]*)`", half)}
    assert {"/", "/v1/models", "/healthz", "/readyz", "/metrics", "/docs"} <= paths
    with running(home) as run:
        assert {path: run.status(path) for path in paths} == dict.fromkeys(paths, 200)
        assert "最多十天" in run.ask("特休可以遞延嗎？")["text"]
