"""What chats ask of the inbox besides answers: bursts, a stop, a question taken back, watching."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.inbox import Accepted, Duplicate, Handler, Hear, Merged, Progress
from bot.messages import Answer, Author, Request, TextDelta
from bot.storage import open_storage
from tests.support.databases import empty_database
from tests.support.inbox_parts import Echo, Notes, eventually, request, running
from tests.support.postgres import postgres

HOLD_S = 0.4


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return empty_database(request.param, tmp_path, request)


def now() -> datetime:
    return datetime.now(UTC)


async def test_a_burst_is_one_question_with_the_newest_way_back(url: str) -> None:
    bot, line = Echo(), Notes()
    async with running(url, bot, line, now) as inbox:
        first = replace(request("line:1", text="請問"), message_id="m1", reply={"token": "old"})
        second = replace(
            request("line:2", text="幾點開？"), message_id="m2", reply={"token": "new"}
        )
        assert await inbox.submit(first, HOLD_S) == Accepted(0)
        assert await inbox.submit(second) == Merged("line:1")
        await eventually(lambda: bool(line.shown))
        assert await inbox.submit(second) == Duplicate("done")
        assert await inbox.submit(first, HOLD_S) == Duplicate("done")
    assert line.shown == [("line:1", 0, "答：請問\n幾點開？")]


async def test_what_is_held_and_stays_alone_is_answered_after_a_moment(url: str) -> None:
    bot, line = Echo(), Notes()
    async with running(url, bot, line, now) as inbox:
        await inbox.submit(request("line:1", text="停車"), HOLD_S)
        await asyncio.sleep(HOLD_S / 4)
        assert line.shown == []
        await eventually(lambda: bool(line.shown))


async def test_nobody_finishes_another_persons_sentence(url: str) -> None:
    bot, line = Echo(), Notes()
    async with running(url, bot, line, now) as inbox:
        await inbox.submit(request("line:1", text="請問"), HOLD_S)
        other = replace(request("line:2", text="幾點開？"), author=Author("line", "u2"))
        assert isinstance(await inbox.submit(other), Accepted)
        elsewhere = request("line:3", room="r2", text="幾點關？")
        assert isinstance(await inbox.submit(elsewhere), Accepted)
        await eventually(lambda: len(line.shown) == 3)
    assert {text for _, _, text in line.shown} == {"答：請問", "答：幾點開？", "答：幾點關？"}


async def test_a_burst_that_was_held_is_answered_by_the_next_process(url: str) -> None:
    """Its time is over when that one looks."""
    line = Notes()
    async with running(url, Echo(), line, now, drain_s=0.0) as inbox:
        await inbox.submit(request("line:1", text="請問"), 30)
        await inbox.submit(request("line:2", text="幾點開"), HOLD_S)
    assert line.shown == []
    async with running(url, Echo(), line, now):
        await eventually(lambda: bool(line.shown))
    assert line.shown == [("line:1", 0, "答：請問\n幾點開")]


async def test_a_stop_ends_what_is_being_answered_and_what_waits(url: str) -> None:
    started = asyncio.Event()

    async def never(_: Request) -> None:
        started.set()
        await asyncio.sleep(60)

    bot, line = Echo(never), Notes()
    async with running(url, bot, line, now) as inbox:
        for number in (1, 2):
            await inbox.submit(request(f"line:{number}"))
        other = request("line:3", room="r2")
        await inbox.submit(other)
        await started.wait()
        assert await inbox.stop_answers(request("line:1").conversation) == 2
        await eventually(lambda: len(line.shown) == 2)
        assert line.shown == [("line:1", 0, "停"), ("line:2", 0, "停")]
        assert await inbox.stop_answers(request("line:1").conversation) == 0
        assert await inbox.position("line:3") == 0
        assert await inbox.stop_answers(other.conversation) == 1


async def test_nothing_is_answered_any_more_to_who_is_to_be_forgotten(url: str) -> None:
    started = asyncio.Event()

    async def never(_: Request) -> None:
        started.set()
        await asyncio.sleep(60)

    bot, line = Echo(never), Notes()
    async with running(url, bot, line, now, concurrency=1) as inbox:
        other = request("line:9", room="r9")
        theirs = replace(other, author=Author("line", "u9"))
        for number in (1, 2):
            await inbox.submit(request(f"line:{number}", room=f"r{number}"))
        await inbox.submit(theirs)
        await started.wait()
        assert await inbox.withdraw_all("line", "u1") == 2
        await eventually(lambda: bot.asked[-1] == "line:9")
        assert await inbox.withdraw_all("line", "u1") == 0
        assert await inbox.withdraw_all("line", "u9") == 1
        await eventually(lambda: inbox.stats().handling == 0 and inbox.stats().delivering == 0)
        storage = open_storage(url)
        with storage.reading() as tx:
            assert not any(tx.scalars(text("SELECT request FROM inbox")))
        storage.close()
    assert bot.asked == ["line:1", "line:9"]
    assert line.shown == []


async def test_a_question_that_is_taken_back_gets_no_answer(url: str) -> None:
    started = asyncio.Event()

    async def never(_: Request) -> None:
        started.set()
        await asyncio.sleep(60)

    bot, line = Echo(never), Notes()
    async with running(url, bot, line, now) as inbox:
        for number in (1, 2):
            await inbox.submit(replace(request(f"line:{number}"), message_id=f"m{number}"))
        await started.wait()
        assert await inbox.withdraw("line", "m2") == ("line:2",)
        assert await inbox.withdraw("line", "m1") == ("line:1",)
        assert await inbox.withdraw("line", "m9") == ()
        await eventually(lambda: inbox.stats().handling == 0 and inbox.stats().delivering == 0)
        bot.turn = None
        await inbox.submit(request("line:3"))
        await eventually(lambda: bool(line.shown))
    assert line.shown == [("line:3", 0, "答：line:3？")]
    assert ("line:1", "withdrawn") in [(id_, state.kind) for id_, state in line.states]
    assert bot.asked == ["line:1", "line:3"]


@pytest.mark.parametrize("message", ["m1", "m2"])
async def test_taking_back_a_part_of_a_burst_takes_it_all_back(url: str, message: str) -> None:
    line = Notes()
    async with running(url, Echo(), line, now) as inbox:
        first = replace(request("line:1", text="請問"), message_id="m1")
        await inbox.submit(first, HOLD_S)
        second = replace(request("line:2", text="電話"), message_id="m2")
        await inbox.submit(second, HOLD_S)
        assert await inbox.withdraw("line", message) == ("line:1",)
        await asyncio.sleep(HOLD_S * 2)
    assert line.shown == []


async def test_what_is_dealt_with_at_once_is_dealt_with_once(url: str) -> None:
    async with running(url, Echo(), Notes(), now) as inbox:
        assert await inbox.once("line:cmd", "line")
        assert not await inbox.once("line:cmd", "line")
        assert await inbox.submit(request("line:cmd")) == Duplicate("done")
    async with running(url, Echo(), Notes(), now) as inbox:
        assert not await inbox.once("line:cmd", "line")


@dataclass
class Talker(Handler):
    """Says its answer word by word; `pause_s` between."""

    words: tuple[str, ...] = ("平日", "十點", "開門")
    pause_s: float = 0.1
    die: bool = False

    async def handle(self, request: Request, hear: Hear) -> Answer:
        for word in self.words:
            hear(TextDelta(word))
            await asyncio.sleep(self.pause_s)
        return Answer(request.text, "grounded", "平日上午十點。", id=request.id)

    def stopped(self, request: Request) -> Answer:
        return Answer(request.text, "failed", "停", id=request.id)

    def failed(self, request: Request, error: Exception) -> Answer:
        return Answer(request.text, "failed", "沒成", id=request.id)

    async def delivered(self, request: Request, part: int, message_id: str | None) -> None: ...

    async def undelivered(self, request: Request, part: int, problem: str) -> None: ...


@dataclass
class Screen(Notes):
    """Shows answers while they are made."""

    every_s: float = 0.05
    opens: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)
    addresses: list[Mapping[str, Any]] = field(default_factory=list)
    broken: bool = False
    taken_away: list[Any] = field(default_factory=list)

    async def progress(self, request: Request, state: Progress) -> None:
        await super().progress(request, state)
        if state.kind == "withdrawn":
            self.taken_away.append(request.reply.get("live"))

    async def open(self, request: Request) -> Mapping[str, Any]:
        self.opens += 1
        if self.broken:
            raise RuntimeError("no such room")
        return {"live": f"live-{self.opens}"}

    async def show(self, request: Request, text: str) -> None:
        self.seen.append((request.reply["live"], text))

    async def send(self, request: Request, part: Any, index: int, key: str) -> str | None:
        self.addresses.append(request.reply)
        return await super().send(request, part, index, key)


async def test_an_answer_is_watched_while_it_is_made_and_then_replaced(url: str) -> None:
    slack = Screen()
    async with running(url, Talker(), slack, now) as inbox:
        await inbox.submit(replace(request("line:1"), reply={"room": "C1"}))
        await eventually(lambda: bool(slack.shown))
    texts = [text for _, text in slack.seen]
    assert slack.opens == 1
    assert texts == sorted(texts, key=len)
    assert texts[-1] == "平日十點開門"
    assert slack.addresses == [{"room": "C1", "live": "live-1"}]


async def test_after_a_restart_the_same_message_is_replaced(url: str) -> None:
    slack = Screen()
    async with running(url, Talker(pause_s=30), slack, now, drain_s=0.0) as inbox:
        await inbox.submit(request("line:1"))
        await eventually(lambda: bool(slack.seen))
    async with running(url, Talker(pause_s=0), slack, now):
        await eventually(lambda: bool(slack.shown))
    assert slack.opens == 1
    assert slack.addresses == [{"live": "live-1"}]


async def test_what_was_shown_of_a_question_taken_back_can_be_taken_away(url: str) -> None:
    slack = Screen()
    async with running(url, Talker(pause_s=30), slack, now) as inbox:
        await inbox.submit(replace(request("line:1"), message_id="m1"))
        await eventually(lambda: bool(slack.seen))
        await inbox.withdraw("line", "m1")
        await eventually(lambda: bool(slack.taken_away))
    assert slack.taken_away == ["live-1"]
    assert slack.shown == []


async def test_what_cannot_be_watched_arrives_all_the_same(url: str) -> None:
    slack = Screen(broken=True)
    async with running(url, Talker(), slack, now) as inbox:
        await inbox.submit(request("line:1"))
        await eventually(lambda: bool(slack.shown))
    assert slack.shown == [("line:1", 0, "平日上午十點。")]


async def test_platforms_that_are_not_served_wait(url: str) -> None:
    line = Notes()
    async with running(url, Echo(), line, now, platforms=()) as inbox:
        assert isinstance(await inbox.submit(request("line:1")), Accepted)
        await asyncio.sleep(0.2)
        assert line.shown == []
        inbox.serve("line")
        await eventually(lambda: bool(line.shown))
