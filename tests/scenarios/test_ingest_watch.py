"""`secretary ingest --watch` and WATCH_FOLDERS: what changes in a folder is known soon after."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from typing import Any

import pytest

from adapters.following import follow
from knowledge.errors import KnowledgeError, StoreError
from knowledge.ingest import IngestReport
from knowledge.library import Library
from tests.support.bot import settings_for, write
from tests.support.program import PATIENCE_S, Home, finish, running, until

HOURS = "# 營業時間\n\n葉脈文具台北店平日上午十點開門。\n"


class Watching:
    """The program, and its reports line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: Queue[str] = Queue()
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self._lines.get(timeout=PATIENCE_S))
        return report

    def counts(self) -> tuple[int, int, int, int]:
        """Added, updated, removed and failed of the next report."""
        report = self.report()
        return report["added"], report["updated"], report["removed"], len(report["failed"])

    def is_silent(self) -> bool:
        return self._lines.empty()


@contextmanager
def watching(home: Home, *paths: str) -> Iterator[Watching]:
    process = home.start("ingest", *paths, "--watch", "--json")
    try:
        yield Watching(process)
    finally:
        process.kill()
        process.wait()


def test_each_change_is_reported_and_known(tmp_path: Path) -> None:
    home = Home(tmp_path)
    docs = write(tmp_path / "docs", {"營業.md": HOURS})
    with watching(home, "docs") as program:
        assert program.counts() == (1, 0, 0, 0)
        write(docs, {"新/退貨.md": "# 退貨\n\n網路訂單七天內可以退貨。\n"})
        assert program.counts() == (1, 0, 0, 0)
        assert found(home, "網路訂單退貨") == "新/退貨.md"
        write(docs, {"營業.md": HOURS.replace("十點", "八點")})
        assert program.counts() == (0, 1, 0, 0)
        (docs / "壞.pdf").write_bytes(b"%PDF-1.4 nothing")
        assert program.counts() == (0, 0, 0, 1)
        shutil.rmtree(docs / "新")
        assert program.counts() == (0, 0, 1, 1)
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(PATIENCE_S) == 0


def found(home: Home, question: str) -> str:
    done = home("search", question, "--k", "1", "--json")
    return str(done.json["passages"][0]["source"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_end_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    home = Home(tmp_path)
    write(tmp_path / "docs", {"營業.md": HOURS})
    with watching(home, "docs") as program:
        program.report()
        program.process.send_signal(number)
        assert program.process.wait(PATIENCE_S) == 0
        assert program.process.stderr
        assert "Traceback" not in program.process.stderr.read()


def test_a_path_that_is_not_there_is_one_line_at_once(tmp_path: Path) -> None:
    done = Home(tmp_path)("ingest", "nowhere", "--watch")
    assert (done.code, done.out) == (1, "")
    assert "nowhere" in done.sentence


def test_our_own_data_within_the_folder_is_neither_read_nor_followed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write(tmp_path, {"營業.md": HOURS, "data/notes.md": HOURS})
    with watching(home, ".") as program:
        report = program.report()
        assert (report["added"], report["failed"]) == (1, [])
        write(tmp_path, {"又一.md": HOURS})
        assert program.counts() == (1, 0, 0, 0)


@dataclass(slots=True)
class Followed:
    reports: list[IngestReport]
    errors: list[KnowledgeError]


class Failing(Library):
    """Cannot serve the second time."""

    def __init__(self, home: Path) -> None:
        super().__init__(settings_for(home / "data").knowledge)
        self.calls = 0

    def ingest(self, *arguments: Any, **more: Any) -> IngestReport:
        self.calls += 1
        if self.calls == 2:
            raise StoreError("store.failed", detail="made up")
        return super().ingest(*arguments, **more)


@contextmanager
def following(library: Library, docs: Path, own: Path) -> Iterator[Followed]:
    """`follow` in a thread that ends with the block, whatever happens in it."""
    followed = Followed([], [])
    stop = Event()
    told = (followed.reports.append, followed.errors.append)
    thread = Thread(target=follow, args=(library, [docs], own, stop, *told), daemon=True)
    thread.start()
    try:
        yield followed
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_failure_is_told_and_it_goes_on(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"營業.md": HOURS})
    with Failing(tmp_path) as library, following(library, docs, tmp_path / "data") as followed:
        until(lambda: len(followed.reports) == 1)
        write(docs, {"二.md": HOURS})
        until(lambda: len(followed.errors) == 1)
        write(docs, {"三.md": HOURS})
        until(lambda: len(followed.reports) == 2)
    assert [error.code for error in followed.errors] == ["store.failed"]
    assert followed.reports[1].added == 2


def test_a_folder_that_goes_and_comes_back_is_followed_again(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"營業.md": HOURS})
    settings = settings_for(tmp_path / "data").knowledge
    with Library(settings) as library, following(library, docs, settings.data_dir) as followed:
        until(lambda: len(followed.reports) == 1)
        os.rename(docs, tmp_path / "away")
        until(lambda: any(f.code == "path.missing" for r in followed.reports for f in r.failed))
        write(tmp_path / "docs", {"營業.md": HOURS, "新.md": HOURS})
        until(lambda: any(r.added == 1 and not r.failed for r in followed.reports[1:]))


def test_the_server_follows_the_folders_it_is_given(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"營業.md": HOURS})
    with running(Home(tmp_path), WATCH_FOLDERS="docs") as run:
        until(lambda: "十點" in run.ask("葉脈文具台北店平日幾點開門？")["text"])
        write(docs, {"營業.md": HOURS.replace("十點", "八點")})
        until(lambda: "八點" in run.ask("葉脈文具台北店平日幾點開門？")["text"])
        done = run.stop()
    assert done.code == 0, done.err
    assert "Traceback" not in done.err


def test_a_watch_can_be_read_by_people(tmp_path: Path) -> None:
    write(tmp_path / "docs", {"營業.md": HOURS})
    process = Home(tmp_path).start("ingest", "docs", "--watch")
    assert process.stdout
    assert "新增 1" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    done = finish(process)
    assert done.code == 0
    assert "Ctrl-C" in done.err
