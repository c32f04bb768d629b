"""Killed at any point: what answers is whole, and the next ingest brings everything in step."""

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from knowledge.library import Library
from knowledge.retriever import Query
from tests.support.bot import ingest, settings_for, write
from tests.support.program import Home, finish, store_pid, until

DOCUMENTS = 40
PARTS = 8
"""Passages a document; each names its document, edition and part."""
ROUNDS = 5
NAME = "目錄{number:02}.md"


def edition(number: int, which: str) -> str:
    parts = "\n\n".join(
        f"葉脈文具{which}版第{number}號目錄第{part}部分。{'這一部分列出筆記本與鋼筆的品項說明。' * 24}"
        for part in range(PARTS)
    )
    return f"# 目錄{number}\n\n{parts}\n"


def publish(home: Path, which: str) -> Path:
    texts = {NAME.format(number=n): edition(n, which) for n in range(DOCUMENTS)}
    return write(home / "docs", texts)


def editions(home: Path, number: int) -> set[str]:
    """Which editions of a document can be found, and all of whose parts are there."""
    with Library(settings_for(home / "data").knowledge) as library:
        found = library.search(Query((f"葉脈文具第{number}號目錄",), None, 60)).passages
    texts = [s.passage.text for s in found if s.passage.source == NAME.format(number=number)]
    shown = {which for which in "舊新" if any(f"{which}版" in text for text in texts)}
    for which in shown:
        whole = "\n".join(texts)
        missing = [p for p in range(PARTS) if f"{which}版第{number}號目錄第{p}部分" not in whole]
        assert not missing, f"{which}版 of {number} lacks the parts {missing}"
    return shown


def counts(home: Path) -> tuple[int, int, list[int]]:
    """Points in the index, passages in the ledger, versions that wait to be swept."""
    with Library(settings_for(home / "data").knowledge) as library:
        wanted = sum(row.passages for row in library.ledger.all())
        return library.index.count(), wanted, library.ledger.rubbish()


def test_killed_anywhere_every_document_is_wholly_old_or_wholly_new(tmp_path: Path) -> None:
    home = Home(tmp_path)
    publish(tmp_path, "舊")
    ingest(tmp_path / "data", tmp_path / "docs")
    publish(tmp_path, "新")
    dice = random.Random(7)
    killed = 0
    for _ in range(ROUNDS):
        process = home.start("ingest", "docs", "--json")
        begun_before = _versions(tmp_path)
        until(lambda: process.poll() is not None or _versions(tmp_path) != begun_before)  # noqa: B023
        time.sleep(dice.uniform(0, 0.15))
        killed += process.poll() is None
        process.kill()
        finish(process)
        for number in dice.sample(range(DOCUMENTS), 4):
            assert editions(tmp_path, number) in ({"舊"}, {"新"})
    assert killed >= 2, "the kills came too late to show anything"
    done = home("ingest", "docs", "--json")
    assert done.code == 0, done.err
    assert done.json["updated"] + done.json["unchanged"] == DOCUMENTS
    assert {frozenset(editions(tmp_path, n)) for n in range(0, DOCUMENTS, 7)} == {frozenset("新")}
    stored, wanted, rubbish = counts(tmp_path)
    assert (stored, rubbish) == (wanted, [])


def _versions(home: Path) -> set[int]:
    with Library(settings_for(home / "data").knowledge) as library:
        return {row.version for row in library.ledger.all()}


def test_killed_in_the_first_ingest_what_is_in_is_whole(tmp_path: Path) -> None:
    home = Home(tmp_path)
    publish(tmp_path, "新")
    process = home.start("ingest", "docs")
    until(lambda: len(_versions(tmp_path)) > 3, alive=process)
    process.kill()
    finish(process)
    found = [editions(tmp_path, number) for number in range(0, DOCUMENTS, 3)]
    assert {"新"} in found
    assert home("ingest", "docs", "--json").code == 0
    stored, wanted, rubbish = counts(tmp_path)
    assert (stored, rubbish) == (wanted, [])
    assert len(_versions(tmp_path)) == DOCUMENTS


def test_the_store_is_killed_and_the_ingest_goes_on(tmp_path: Path) -> None:
    home = Home(tmp_path)
    publish(tmp_path, "新")
    process = home.start("ingest", "docs", "--json")
    until(lambda: len(_versions(tmp_path)) > 2, alive=process)
    first = store_pid(tmp_path / "data")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    done = finish(process)
    assert (done.code, done.json["added"]) == (0, DOCUMENTS), done.err
    assert store_pid(tmp_path / "data") != first
    stored, wanted, _ = counts(tmp_path)
    assert stored == wanted


def test_interrupted_by_the_keyboard_it_says_that_nothing_is_lost(tmp_path: Path) -> None:
    home = Home(tmp_path)
    publish(tmp_path, "新")
    process = home.start("ingest", "docs")
    until(lambda: len(_versions(tmp_path)) > 2, alive=process)
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    done = finish(process)
    if done.code == 0:
        pytest.skip("it was done before the interruption came")
    assert done.code == 130
    assert done.err.strip().startswith("已中斷；完成的部分都還在")
    assert home("ingest", "docs", "--json").json["unchanged"] > 0
