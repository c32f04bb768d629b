"""Several processes on one PostgreSQL share the queue, and one takes over from another."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.inbox import InboxSettings
from tests.support.databases import empty_database
from tests.support.inbox_child import Child, Habits, wait_until
from tests.support.inbox_platform import Platform, platform
from tests.support.postgres import postgres


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return empty_database("postgres", tmp_path, request)


@pytest.fixture
def line() -> Iterator[Platform]:
    with platform() as it:
        yield it


def both_parts(of: Platform) -> set[str]:
    parts = Counter(id_ for id_, *_ in of.shown)
    return {id_ for id_, count in parts.items() if count == 2}


def test_a_second_process_repeats_nothing_and_takes_over_when_the_first_is_killed(
    database: str, line: Platform
) -> None:
    habits = {"takes_s": 0.3, "concurrency": 2, "lease_s": 6.0, "beat_s": 1.0}
    one = Child(Habits(database, line.url, "one", **habits))
    names = [f"line:{number:02}" for number in range(24)]
    for number, name in enumerate(names):
        one.hand_in(name, f"room{number % 8}")
    wait_until(lambda: len(line.begun) >= 2)
    two = Child(Habits(database, line.url, "two", **habits))
    two.hand_in("line:00", "room0")
    wait_until(lambda: len(two.acknowledged) == 1 and len(one.acknowledged) == 24)
    assert two.acknowledged == {"line:00": "Duplicate"}
    wait_until(lambda: len({label for _, label in line.begun}) == 2)
    wait_until(lambda: len(both_parts(line)) >= 8)
    assert max(Counter(id_ for id_, _ in line.begun).values()) == 1
    open_at_one = len([1 for _, label in line.begun if label == "one"])
    one.kill()
    killed_at = time.monotonic()
    wait_until(lambda: both_parts(line) == set(names))
    took = time.monotonic() - killed_at
    two.signal(signal.SIGTERM)
    assert two.wait() == 0
    assert took < 30
    usual = InboxSettings()
    assert usual.lease_s + usual.beat_s + usual.poll_s < 20, "this test waits for less"
    assert open_at_one >= 3
    assert line.repeated() == 0
    again = [id_ for id_, count in Counter(id_ for id_, _ in line.begun).items() if count > 1]
    assert len(again) <= habits["concurrency"], "only what the dead process was answering"
    in_order(line, names)


def in_order(line: Platform, names: list[str]) -> None:
    first = list(dict.fromkeys(id_ for id_, *_ in line.shown))
    for room in range(8):
        mine = [name for number, name in enumerate(names) if number % 8 == room]
        assert [id_ for id_ in first if id_ in mine] == mine


def test_a_process_that_was_asleep_finds_its_work_taken_and_repeats_nothing(
    database: str, line: Platform
) -> None:
    quick = {"lease_s": 1.5, "beat_s": 0.3, "concurrency": 1}
    sleepy = Child(Habits(database, line.url, "sleepy", takes_s=1.0, **quick))
    sleepy.hand_in("line:1", "room")
    wait_until(lambda: len(line.begun) == 1)
    sleepy.signal(signal.SIGSTOP)
    awake = Child(Habits(database, line.url, "awake", **quick))
    awake.hand_in("line:2", "room")
    wait_until(lambda: both_parts(line) == {"line:1", "line:2"})
    sleepy.signal(signal.SIGCONT)
    time.sleep(1.5)
    awake.signal(signal.SIGTERM)
    assert awake.wait() == 0
    assert {label for *_, label in line.calls} == {"awake"}
    sleepy.hand_in("line:3", "room")  # and it works on
    wait_until(lambda: "line:3" in both_parts(line))
    sleepy.signal(signal.SIGTERM)
    assert sleepy.wait() == 0
    assert (len(line.calls), line.repeated()) == (6, 0)
