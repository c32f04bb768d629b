"""From a claimed request to a finished one."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from bot.errors import BotError
from bot.following import begin, stage
from bot.inbox import rows
from bot.inbox.delivery import Delivery, GivenUp, Lost, Sent, describe, pause_before
from bot.inbox.live import Live, reachable
from bot.inbox.packing import unpack
from bot.inbox.presence import Presence
from bot.inbox.protocol import (
    Handler,
    Hear,
    InboxSettings,
    LiveChannel,
    Progress,
    ReplyChannel,
    Stop,
)
from bot.inbox.rows import Claim
from bot.inbox.writer import Work, Writer
from bot.messages import Answer, AnswerEvent, Request
from bot.storage import storable
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

_PROGRESS_S = 10.0
_LAST_WORDS_S = 5.0
"""For a part that is on the wire when the program ends."""


class Worker:
    """All of one process's requests in work."""

    def __init__(
        self,
        writer: Writer,
        presence: Presence,
        handler: Handler,
        channels: Mapping[str, ReplyChannel],
        settings: InboxSettings,
        clock: Callable[[], datetime],
        counts: Counter[str],
        wake: Callable[[], None],
    ) -> None:
        self.handling = 0
        """Requests that are being answered, as opposed to sent."""
        self.wants_quiet = False
        """One of them is to be alone."""
        self._writer = writer
        self._presence = presence
        self._handler = handler
        self._channels = channels
        self._settings = settings
        self._clock = clock
        self._counts = counts
        self._wake = wake
        self._on_the_wire: set[asyncio.Future[Any]] = set()
        self._telling: set[asyncio.Task[None]] = set()
        self._making: dict[str, asyncio.Task[Answer]] = {}
        self._stopped: dict[str, Stop] = {}

    def begin(self, claim: Claim) -> "asyncio.Task[None]":
        if claim.parts is None:
            self.handling += 1
            self.wants_quiet = claim.attempts == self._settings.attempts > 1
        return asyncio.create_task(self._work(claim))

    async def _work(self, claim: Claim) -> None:
        """Never raises; whatever happens, the request does not block its conversation."""
        begin(claim.id)
        try:
            request, channel, parts = await self._prepare(claim)
            await self._deliver(claim, request, channel, parts)
        except Lost:
            log.warning("request %s was taken over by another process", claim.id)
        except Exception as error:
            log.exception("request %s cannot be worked on", claim.id)
            with suppress(Lost, BotError):
                await self._finish(claim, describe(error))

    async def halt(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        """Ends what is left when the deadline is over, but tears no part that is being sent."""
        for task in (*tasks, *self._telling):
            task.cancel()
        await asyncio.gather(*tasks, *self._telling, return_exceptions=True)
        if self._on_the_wire:
            _, torn = await asyncio.wait(set(self._on_the_wire), timeout=_LAST_WORDS_S)
            for sending in torn:
                sending.cancel()
            await asyncio.gather(*torn, return_exceptions=True)

    def stop(self, asked: Mapping[str, Stop]) -> None:
        """Ends what is being answered of these; the others are seen to when they are begun."""
        for id_, why in asked.items():
            making = self._making.get(id_)
            if making is not None and id_ not in self._stopped:
                self._stopped[id_] = why
                making.cancel()

    def tell(self, request: Request, state: Progress) -> None:
        """Without waiting for it."""
        channel = self._channels.get(request.conversation.platform)
        if channel is not None:
            task = asyncio.create_task(_told(channel, request, state))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    # -- the answer --------------------------------------------------------------------------

    async def _prepare(self, claim: Claim) -> tuple[Request, ReplyChannel, list[Any]]:
        """The request and what is to be sent for it."""
        try:
            request = reachable(unpack(claim.request), claim.handle)
            channel = self._channels[request.conversation.platform]
            text = claim.parts
            if text is None:
                with stage("answer"):
                    request, answered = await self._answered(claim, request, channel)
                text = answered
                await self._persist(lambda tx: rows.keep_parts(tx, claim, answered))
        finally:
            if claim.parts is None:
                self._leave()
        return request, channel, json.loads(text)

    def _leave(self) -> None:
        """One answer fewer; somebody may have waited for just this place."""
        was_full = self.wants_quiet or self.handling >= self._settings.concurrency
        self.handling -= 1
        self.wants_quiet = False
        if was_full:
            self._wake()

    async def _answered(
        self, claim: Claim, request: Request, channel: ReplyChannel
    ) -> tuple[Request, str]:
        """The parts as JSON, and the request as it is to be replied to."""
        live = self._live(claim, request, channel)
        try:
            if claim.attempts > self._settings.attempts:
                raise BotError("inbox.gave_up", attempts=str(claim.attempts - 1))
            answer = await self._made(claim, request, live)
            request = await live.end() if live else request
            text = "[]" if answer is None else json.dumps(list(channel.parts(request, answer)))
        except Exception as error:  # one bad question must not stop the queue
            log.error("request %s failed", request.id, exc_info=error)
            self._counts["failed"] += 1
            request = await live.end() if live else request
            failed = self._handler.failed(request, error)
            return request, json.dumps(list(channel.parts(request, failed)))
        self._counts["answered"] += 1
        return request, text

    def _live(self, claim: Claim, request: Request, channel: ReplyChannel) -> Live | None:
        if not isinstance(channel, LiveChannel):
            return None

        async def keep(handle: str) -> None:
            await self._persist(lambda tx: rows.keep_handle(tx, claim, handle))

        return Live(channel, request, keep, opened=claim.handle is not None)

    async def _made(self, claim: Claim, request: Request, live: Live | None) -> Answer | None:
        """None where the question was taken back."""
        why = claim.stop
        if why is None:
            self.tell(request, Progress("thinking"))
            why, answer = await self._handled(request, live.hear if live else _unheard)
            if answer is not None:
                return answer
        if why == "withdrawn":
            request = await live.end() if live else request  # what was shown is taken away too
            self.tell(request, Progress("withdrawn"))
            return None
        return self._handler.stopped(request)

    async def _handled(self, request: Request, hear: Hear) -> tuple[Stop | None, Answer | None]:
        """The answer, or why there is none."""
        making = asyncio.ensure_future(self._handler.handle(request, hear))
        self._making[request.id] = making
        try:
            return None, await making
        except asyncio.CancelledError:
            if request.id in self._stopped:
                return self._stopped[request.id], None
            making.cancel()
            raise
        finally:
            del self._making[request.id]
            self._stopped.pop(request.id, None)

    # -- its way to the platform -------------------------------------------------------------

    async def _deliver(
        self, claim: Claim, request: Request, channel: ReplyChannel, parts: list[Any]
    ) -> None:
        sent: Sent = json.loads(claim.sent)
        delivery = Delivery(
            claim, request, channel, self._persist, self._assure, self._settings, self._on_the_wire
        )
        # The process may have died between writing down and telling.
        for index, message_id in enumerate(sent):
            await self._tell_sent(request, index, message_id)
        try:
            if claim.attempts > 2 * self._settings.attempts:
                raise GivenUp("inbox.gave_up")
            for index in range(len(sent), len(parts)):
                sent = await delivery.send(parts[index], index, sent)
                await self._tell_sent(request, index, sent[index])
        except GivenUp as error:
            self._counts["undelivered"] += 1
            log.warning("request %s: part %d not delivered: %s", request.id, len(sent), error)
            with _logged(request):
                await self._handler.undelivered(request, len(sent), str(error))
            await self._finish(claim, str(error))
        else:
            await self._finish(claim, None)
        finally:
            self._counts["retries"] += delivery.retries

    async def _tell_sent(self, request: Request, index: int, message_id: str | None) -> None:
        with _logged(request):
            await self._handler.delivered(request, index, message_id)

    # -- the table ---------------------------------------------------------------------------

    async def _finish(self, claim: Claim, problem: str | None) -> None:
        at = self._clock()
        said = None if problem is None else storable(problem)[:500]
        await self._persist(lambda tx: rows.finish(tx, claim, at, said))

    async def _assure(self, claim: Claim) -> None:
        if self._presence.is_sure():
            return
        await self._persist(lambda tx: rows.holds(tx, claim))

    async def _persist(self, work: Work[bool]) -> None:
        """Waits for a database that is away. Raises Lost."""
        attempt = 1
        while True:
            try:
                if not await self._writer.do(work):
                    raise Lost
                return
            except KnowledgeError as error:
                log.warning("the inbox cannot write: %s", error.code)
            attempt += 1
            await asyncio.sleep(pause_before(attempt, self._settings))


def _unheard(_event: AnswerEvent) -> None:
    """On platforms that show nothing before the end."""


async def _told(channel: ReplyChannel, request: Request, state: Progress) -> None:
    try:
        async with asyncio.timeout(_PROGRESS_S):
            await channel.progress(request, state)
    except Exception as error:  # an indicator that does not show harms nobody
        log.debug("progress of %s not shown", request.id, exc_info=error)


@contextmanager
def _logged(request: Request) -> Iterator[None]:
    """What the handler's bookkeeping raises is told, and stops nothing."""
    try:
        yield
    except Exception as error:
        log.error("request %s: the bookkeeping failed", request.id, exc_info=error)
