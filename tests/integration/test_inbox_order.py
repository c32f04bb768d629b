"""The inbox's promises to the doors: once, in order, so many at a time, and a place in line."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.errors import BotError
from bot.inbox import Accepted, Duplicate, Full
from bot.inbox.packing import pack, unpack
from bot.messages import Author, ConversationRef, Request
from bot.storage import open_storage
from tests.support.databases import empty_database
from tests.support.inbox_parts import AT, Echo, Notes, eventually, make, request, running
from tests.support.postgres import postgres


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return empty_database(request.param, tmp_path, request)


class Doors:
    """Lets requests through one by one."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Event] = {}

    async def __call__(self, request: Request) -> None:
        await self._open.setdefault(request.id, asyncio.Event()).wait()

    def open(self, *ids: str) -> None:
        for one in ids:
            self._open.setdefault(one, asyncio.Event()).set()


async def test_a_question_is_answered_once_and_known_ever_after(url: str) -> None:
    bot, line = Echo(), Notes()
    async with running(url, bot, line) as inbox:
        assert await inbox.submit(request("line:1")) == Accepted(0)
        await eventually(lambda: bool(bot.told))
        await eventually(lambda: inbox.stats().delivering == 0)
        assert await inbox.submit(request("line:1")) == Duplicate("done")
    async with running(url, bot, line) as inbox:
        assert await inbox.submit(request("line:1", text="別的")) == Duplicate("done")
        await asyncio.sleep(0.1)
    assert line.shown == [("line:1", 0, "答：line:1？")]
    assert bot.told == [("line:1", 0, "m-line:1-0")]
    assert bot.asked == ["line:1"]


async def test_a_conversation_is_answered_in_the_order_of_arrival(url: str) -> None:
    async def slower_first(request: Request) -> None:
        await asyncio.sleep(0.05 if request.id.endswith("0") else 0)

    bot, line = Echo(slower_first), Notes(count=2)
    ids = [f"line:{room}-{turn}" for turn in range(4) for room in "abc"]
    async with running(url, bot, line) as inbox:
        await asyncio.gather(*(inbox.submit(request(id_, room=id_[5])) for id_ in ids))
        await eventually(lambda: len(line.shown) == 24)
    for room in "abc":
        shown = [(id_, part) for id_, part, _ in line.shown if id_[5] == room]
        assert shown == [(f"line:{room}-{turn}", part) for turn in range(4) for part in (0, 1)]


async def test_so_many_answers_at_once_and_the_oldest_first(url: str) -> None:
    doors = Doors()
    bot = Echo(doors)
    async with running(url, bot, Notes(), concurrency=3) as inbox:
        for number in range(6):
            await inbox.submit(request(f"line:{number}", room=f"r{number}"))
        await eventually(lambda: len(bot.asked) == 3)
        await asyncio.sleep(0.1)
        assert bot.asked == ["line:0", "line:1", "line:2"]
        doors.open("line:1")
        await eventually(lambda: len(bot.asked) == 4)
        assert bot.asked[-1] == "line:3"
        doors.open(*(f"line:{number}" for number in range(6)))
        await eventually(lambda: len(bot.told) == 6)
    assert bot.most_at_once == 3


async def test_whoever_waits_can_be_told_their_place(url: str) -> None:
    doors, line = Doors(), Notes()
    bot = Echo(doors)
    async with running(url, bot, line, concurrency=2) as inbox:
        rooms = ["a", "a", "b", "c", "d"]
        places = [
            await inbox.submit(request(f"line:{number}", room)) for number, room in enumerate(rooms)
        ]
        assert places == [Accepted(place) for place in (0, 1, 1, 2, 3)]
        await eventually(lambda: inbox.stats().handling == 2)
        assert [await inbox.position(f"line:{n}") for n in range(5)] == [0, 1, 0, 2, 3]
        assert await inbox.submit(request("line:4", "d")) == Duplicate("waiting")
        assert await inbox.submit(request("line:0", "a")) == Duplicate("working")
        doors.open("line:0")
        await eventually(lambda: "m-line:0-0" in {message for *_, message in bot.told})
        await asyncio.sleep(0.1)
        # The free slot is line:1's, or line:3's when that was faster than line:0's delivery.
        places = [await inbox.position(f"line:{n}") for n in range(5)]
        assert places in ([None, 0, 0, 1, 2], [None, 1, 0, 0, 2])
        assert await inbox.position("line:none") is None
        doors.open(*(f"line:{number}" for number in range(5)))
        await eventually(lambda: inbox.stats().answered == 5)
    said = [(id_, state.kind, state.place) for id_, state in line.states]
    assert ("line:4", "waiting", 3) in said
    assert ("line:4", "thinking", 0) in said
    assert ("line:0", "waiting", 0) not in said


async def test_a_full_queue_says_so_and_takes_in_again_later(url: str) -> None:
    doors, bot = Doors(), Echo()
    bot.turn = doors
    async with running(url, bot, Notes(), concurrency=1, capacity=3) as inbox:
        taken = await asyncio.gather(*(inbox.submit(request(f"line:{n}")) for n in range(5)))
        assert [type(one) for one in taken] == [Accepted] * 3 + [Full] * 2
        assert taken[4] == Full(3)
        assert await inbox.submit(request("line:1")) == Duplicate("waiting")
        doors.open("line:0", "line:1", "line:2", "line:4")
        await eventually(lambda: len(bot.told) == 3)
        await eventually(lambda: inbox.stats().delivering == 0)
        assert await inbox.submit(request("line:4")) == Accepted(0)
        await eventually(lambda: len(bot.told) == 4)
        assert (inbox.stats().full, inbox.stats().duplicates) == (2, 1)
    assert "line:3" not in bot.asked


async def test_own_work_is_begun_at_once_and_not_at_the_next_look(url: str) -> None:
    bot = Echo()
    async with running(url, bot, Notes(), poll_s=30, beat_s=30, concurrency=1) as inbox:
        for number in range(20):
            await inbox.submit(request(f"line:{number}", room=f"r{number % 3}"))
        await eventually(lambda: len(bot.told) == 20, seconds=5)


async def test_finished_ids_are_forgotten_after_some_days(url: str) -> None:
    now = AT

    def clock() -> object:
        return now

    bot = Echo()
    async with running(url, bot, Notes(), clock, keep_days=7) as inbox:
        await inbox.submit(request("line:1"))
        await eventually(lambda: len(bot.told) == 1)
    now = AT + timedelta(days=6.9)
    async with running(url, bot, Notes(), clock, keep_days=7) as inbox:
        await asyncio.sleep(0.1)
        assert await inbox.submit(request("line:1")) == Duplicate("done")
    now = AT + timedelta(days=7.1)
    async with running(url, bot, Notes(), clock, keep_days=7) as inbox:
        await asyncio.sleep(0.2)
        assert await inbox.submit(request("line:1")) == Accepted(0)
        await eventually(lambda: len(bot.told) == 2)


async def test_nothing_that_was_said_stays_in_the_queue(url: str) -> None:
    async with running(url, bot := Echo(), Notes()) as inbox:
        await inbox.submit(request("line:1", text="我的電話是 0912"))
        await eventually(lambda: len(bot.told) == 1)
        async with asyncio.timeout(30):  # what has been told is written down a moment later
            while await inbox.position("line:1") is not None:  # noqa: ASYNC110 - a row
                await asyncio.sleep(0.01)
    storage = open_storage(url)
    with storage.reading() as tx:
        row = tx.execute(text("SELECT * FROM inbox")).mappings().one()
    storage.close()
    assert (row["request"], row["parts"], row["sent"]) == (None, None, "[]")
    assert "0912" not in str(dict(row))


async def test_what_a_person_can_type_can_be_stored(url: str) -> None:
    odd = "空\0字元、半個 \ud83d、😀、'; DROP TABLE inbox; --"
    bot, line = Echo(), Notes()
    async with running(url, bot, line) as inbox:
        assert await inbox.submit(request("line:\0\ud83d", room="\0", text=odd)) == Accepted(0)
        await eventually(lambda: len(bot.told) == 1)
        assert isinstance(await inbox.submit(request("line:\0\ud83d")), Duplicate)
    assert line.shown[0][2] == f"答：{odd}"


async def test_a_platform_that_is_off_keeps_its_requests_for_later(url: str) -> None:
    bot = Echo()
    async with running(url, bot, Notes()) as inbox:
        await inbox.submit(request("slack:1", platform="slack"))
        await inbox.submit(request("line:1"))
        await eventually(lambda: len(bot.told) == 1)
        assert await inbox.position("slack:1") is not None
    assert bot.asked == ["line:1"]


async def test_closed_it_takes_nothing(tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path}/s.db")
    inbox = make(storage, Echo(), Notes())
    for _ in range(2):
        with pytest.raises(BotError) as caught:
            await inbox.submit(request("line:1"))
        assert caught.value.code == "inbox.closed"
        assert not inbox.stats().ready
        await inbox.stop()
    storage.close()


async def test_two_workers_on_one_sqlite_file_is_refused_clearly(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    async with running(url, Echo(), Notes()):
        with pytest.raises(BotError) as caught:
            async with running(url, Echo(), Notes()):
                pass
    assert (caught.value.code, caught.value.detail) == ("inbox.taken", {"path": str(tmp_path)})
    async with running(url, Echo(), Notes()) as inbox:
        assert inbox.stats().ready


def test_a_request_comes_back_as_it_was_whatever_the_version() -> None:
    where = ConversationRef("slack", "C1", "17.5", "U9")
    full = Request(
        "slack:1", where, Author("slack", "U9", None, True), "？", AT, frozenset({"a", "b"}),
        {"channel": "C1", "deep": [1, {"x": None}]}, "m1", 7, False,
    )  # fmt: skip
    assert unpack(pack(full)) == full
    assert unpack(pack(replace(full, audiences=None))).audiences is None
    newer = pack(full).replace('"text"', '"tone": "friendly", "text"')
    older = pack(full).replace('"chosen": 7, ', "").replace('"is_admin": true', '"rank": 3')
    assert unpack(newer) == full
    assert unpack(older) == replace(full, chosen=None, author=Author("slack", "U9"))
