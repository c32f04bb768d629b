"""Transactions of many threads and processes at once, and what is left after a sudden death."""

import multiprocessing
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from bot.history import History, _conversation
from bot.messages import Answer, Author, Citation, ConversationRef, Request
from bot.storage import Storage, open_storage, upsert
from bot.storage.exchanges import values_of
from bot.storage.tables import conversations, deliveries, exchanges, people, usage, words
from knowledge.errors import KnowledgeError, LedgerError, StoreError
from knowledge.ledger import open_engine, sqlite_url
from tests.support.databases import empty_database
from tests.support.postgres import postgres
from tests.support.program import until

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)
QUOTE = "台北店平日上午十點開門，" * 50


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return empty_database(request.param, tmp_path, request)


@pytest.fixture
def storage(url: str) -> Iterator[Storage]:
    opened = open_storage(url)
    yield opened
    opened.close()


def request(number: int, room: str = "房間") -> Request:
    place = ConversationRef("test", room)
    return Request(f"test:{room}:{number}", place, Author("test", "u"), f"第{number}題？", NOON)


def answer(number: int) -> Answer:
    cited = (Citation("營業", "營業.md", None, QUOTE),)
    return Answer(f"第{number}題？", "grounded", f"第{number}題的答案 {QUOTE}[1]", cited)


def count(storage: Storage) -> int:
    with storage.reading() as tx:
        return tx.scalar(select(func.count()).select_from(exchanges)) or 0


def at_once(*jobs: Callable[[], None]) -> list[Exception]:
    """Runs them together; what went wrong."""
    problems: list[Exception] = []
    together = threading.Barrier(len(jobs))

    def work(job: Callable[[], None]) -> None:
        together.wait(20)
        try:
            job()
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems


def read_then_write(storage: Storage, times: int) -> None:
    """Loses a count, or is refused, where two that have read may both go on to write."""
    mine = (usage.c.scope == "all") & (usage.c.unit == "questions")
    for _ in range(times):
        with storage.transaction() as tx:
            used = tx.scalar(select(usage.c.used).where(mine).with_for_update())
            assert used is not None
            time.sleep(0.001)  # others read meanwhile
            tx.execute(update(usage).where(mine).values(used=used + 1))


def make_counter(storage: Storage) -> None:
    with storage.transaction() as tx:
        tx.execute(
            insert(usage).values(
                scope="all", unit="questions", period="day", window="x", used=0, warned=False
            )
        )


def counted(storage: Storage) -> int | None:
    with storage.reading() as tx:
        return tx.scalar(select(usage.c.used))


def test_threads_that_read_and_then_write_lose_nothing(storage: Storage) -> None:
    make_counter(storage)
    assert at_once(*[lambda: read_then_write(storage, 25)] * 8) == []
    assert counted(storage) == 200


def test_strangers_that_read_and_then_write_lose_nothing(url: str, storage: Storage) -> None:
    """Who share nothing but the database."""
    make_counter(storage)
    assert at_once(*[lambda: _count_alone(url)] * 3) == []
    assert counted(storage) == 120


def _count_alone(url: str) -> None:
    storage = open_storage(url)
    read_then_write(storage, 40)
    storage.close()


def test_processes_that_read_and_then_write_lose_nothing(url: str, storage: Storage) -> None:
    make_counter(storage)
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_count_alone, args=(url,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert counted(storage) == 120


def test_eight_threads_write_exchanges_at_once(storage: Storage) -> None:
    history = History(storage)

    def write(thread: int) -> None:
        for number in range(20):
            room = f"房{(thread + number) % 3}"
            asked = request(100 * thread + number, room)
            history.record(asked, answer(number), None)
            history.delivered(asked.id, 0, f"m{thread}-{number}")
            history.turns(asked.conversation)

    assert at_once(*[lambda n=n: write(n) for n in range(8)]) == []  # type: ignore[misc]
    assert count(storage) == 160
    with storage.reading() as tx:
        assert tx.scalar(select(func.count()).select_from(conversations)) == 3


def test_the_same_request_from_many_threads_is_one_exchange(storage: Storage) -> None:
    history, ids = History(storage), set[int]()
    assert at_once(*[lambda: ids.add(history.record(request(1), answer(1), None))] * 8) == []
    assert (count(storage), len(ids)) == (1, 1)


def test_a_reader_waits_for_no_writer(storage: Storage) -> None:
    history = History(storage)
    history.record(request(1), answer(1), None)
    with storage.transaction() as tx:
        tx.execute(update(exchanges).values(answer="還沒寫完"))
        started = time.monotonic()
        found = history.stored(request(1).id)
        assert found is not None
        assert found.text == answer(1).text
        assert time.monotonic() - started < 5


def test_a_purge_leaves_the_conversation_of_what_is_being_written(storage: Storage) -> None:
    history, later = History(storage), NOON + timedelta(days=9)
    history.record(request(1), answer(1), None)
    problems: list[Exception] = []
    purge = threading.Thread(
        target=lambda: problems.extend(at_once(lambda: history.purge({"test": 5}, later)))
    )
    with storage.transaction() as tx:
        talk = _conversation(tx, request(2))
        purge.start()
        time.sleep(0.3)  # until it waits
        values = values_of(replace(request(2), received_at=later), answer(2))
        tx.execute(insert(exchanges).values(**values, conversation_id=talk))
    purge.join(30)
    assert problems == []
    with storage.reading() as tx:
        assert tx.scalars(select(exchanges.c.request_id)).all() == [request(2).id]


def test_an_error_takes_everything_back(storage: Storage) -> None:
    def fail() -> None:
        with storage.transaction() as tx:
            tx.execute(insert(people).values(created_at=NOON))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with storage.transaction() as tx:
        assert tx.scalar(select(func.count()).select_from(people)) == 0


def test_foreign_keys_hold(url: str, storage: Storage) -> None:
    again = open_storage(url)  # without a migration, which has a say in them
    with pytest.raises(LedgerError) as caught, again.transaction() as tx:
        tx.execute(
            insert(deliveries).values(
                exchange_id=99, part=0, platform="test", state="sent", sent_at=NOON
            )
        )
    again.close()
    assert isinstance(caught.value.__cause__, IntegrityError)


def test_an_upsert_of_both_kinds(storage: Storage) -> None:
    def put(text_: str) -> None:
        with storage.transaction() as tx:
            new = upsert(tx, words).values(
                code="busy", language="zh-TW", text=text_, author="o", at=NOON
            )
            tx.execute(
                new.on_conflict_do_update(
                    index_elements=["code", "language"], set_={"text": new.excluded.text}
                )
            )

    put("忙")
    put("很忙")
    with storage.reading() as tx:
        rows = tx.execute(select(words.c.text, words.c.at)).all()
    assert [tuple(row) for row in rows] == [("很忙", NOON)]


def test_a_write_in_a_reading_transaction_is_refused_by_postgres(postgres_url: str) -> None:
    storage = open_storage(postgres_url)
    with pytest.raises(LedgerError), storage.reading() as tx:
        tx.execute(insert(people).values(created_at=NOON))
    with storage.transaction() as tx:  # the same connection, to be written again
        tx.execute(insert(people).values(created_at=NOON))
    storage.close()


def test_half_a_character_is_an_error_of_ours(storage: Storage) -> None:
    with pytest.raises(KnowledgeError):
        History(storage).stored("\ud83d")


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    storage = open_storage(sqlite_url(tmp_path))
    with storage.reading() as tx:
        pages = tx.scalar(text("PRAGMA page_count"))
    with storage.reading() as tx:  # of this connection, the only one in the pool
        tx.execute(text(f"PRAGMA max_page_count={pages + 1}"))
    with pytest.raises(StoreError) as caught, storage.transaction() as tx:
        tx.execute(insert(words).values(
            code="x", language="en", text="x" * 100_000, author="o", at=NOON
        ))  # fmt: skip
    assert caught.value.code == "disk.full"
    storage.close()


def test_a_connection_that_was_lost_is_replaced(postgres_url: str) -> None:
    storage, other = open_storage(postgres_url), open_engine(postgres_url)
    count(storage)
    with other.begin() as tx:
        tx.execute(text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ))  # fmt: skip
    assert count(storage) >= 0
    storage.close()
    other.dispose()


_WRITER = """
import sys
from tests.integration.test_storage_transactions import answer, request
from bot.history import History, _conversation
from bot.storage import open_storage
storage = open_storage(sys.argv[1])
history = History(storage)
for number in range(1000):
    history.record(request(number), answer(number), None)
    print(number, flush=True)
print("done", flush=True)
"""


@pytest.mark.parametrize("after", [3, 117, 400])
def test_killed_while_writing_what_was_committed_is_whole(
    url: str, storage: Storage, after: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    until(lambda: count(storage) >= after, alive=process)
    process.kill()
    out, _ = process.communicate(timeout=60)
    told = [int(line) for line in out.splitlines() if line.isdigit()]
    assert "done" not in out, "the kill came too late to show anything"
    history = History(storage)
    with storage.reading() as tx:
        numbers = sorted(
            int(id_.split(":")[2]) for id_ in tx.scalars(select(exchanges.c.request_id))
        )
    # One may have been committed and not told any more.
    assert numbers in ([*told], [*told, len(told)])
    for number in numbers:
        stored = history.stored(request(number).id)
        assert stored is not None
        assert (stored.text, stored.citations) == (answer(number).text, answer(number).citations)
    history.record(request(1000), answer(1000), None)
    assert history.turns(request(0).conversation, limit=1)[0].question == "第1000題？"
