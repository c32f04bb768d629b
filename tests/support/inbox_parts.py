"""A bot that echoes and a platform that takes notes: the inbox's two ends."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.inbox import Handler, Hear, Inbox, InboxSettings, Progress, ReplyChannel
from bot.messages import Answer, Author, ConversationRef, Request
from bot.storage import Storage, open_storage

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def request(id_: str, room: str = "r1", text: str | None = None, platform: str = "line") -> Request:
    where = ConversationRef(platform, room)
    return Request(id_, where, Author(platform, "u1", "王小明"), text or f"{id_}？", AT)


@dataclass
class Echo(Handler):
    """Answers with the question; `turn` is awaited first."""

    turn: Callable[[Request], Any] | None = None
    asked: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    told: list[tuple[str, int, str | None]] = field(default_factory=list)
    given_up: list[tuple[str, int, str]] = field(default_factory=list)

    async def handle(self, request: Request, hear: Hear) -> Answer:
        self.asked.append(request.id)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.turn is not None:
                await self.turn(request)
        finally:
            self.at_once -= 1
        return Answer(request.text, "grounded", f"答：{request.text}", id=request.id)

    def stopped(self, request: Request) -> Answer:
        return Answer(request.text, "failed", "停", id=request.id, reason="stopped")

    def failed(self, request: Request, error: Exception) -> Answer:
        return Answer(request.text, "failed", f"沒成：{type(error).__name__}", id=request.id)

    async def delivered(self, request: Request, part: int, message_id: str | None) -> None:
        self.told.append((request.id, part, message_id))

    async def undelivered(self, request: Request, part: int, problem: str) -> None:
        self.given_up.append((request.id, part, problem))


@dataclass
class Notes(ReplyChannel):
    """Every answer is as many parts as `count`; `trouble` may raise for one."""

    count: int = 1
    trouble: Callable[[Request, int], None] | None = None
    shown: list[tuple[str, int, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    states: list[tuple[str, Progress]] = field(default_factory=list)
    offers_idempotency: bool = True

    def parts(self, request: Request, answer: Answer) -> Sequence[Any]:
        return [{"text": answer.text, "part": number} for number in range(self.count)]

    async def send(self, request: Request, part: Any, index: int, key: str) -> str | None:
        self.keys.append(key)
        if self.trouble is not None:
            self.trouble(request, index)
        self.shown.append((request.id, index, part["text"]))
        return f"m-{request.id}-{index}"

    async def progress(self, request: Request, state: Progress) -> None:
        self.states.append((request.id, state))


@asynccontextmanager
async def running(
    url: str,
    handler: Handler,
    channel: ReplyChannel,
    clock: Any = None,
    platforms: Any = None,
    **settings: Any,
) -> Any:
    storage = open_storage(url)
    inbox = make(storage, handler, channel, clock, **settings)
    try:
        await inbox.start(platforms)
        try:
            yield inbox
        finally:
            await inbox.stop()
    finally:
        storage.close()


def make(
    storage: Storage, handler: Handler, channel: ReplyChannel, clock: Any = None, **settings: Any
) -> Inbox:
    quick: dict[str, Any] = {"concurrency": 4, "retry_s": 0.01, "drain_s": 5.0, **settings}
    fixed = clock or (lambda: AT)
    return Inbox(storage, handler, {"line": channel}, InboxSettings(**quick), fixed)


async def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - it may be about a file or another process
            await asyncio.sleep(0.01)
