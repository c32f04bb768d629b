"""A bot process with nothing but an inbox, to be killed: ``python -m tests.support.inbox_child``.

Reads ``{"id", "room"}`` lines from stdin and hands them in; says ``["acknowledged", id, kind]``
on stdout once `submit` has returned. SIGTERM ends it in order. What it is like comes as JSON in
its argument; see `Habits`.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

import httpx

from bot.inbox import Handler, Hear, Inbox, InboxSettings, Progress, ReplyChannel
from bot.messages import Answer, Request
from bot.storage import open_storage
from tests.support.inbox_parts import request


@dataclass(frozen=True, slots=True)
class Habits:
    database: str
    platform: str
    label: str = "one"
    takes_s: float = 0.02
    """To answer."""
    die_after_send: int = 0
    """Kill itself when this many parts are with the platform, the last one not written down."""
    deadly: str = ""
    """The request whose answering kills the process."""
    concurrency: int = 4
    lease_s: float = 15.0
    beat_s: float = 3.0


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


class Bot(Handler):
    def __init__(self, habits: Habits, http: httpx.AsyncClient) -> None:
        self._habits = habits
        self._http = http

    async def handle(self, request: Request, hear: Hear) -> Answer:
        said = {"request": request.id, "label": self._habits.label}
        await self._http.post("/begin", json=said)
        await asyncio.sleep(self._habits.takes_s * random.uniform(0.5, 1.5))
        if request.id == self._habits.deadly:
            die()
        return Answer(request.text, "grounded", f"答{request.id}", id=request.id)

    def failed(self, request: Request, error: Exception) -> Answer:
        code = getattr(error, "code", type(error).__name__)
        return Answer(request.text, "failed", f"沒成{request.id}：{code}", id=request.id)

    def stopped(self, request: Request) -> Answer:
        return Answer(request.text, "failed", f"停{request.id}", id=request.id, reason="stopped")

    async def delivered(self, request: Request, part: int, message_id: str | None) -> None: ...

    async def undelivered(self, request: Request, part: int, problem: str) -> None: ...


class Channel(ReplyChannel):
    offers_idempotency = True

    def __init__(self, habits: Habits, http: httpx.AsyncClient) -> None:
        self._habits = habits
        self._http = http
        self._sent = 0

    def parts(self, request: Request, answer: Answer) -> Sequence[Any]:
        return [answer.text, "（續）"]

    async def send(self, request: Request, part: Any, index: int, key: str) -> str | None:
        said = {"request": request.id, "part": index, "text": part, "key": key}
        reply = await self._http.post("/send", json={**said, "label": self._habits.label})
        self._sent += 1
        if self._sent == self._habits.die_after_send:
            die()
        return str(reply.json()["id"])

    async def progress(self, request: Request, state: Progress) -> None: ...


def say(*words: object) -> None:
    print(json.dumps(words), flush=True)


async def hand_in(inbox: Inbox, lines: TextIO) -> None:
    """Until stdin ends; one at a time, so that the order is clear."""
    while line := await asyncio.to_thread(lines.readline):
        said = json.loads(line)
        result = await inbox.submit(request(said["id"], said["room"]))
        say("acknowledged", said["id"], type(result).__name__)


async def run(habits: Habits) -> None:
    storage = open_storage(habits.database)
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    settings = InboxSettings(
        habits.concurrency,
        executor_id=habits.label,
        lease_s=habits.lease_s,
        beat_s=habits.beat_s,
        retry_s=0.05,
    )
    async with httpx.AsyncClient(base_url=habits.platform, timeout=30) as http:
        bot, channel = Bot(habits, http), Channel(habits, http)
        inbox = Inbox(storage, bot, {"line": channel}, settings, lambda: datetime.now(UTC))
        await inbox.start()
        say("started")
        reading = asyncio.create_task(hand_in(inbox, sys.stdin))
        await over.wait()
        await inbox.stop()
        say("stopped")
        reading.cancel()
    storage.close()
    os._exit(0)  # a thread still reads stdin


class Child:
    """The process as the test sees it."""

    def __init__(self, habits: Habits) -> None:
        self.acknowledged: dict[str, str] = {}
        self._heard: list[list[str]] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, json.dumps(asdict(habits))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with suppress(ValueError):  # cut off by the kill
                words = json.loads(line)
                if words[0] == "acknowledged":
                    self.acknowledged[words[1]] = words[2]
                self._heard.append(words)

    def has_said(self, word: str) -> bool:
        return any(words[0] == word for words in self._heard)

    def hand_in(self, id_: str, room: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it has died meanwhile
            self._process.stdin.write(json.dumps({"id": id_, "room": room}) + "\n")

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        code = self._process.wait(60)
        self._thread.join(60)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._process.stdout.close()
        return code


def wait_until(condition: Any, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(run(Habits(**json.loads(sys.argv[1]))))
