"""The queue between the doors and the answers.

    submit ──► rows ──► claim (order, concurrency) ──► Worker ──► platform

A table with a sequence and a lease, and no workflow library: DBOS 3.4 was measured. It finds
work by polling (8 % of a core when idle at 50 ms, 3 % at 200 ms; here 0.4 %, woken at once),
picks among waiting conversations at random, so that no place in line is true, and hands a dead
process's work over only through its own service or private calls.
"""

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import BotError
from bot.following import about, stage
from bot.inbox import rows
from bot.inbox.dispatcher import Dispatcher
from bot.inbox.heart import Heart
from bot.inbox.packing import pack, unpack
from bot.inbox.presence import Presence
from bot.inbox.protocol import (
    Accepted,
    Duplicate,
    Full,
    Handler,
    InboxSettings,
    InboxStats,
    Merged,
    Progress,
    ReplyChannel,
    Submitted,
)
from bot.inbox.worker import Worker
from bot.inbox.writer import Writer
from bot.messages import ConversationRef, Request
from bot.storage import Storage, storable
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

_COUNTED = (
    "accepted",
    "duplicates",
    "merged",
    "full",
    "answered",
    "failed",
    "undelivered",
    "retries",
    "taken_over",
)


@dataclass(frozen=True, slots=True)
class _Running:
    """What there is between `start` and `stop` only."""

    writer: Writer
    heart: Heart
    worker: Worker
    dispatcher: Dispatcher
    loops: tuple[asyncio.Task[None], ...]


class Inbox:
    """Durable, in order within a conversation, at most `concurrency` answers at once.

    `storage` stays the caller's. `clock` gives aware times. Started once, stopped once.
    """

    def __init__(
        self,
        storage: Storage,
        handler: Handler,
        channels: Mapping[str, ReplyChannel],
        settings: InboxSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self._storage = storage
        self._handler = handler
        self._channels = channels
        self._settings = settings
        self._clock = clock
        owner = f"{settings.executor_id[:60]}-{uuid.uuid4().hex}"
        self._presence = Presence(storage, owner, settings)
        self._counts: Counter[str] = Counter()
        self._running: _Running | None = None

    # -- for the doors ---------------------------------------------------------------------

    async def submit(self, request: Request, hold_s: float = 0.0) -> Submitted:
        """Returns once the request is safe on disk, or was not taken.

        It is answered after `hold_s` at the earliest; what the same person says in the same
        place meanwhile becomes a part of it.

        Raises BotError `inbox.closed` before `start` and after `stop`, LedgerError
        `database.unavailable`, StoreError `disk.full`: then nothing may be acknowledged.
        """
        now = self._clock()
        row = {
            "id": storable(request.id),
            "platform": request.conversation.platform,
            "conversation": storable(request.conversation.key),
            "request": pack(request),
            "accepted_at": now,
            "author": author_key(request.author.platform, request.author.user_id),
            "message_id": request.message_id,
            "ready_at": now + timedelta(seconds=hold_s) if hold_s else None,
        }
        running = self._at_work()
        capacity, slots = self._settings.capacity, running.heart.pulse.slots
        with about(request.id), stage("accept"):
            result = await running.writer.do(
                lambda tx: rows.add(tx, row, capacity, slots), durable=True
            )
            self._note(running, request, result)
        if hold_s:
            asyncio.get_running_loop().call_later(hold_s, running.dispatcher.wake)
        return result

    async def once(self, delivery_id: str, platform: str) -> bool:
        """For what is dealt with at once instead of in turn: False where this id is known.

        Raises as `submit`.
        """
        now, id_ = self._clock(), storable(delivery_id)
        return await self._at_work().writer.do(lambda tx: rows.once(tx, id_, platform, now))

    async def stop_answers(self, conversation: ConversationRef) -> int:
        """No answer is wanted any more to what is open there; how many there were.

        Each ends with what `Handler.stopped` says. Raises BotError `inbox.closed`, LedgerError.
        """
        running, key = self._at_work(), storable(conversation.key)
        ids = await running.writer.do(lambda tx: rows.stop(tx, key))
        running.worker.stop(dict.fromkeys(ids, "stopped"))
        running.dispatcher.wake()
        return len(ids)

    async def withdraw(self, platform: str, message_id: str) -> tuple[str, ...]:
        """A question was taken back: it is not answered, if it is not yet. Gives the requests
        that it was a part of. Raises BotError `inbox.closed`, LedgerError."""
        running = self._at_work()
        ids = await running.writer.do(lambda tx: rows.withdraw(tx, platform, message_id))
        running.worker.stop(dict.fromkeys(ids, "withdrawn"))
        running.dispatcher.wake()
        return tuple(ids)

    async def withdraw_all(self, platform: str, user_id: str) -> int:
        """What this person asked and is not answered yet is answered no more; how much that
        was. Raises BotError `inbox.closed`, LedgerError."""
        running, who = self._at_work(), author_key(platform, user_id)
        ids = await running.writer.do(lambda tx: rows.withdraw_all(tx, who))
        running.worker.stop(dict.fromkeys(ids, "withdrawn"))
        running.dispatcher.wake()
        return len(ids)

    def _note(self, running: _Running, request: Request, result: Submitted) -> None:
        match result:
            case Accepted(position):
                self._counts["accepted"] += 1
                log.info("accepted, place %d", position)
                running.dispatcher.wake()
                if position:
                    running.worker.tell(request, Progress("waiting", position))
            case Duplicate():
                self._counts["duplicates"] += 1
            case Merged():
                self._counts["merged"] += 1
                running.dispatcher.wake()
            case Full():
                self._counts["full"] += 1

    async def position(self, request_id: str) -> int | None:
        """Place in line; 0 while it is answered, None when it is finished or unknown.

        Raises BotError `inbox.closed`, LedgerError `database.unavailable`.
        """
        slots = self._at_work().heart.pulse.slots

        def look() -> int | None:
            with self._storage.reading() as tx:
                return rows.position(tx, storable(request_id), slots)

        return await asyncio.to_thread(look)

    async def knows(self, request_id: str) -> bool:
        """Whether it was handed in before. Raises BotError `inbox.closed`, LedgerError."""
        self._at_work()

        def look() -> bool:
            with self._storage.reading() as tx:
                return rows.state(tx, storable(request_id)) is not None

        return await asyncio.to_thread(look)

    async def unanswered(self, platform: str) -> list[Request]:
        """What is waiting there or being answered, the oldest first; not what is ready to be
        sent. Whichever process took it in.

        Raises BotError `inbox.closed`, LedgerError `database.unavailable`.
        """
        self._at_work()

        def look() -> list[str]:
            with self._storage.reading() as tx:
                return rows.unanswered(tx, platform)

        return [unpack(text) for text in await asyncio.to_thread(look)]

    def stats(self) -> InboxStats:
        running = self._running
        if running is None:
            return InboxStats(False, 0, 0.0, 0, 0, **self._counted())
        pulse, handling = running.heart.pulse, running.worker.handling
        waited = 0.0 if pulse.oldest is None else (self._clock() - pulse.oldest).total_seconds()
        return InboxStats(
            ready=not running.dispatcher.stopping and self._presence.is_heard(),
            open=pulse.open,
            oldest_s=waited,
            handling=handling,
            delivering=running.dispatcher.working - handling,
            **self._counted(),
        )

    def _counted(self) -> dict[str, int]:
        return {name: self._counts[name] for name in _COUNTED}

    def _at_work(self) -> _Running:
        if self._running is None:
            raise BotError("inbox.closed")
        return self._running

    # -- coming and going --------------------------------------------------------------------

    async def start(self, platforms: Collection[str] | None = None) -> None:
        """Takes up what was left unfinished, and begins to take in.

        `platforms`: whose requests are answered; the others' wait for `serve`. None: all.

        Raises BotError `inbox.taken`, LedgerError `database.unavailable`.
        """
        self._presence.enter()
        writer = Writer(self._storage)
        woken = asyncio.Event()
        heart = Heart(writer, self._presence, self._settings, self._clock, self._counts, woken.set)
        try:
            await heart.beat()
        except BaseException:
            await writer.close()
            self._presence.unlock()
            raise
        worker = Worker(
            writer,
            self._presence,
            self._handler,
            self._channels,
            self._settings,
            self._clock,
            self._counts,
            woken.set,
        )
        dispatcher = Dispatcher(
            writer,
            self._presence,
            worker,
            set(self._channels if platforms is None else platforms),
            self._settings,
            self._clock,
            woken,
        )
        loops = (asyncio.create_task(dispatcher.run()), asyncio.create_task(heart.run()))
        self._running = _Running(writer, heart, worker, dispatcher, loops)

    def serve(self, platform: str) -> None:
        """Its requests are answered from now on. Raises BotError `inbox.closed`."""
        dispatcher = self._at_work().dispatcher
        dispatcher.platforms.add(platform)
        dispatcher.wake()

    async def stop(self) -> None:
        """Lets what is being answered finish within the deadline; the rest stays in line."""
        running = self._running
        if running is None:
            return
        await running.dispatcher.drain()
        for loop in running.loops:
            loop.cancel()
        await running.worker.halt(running.dispatcher.tasks())
        await asyncio.gather(*running.loops, return_exceptions=True)
        self._running = None
        with suppress(KnowledgeError):  # others will notice that this process is gone
            await running.writer.do(self._presence.leave)
        await running.writer.close()
        self._presence.unlock()


def author_key(platform: str, user_id: str) -> str:
    """As `inbox.author` keeps them."""
    return storable(f"{platform}:{user_id}")
