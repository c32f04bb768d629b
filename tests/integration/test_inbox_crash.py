"""Killed at any moment: what was acknowledged is answered, in order, and shown once.

``KILL_ROUNDS=50`` in the environment kills more often.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.inbox_child import Child, Habits, wait_until
from tests.support.inbox_platform import Platform, platform

ROUNDS = int(os.environ.get("KILL_ROUNDS", "5"))
A_ROUND = 14
ROOMS = 3


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/secretary.db"


class Users:
    """They write on, and write again what nobody acknowledged, as platforms redeliver."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str]] = []
        self.acknowledged: set[str] = set()
        self._dice = random.Random(11)

    def write(self, child: Child, count: int, rooms: int = ROOMS) -> None:
        for id_, room in self.written:
            if id_ not in self.acknowledged:
                child.hand_in(id_, room)
        for _ in range(count):
            number = len(self.written)
            asked = (f"line:{number:04}", f"room{number % rooms}")
            self.written.append(asked)
            child.hand_in(*asked)
            time.sleep(self._dice.uniform(0, 0.02))

    def hear(self, child: Child) -> None:
        assert set(child.acknowledged.values()) <= {"Accepted", "Duplicate"}
        self.acknowledged |= child.acknowledged.keys()


def kill_again_and_again(users: Users, users_of: Platform, database: str) -> int:
    """Every other process kills itself between sending and writing down; how many died."""
    dice = random.Random(23)
    for number in range(ROUNDS):
        after = dice.randrange(1, 12) if number % 2 else 0
        child = Child(Habits(database, users_of.url, die_after_send=after))
        wait_until(lambda: child.has_said("started"))  # noqa: B023
        users.write(child, A_ROUND)
        if after:
            wait_until(lambda: not child.is_alive())  # noqa: B023
        time.sleep(dice.uniform(0, 0.3))
        child.kill()
        users.hear(child)
    return ROUNDS


def finish(users: Users, users_of: Platform, database: str) -> None:
    last = Child(Habits(database, users_of.url))
    users.write(last, 0)
    everything = {(id_, part) for id_, _ in users.written for part in (0, 1)}
    wait_until(lambda: {(id_, part) for id_, part, _ in users_of.shown} >= everything)
    time.sleep(0.3)  # whatever else would come
    last.signal(signal.SIGTERM)
    assert last.wait() == 0
    users.hear(last)


def rooms_in_order(users: Users, users_of: Platform) -> None:
    """First appearances: a part shown again later is counted elsewhere."""
    first = list(dict.fromkeys((id_, part) for id_, part, _ in users_of.shown))
    for room in {room for _, room in users.written}:
        mine = [id_ for id_, its in users.written if its == room]
        shown = [at for at in first if at[0] in set(mine)]
        assert shown == [(id_, part) for id_ in mine for part in (0, 1)]


def test_where_keys_are_honoured_nothing_is_lost_and_nothing_is_seen_twice(database: str) -> None:
    users = Users()
    with platform() as line:
        killed = kill_again_and_again(users, line, database)
        finish(users, line, database)
    assert len(users.acknowledged) == len(users.written) == killed * A_ROUND
    assert line.repeated() == 0
    assert len(line.calls) > len(line.shown), "no kill fell between sending and writing down"
    texts = {(id_, text) for id_, part, text in line.shown if part == 0}
    assert texts == {(id_, f"答{id_}") for id_, _ in users.written}
    rooms_in_order(users, line)


def test_where_keys_are_ignored_a_kill_repeats_one_part_at_most(database: str) -> None:
    users = Users()
    with platform(honours_keys=False) as chat:
        for number in range(ROUNDS):
            before = chat.repeated()
            # One conversation: more could be on the wire at the same time.
            child = Child(Habits(database, chat.url, die_after_send=number % 2 + 1))
            users.write(child, 1, rooms=1)
            wait_until(lambda: not child.is_alive())  # noqa: B023
            child.kill()
            users.hear(child)
            assert chat.repeated() - before <= 1
        finish(users, chat, database)
    assert 1 <= chat.repeated() <= ROUNDS
    rooms_in_order(users, chat)


@pytest.fixture
def line() -> Iterator[Platform]:
    with platform() as it:
        yield it


def test_a_request_that_kills_again_and_again_is_given_up_and_takes_nobody_with_it(
    database: str, line: Platform
) -> None:
    deadly = Habits(database, line.url, deadly="line:2", takes_s=0.2)
    names = [f"line:{number}" for number in range(4)]
    starts = 0
    while len({id_ for id_, part, _ in line.shown if part == 1}) < len(names):
        starts += 1
        assert starts < 9
        child = Child(deadly)
        for name in names:
            child.hand_in(name, room=name)
        wait_until(lambda: not child.is_alive() or len(line.shown) == 2 * len(names))  # noqa: B023
        child.kill()
    texts = {id_: text for id_, part, text in line.shown if part == 0}
    assert texts == {
        "line:0": "答line:0",
        "line:1": "答line:1",
        "line:2": "沒成line:2：inbox.gave_up",
        "line:3": "答line:3",
    }
    assert [id_ for id_, _ in line.begun].count("line:2") == 3
    assert line.repeated() == 0


def test_sigterm_lets_the_answers_end_and_leaves_the_rest_for_the_next_start(
    database: str, line: Platform
) -> None:
    child = Child(Habits(database, line.url, takes_s=0.5, concurrency=2))
    for number in range(6):
        child.hand_in(f"line:{number}", f"room{number}")
    wait_until(lambda: len(child.acknowledged) == 6)
    wait_until(lambda: len(line.begun) == 2)
    child.signal(signal.SIGTERM)
    assert child.wait() == 0
    assert child.has_said("stopped")
    assert {id_ for id_, *_ in line.shown} == {"line:0", "line:1"}
    assert len(line.shown) == 4
    users = Users()
    users.written = [(f"line:{number}", f"room{number}") for number in range(6)]
    finish(users, line, database)
    assert set(users.acknowledged) == {id_ for id_, _ in users.written}
    assert (len(line.shown), len(line.calls)) == (12, 12)
    assert len(line.begun) == 6
