"""From the answer to the platform: retries, lasting refusals, faulty handlers, an orderly end."""

import asyncio
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select, text

from bot.errors import BotError
from bot.inbox import DeliveryError, Duplicate
from bot.inbox.delivery import key_of
from bot.inbox.writer import Writer
from bot.messages import Answer, Request
from bot.storage import open_storage
from bot.storage.intake import executors
from knowledge.errors import LedgerError
from tests.support.databases import empty_database
from tests.support.inbox_parts import Echo, Notes, eventually, request, running
from tests.support.postgres import postgres


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return empty_database(request.param, tmp_path, request)


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/secretary.db"


class Trouble:
    """Raises these, one an attempt, then lets all through."""

    def __init__(self, *errors: Exception, part: int = 0, only: str | None = None) -> None:
        self._errors = list(errors)
        self._part = part
        self._only = only

    def __call__(self, request: Request, index: int) -> None:
        if index == self._part and self._only in (None, request.id) and self._errors:
            raise self._errors.pop(0)


async def test_a_failure_that_passes_is_tried_again_with_the_same_key(url: str) -> None:
    trouble = Trouble(DeliveryError("503"), OSError("cut off"), part=1)
    bot, line = Echo(), Notes(count=2, trouble=trouble)
    async with running(url, bot, line) as inbox:
        await inbox.submit(request("line:1"))
        await eventually(lambda: len(bot.told) == 2)
        assert inbox.stats().undelivered == 0
        await eventually(lambda: inbox.stats().retries == 2)
    assert [part for _, part, _ in line.shown] == [0, 1]
    assert line.keys == [key_of("line:1", part) for part in (0, 1, 1, 1)]
    assert uuid.UUID(line.keys[0]) != uuid.UUID(line.keys[1])
    assert key_of("line:2", 0) not in line.keys


async def test_a_platform_that_names_its_time_is_left_alone_until_then(sqlite: str) -> None:
    line = Notes(trouble=Trouble(DeliveryError("429", retry_after_s=0.4)))
    async with running(sqlite, bot := Echo(), line) as inbox:
        begun = time.monotonic()
        await inbox.submit(request("line:1"))
        await eventually(lambda: len(bot.told) == 1)
    assert time.monotonic() - begun >= 0.4


async def test_other_conversations_do_not_wait_for_a_slow_platform(sqlite: str) -> None:
    slow = Trouble(DeliveryError("429", retry_after_s=0.6), only="line:1")
    bot, line = Echo(), Notes(trouble=slow)
    async with running(sqlite, bot, line, concurrency=1) as inbox:
        for id_, room in (("line:1", "a"), ("line:2", "a"), ("line:3", "b")):
            await inbox.submit(request(id_, room))
        await eventually(lambda: len(bot.told) == 3)
    assert [id_ for id_, *_ in line.shown] == ["line:3", "line:1", "line:2"]


@pytest.mark.parametrize(
    "error",
    [
        DeliveryError("blocked", permanent=True),
        DeliveryError("come back tomorrow", retry_after_s=90_000),
    ],
)
async def test_a_lasting_refusal_is_recorded_and_the_conversation_goes_on(
    url: str, error: DeliveryError
) -> None:
    bot, line = Echo(), Notes(count=2, trouble=Trouble(error, part=1, only="line:1"))
    async with running(url, bot, line) as inbox:
        await inbox.submit(request("line:1"))
        await inbox.submit(request("line:2"))
        await eventually(lambda: len(bot.told) == 3)
        await eventually(lambda: inbox.stats().delivering == 0)
        assert await inbox.submit(request("line:1")) == Duplicate("failed")
        assert inbox.stats().undelivered == 1
    assert bot.given_up == [("line:1", 1, str(error))]
    assert [row[:2] for row in line.shown] == [("line:1", 0), ("line:2", 0), ("line:2", 1)]


async def test_attempts_come_to_an_end(sqlite: str) -> None:
    line = Notes(trouble=Trouble(*(DeliveryError("503") for _ in range(9)), only="line:1"))
    async with running(sqlite, bot := Echo(), line, sends=3) as inbox:
        await inbox.submit(request("line:1"))
        await inbox.submit(request("line:2"))
        await eventually(lambda: len(bot.told) == 1)
    assert line.keys.count(key_of("line:1", 0)) == 3
    assert bot.given_up == [("line:1", 0, "503")]


async def test_whatever_a_handler_raises_becomes_one_failed_answer(url: str) -> None:
    async def stumble(request: Request) -> None:
        if request.id == "line:1":
            raise ZeroDivisionError

    bot, line = Echo(stumble), Notes()
    async with running(url, bot, line) as inbox:
        await inbox.submit(request("line:1"))
        await inbox.submit(request("line:2"))
        await eventually(lambda: len(bot.told) == 2)
        assert (inbox.stats().failed, inbox.stats().answered) == (1, 1)
    assert [words for *_, words in line.shown] == ["沒成：ZeroDivisionError", "答：line:2？"]


class Hopeless(Echo):
    def failed(self, request: Request, error: Exception) -> Answer:
        raise RuntimeError("not even this")

    async def delivered(self, request: Request, part: int, message_id: str | None) -> None:
        await super().delivered(request, part, message_id)
        raise RuntimeError("the book is full")


async def test_a_handler_that_fails_at_everything_stops_nobody(sqlite: str) -> None:
    async def stumble(request: Request) -> None:
        if request.id == "line:1":
            raise ZeroDivisionError

    bot, line = Hopeless(stumble), Notes()
    async with running(sqlite, bot, line) as inbox:
        await inbox.submit(request("line:1"))
        await inbox.submit(request("line:2"))
        await eventually(lambda: len(bot.told) == 1)
        await eventually(lambda: inbox.stats().delivering == 0)
        assert await inbox.submit(request("line:1")) == Duplicate("failed")
        assert await inbox.submit(request("line:2")) == Duplicate("done")


class Untalkative(Notes):
    async def progress(self, request: Request, state: object) -> None:
        raise OSError("no indicator")


async def test_an_indicator_that_fails_harms_nobody(sqlite: str) -> None:
    async with running(sqlite, bot := Echo(), Untalkative()) as inbox:
        await inbox.submit(request("line:1"))
        await eventually(lambda: len(bot.told) == 1)


async def test_the_end_waits_for_what_is_being_answered(url: str) -> None:
    async def take_time(request: Request) -> None:
        await asyncio.sleep(0.3)

    bot, line = Echo(take_time), Notes(count=2)
    async with running(url, bot, line, concurrency=2) as inbox:
        for number in range(3):
            await inbox.submit(request(f"line:{number}", room=f"r{number}"))
        await eventually(lambda: len(bot.asked) == 2)
    assert sorted(row[0] for row in line.shown) == ["line:0", "line:0", "line:1", "line:1"]
    async with running(url, bot, line):
        await eventually(lambda: len(bot.told) == 6)
    assert bot.asked == ["line:0", "line:1", "line:2"]


async def test_what_outlasts_the_deadline_is_taken_up_at_the_next_start(url: str) -> None:
    async def hang(request: Request) -> None:
        await asyncio.sleep(60)

    stuck, line = Echo(hang), Notes()
    for number in range(4):  # an orderly end is no crash: it does not count against the request
        async with running(url, stuck, line, drain_s=0.2) as inbox:
            await inbox.submit(request("line:1"))
            await eventually(lambda wanted=number + 1: len(stuck.asked) == wanted)
            begun = time.monotonic()
        assert time.monotonic() - begun < 3
    async with running(url, bot := Echo(), line):
        await eventually(lambda: len(bot.told) == 1)
    assert line.shown == [("line:1", 0, "答：line:1？")]


async def test_a_part_that_is_being_sent_at_the_end_is_not_torn(sqlite: str) -> None:
    class Slow(Notes):
        async def send(self, request: Request, part: object, index: int, key: str) -> str | None:
            sending.set()
            await asyncio.sleep(0.5)
            return await super().send(request, part, index, key)

    sending = asyncio.Event()
    bot, line = Echo(), Slow(count=2)
    async with running(sqlite, bot, line, drain_s=0.1) as inbox:
        await inbox.submit(request("line:1"))
        await sending.wait()
    assert [part for _, part, _ in line.shown] == [0]
    async with running(sqlite, bot, line):
        await eventually(lambda: len(line.shown) == 2)
        await eventually(lambda: bot.told[-1][1] == 1)
    assert [part for _, part, _ in line.shown] == [0, 1]
    assert bot.told == [("line:1", 0, "m-line:1-0"), ("line:1", 1, "m-line:1-1")]
    assert bot.asked == ["line:1"]


async def test_a_database_that_goes_away_and_comes_back_loses_nothing(postgres_url: str) -> None:
    async def cut_the_lines(request: Request) -> None:
        storage = open_storage(postgres_url)
        with suppress(LedgerError), storage.transaction() as tx:
            tx.execute(text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ))  # fmt: skip
        storage.close()

    bot, line = Echo(cut_the_lines), Notes()
    async with running(postgres_url, bot, line) as inbox:
        for number in range(3):
            for _ in range(5):
                with suppress(LedgerError):  # then the platform delivers again
                    await inbox.submit(request(f"line:cut{number}"))
                    break
        await eventually(lambda: len(bot.told) == 3)
    assert [row[0] for row in line.shown] == ["line:cut0", "line:cut1", "line:cut2"]


async def test_a_write_that_fails_fails_alone(url: str) -> None:
    def wrong(_: Connection) -> None:
        raise ZeroDivisionError

    storage = open_storage(url)
    writer = Writer(storage)

    def count(tx: Connection) -> int:
        tx.execute(insert(executors).values(owner=uuid.uuid4().hex, label="", slots=1, seen_at=0))
        return tx.scalar(select(func.count()).select_from(executors)) or 0

    works = [count, count, wrong, count]
    done = await asyncio.gather(*(writer.do(work) for work in works), return_exceptions=True)
    assert done[:2] == [1, 2]
    assert isinstance(done[2], ZeroDivisionError)
    assert done[3] == 3
    await writer.close()
    with pytest.raises(BotError):
        await writer.do(count)
    storage.close()


async def test_a_row_that_cannot_be_read_is_put_aside(sqlite: str) -> None:
    async def first(request: Request) -> None:
        await gate.wait()

    gate = asyncio.Event()
    bot = Echo(first)
    async with running(sqlite, bot, Notes(), concurrency=1) as inbox:
        for number in range(3):
            await inbox.submit(request(f"line:{number}"))
        storage = open_storage(sqlite)
        with storage.transaction() as tx:
            tx.execute(text("UPDATE inbox SET request = '{}' WHERE id = 'line:1'"))
        storage.close()
        gate.set()
        await eventually(lambda: len(bot.told) == 2)
        assert await inbox.submit(request("line:1")) == Duplicate("failed")
    assert bot.asked == ["line:0", "line:2"]
