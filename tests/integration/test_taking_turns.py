"""A long sync keeps nobody waiting: others add, back up and read in between, and lose nothing."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.backup import back_up, restore
from knowledge.errors import EmbeddingError
from knowledge.ledger import Ledger, open_engine
from knowledge.library import COLLECTION, Library
from knowledge.passages import Block, Document
from knowledge.retriever import Query
from knowledge.sources.base import Change, Found, KnownFile, Removed, Source
from tests.support.bot import settings_for, write
from tests.support.databases import empty_database
from tests.support.postgres import postgres
from tests.support.program import Home

UMBRELLA = {"雨傘.md": "# 雨傘借用\n\n葉脈文具雨傘借用的押金是一百元。\n"}


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@dataclass
class Endless(Source):
    """Gives one document after the other, until it may stop or has given very many."""

    pause_s: float = 0.0
    enough: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    most: int = 4000
    given: int = 0

    def count(self) -> int:
        return self.most

    def changes(self, known: Mapping[str, KnownFile]) -> Iterator[Change]:
        while self.given < self.most and not self.enough.wait(self.pause_s):
            self.given += 1
            text = f"葉脈文具第 {self.given} 號公告：請同仁留意。"
            blocks = (Block(text),)
            yield Found(Document(f"{self.given}.md", f"公告 {self.given}", blocks, text), "")
            self.begun.set()

    @property
    def was_exhausted(self) -> bool:
        return self.given >= self.most


@contextmanager
def syncing(library: Library, source: Endless) -> Iterator[Future[object]]:
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(library.sync, "slow", source)
        try:
            assert source.begun.wait(30)
            yield running
        finally:
            source.enough.set()
    running.result()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(settings_for(tmp_path / "data").knowledge) as opened:
        yield opened


def in_step(library: Library) -> bool:
    wanted = sum(row.passages for row in library.ledger.all())
    return library.index.count() == wanted and not library.ledger.rubbish()


def found(library: Library, question: str) -> list[str]:
    return [one.passage.source for one in library.search(Query((question,), None, 1)).passages]


@pytest.mark.parametrize("pause_s", [0.2, 0.0])
def test_a_file_is_added_while_a_sync_goes_on(
    library: Library, tmp_path: Path, pause_s: float
) -> None:
    """Also by a source that wants its next turn at once."""
    docs, source = write(tmp_path / "docs", UMBRELLA), Endless(pause_s)
    with syncing(library, source) as running:
        start = time.monotonic()
        assert library.ingest((docs,)).added == 1
        assert time.monotonic() - start < 5
        assert found(library, "雨傘借用的押金") == ["雨傘.md"]
        assert not running.done()
        assert not source.was_exhausted
    assert found(library, "雨傘借用的押金") == ["雨傘.md"]
    assert len(library.ledger.known("slow")) == source.given
    assert in_step(library)


def test_another_program_ingests_while_a_sync_goes_on(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write(tmp_path / "docs", UMBRELLA)
    source = Endless(0.2)
    with (
        Library(settings_for(tmp_path / "data").knowledge) as library,
        syncing(library, source) as running,
    ):
        done = home("ingest", "docs", "--json")
        assert (done.code, done.json["added"]) == (0, 1), done.err
        assert not running.done()


def test_a_backup_in_between_is_of_one_moment(library: Library, tmp_path: Path) -> None:
    file, source = tmp_path / "b.tar", Endless()
    with syncing(library, source) as running:
        done = back_up(library.settings, file)
        assert not running.done()
        assert not source.was_exhausted
    assert done.lost == 0
    assert 0 < done.manifest.passages < source.given
    new = settings_for(tmp_path / "new").knowledge
    restore(new, file)
    with Library(new) as restored:
        assert len(restored.ledger.known("slow")) == done.manifest.passages
        assert in_step(restored)


# ---- who has to wait all the same, and is told


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(open_engine(empty_database(request.param, tmp_path, request)))
    yield opened
    opened.close()


class Waited(Exception):
    """Nobody gave way."""


def give_up(seconds: float) -> None:
    if seconds > 0.5:
        raise Waited


@pytest.mark.parametrize(
    ("one", "other", "waits"),
    [
        ("notion", "notion", True),
        ("/a/b", "/a/b", True),
        ("/a/b", "/a/b/c/d", True),
        ("/a/b/c", "/a", True),
        ("/a/b", "/a/bc", False),
        ("/a/b/c", "/a/b/d", False),
        ("notion", "/a", False),
    ],
)
def test_only_who_reads_the_same_waits(ledger: Ledger, one: str, other: str, waits: bool) -> None:
    with ledger.reader(one):
        if waits:
            with pytest.raises(Waited), ledger.reader(other, give_up):
                pass
        else:
            with ledger.reader(other, give_up), ledger.writer(give_up):
                pass
    with ledger.reader(other, give_up):
        pass


def test_whoever_waits_comes_before_who_wants_another_turn(ledger: Ledger) -> None:
    """One thread takes turn after turn with hardly a pause; the other gets one all the same."""
    got = threading.Event()

    def patient() -> None:
        with ledger.writer():
            got.set()

    with ThreadPoolExecutor(1) as threads:
        with ledger.writer():
            waiting = threads.submit(patient)
            time.sleep(0.3)
        passed = 0
        while not got.is_set() and passed < 200:
            with ledger.writer():
                passed += 1
                time.sleep(0.05)
        waiting.result(30)
    assert passed < 5, "turns that the waiting one had to let pass"


def test_who_waits_may_give_up_and_keeps_nothing(ledger: Ledger) -> None:
    with ledger.writer(), pytest.raises(Waited), ledger.writer(give_up):
        pass
    with ledger.writer(give_up):
        pass


def test_the_same_root_is_read_once_at_a_time(library: Library) -> None:
    told: list[float] = []
    source = Endless(0.1)

    def second() -> object:
        return library.sync("slow", Endless(most=0), on_wait=told.append)

    with ThreadPoolExecutor(1) as threads:
        with syncing(library, source):
            other = threads.submit(second)
            wait_for(lambda: told and told[-1] > 0.3)
            assert not other.done()
        other.result(30)
    assert told == sorted(told), "the seconds grow"
    assert in_step(library)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_nothing_is_written_into_a_collection_that_was_left(library: Library) -> None:
    """Another program changed the embedding model between two of our documents."""

    class Twice(Source):
        def count(self) -> int:
            return 2

        def changes(self, known: Mapping[str, KnownFile]) -> Iterator[Change]:
            yield Found(Document("1.md", "一", (Block("第一份。"),), "1"), "")
            library.ledger.set_fact(COLLECTION, "secretary-another-384")
            yield Found(Document("2.md", "二", (Block("第二份。"),), "2"), "")
            yield Removed("1.md")

    with pytest.raises(EmbeddingError) as caught:
        library.sync("slow", Twice())
    assert caught.value.code == "embedding.changed"
    assert set(library.ledger.known("slow")) == {"1.md"}
