"""Getting an answer to a platform, part after part, and knowing which arrived."""

import asyncio
import json
import logging
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.errors import BotError
from bot.following import stage
from bot.inbox import rows
from bot.inbox.protocol import DeliveryError, InboxSettings, ReplyChannel
from bot.inbox.rows import Claim
from bot.inbox.writer import Work
from bot.messages import Request
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

_KEYS = uuid.UUID("0c6a1d0e-6a3c-5f0b-9b0d-5b8f5f2b1c3e")
_LONGEST_PAUSE_S = 60.0

Persist = Callable[[Work[bool]], Awaitable[None]]
"""Writes, however long the database is away. Raises `Lost`."""
Sent = list[str | None]
"""The platform's message id of each part that it has."""


class Lost(Exception):
    """Another process has taken the request over: leave it at once."""


class GivenUp(Exception):
    """The platform will not take this part."""


def key_of(request_id: str, part: int) -> str:
    return str(uuid.uuid5(_KEYS, f"{part}#{request_id}"))


@dataclass(slots=True)
class Delivery:
    """The parts of one request on their way."""

    claim: Claim
    request: Request
    channel: ReplyChannel
    persist: Persist
    assure: Callable[[Claim], Awaitable[None]]
    """Raises `Lost` when another process has taken over."""
    settings: InboxSettings
    on_the_wire: set[asyncio.Future[Any]]
    """What is being sent or written down; not torn when the rest is cancelled."""
    retries: int = 0

    async def send(self, part: Any, index: int, sent: Sent) -> Sent:
        """Sends one part and writes down that it is sent; gives all message ids so far.

        Raises GivenUp, Lost.
        """
        started = time.monotonic()
        attempt = 1
        while True:
            await self.assure(self.claim)
            sending = asyncio.ensure_future(self._once(part, index, sent))
            self.on_the_wire.add(sending)
            sending.add_done_callback(self.on_the_wire.discard)
            try:
                return await asyncio.shield(sending)
            except Lost:
                raise
            except Exception as error:  # noqa: BLE001 - a faulty adapter must not stop the queue
                await self._pause(error, attempt, started)
            attempt += 1

    async def _once(self, part: Any, index: int, sent: Sent) -> Sent:
        key = key_of(self.claim.id, index)
        with stage("deliver"):
            now_sent = [*sent, await self.channel.send(self.request, part, index, key)]
        text = json.dumps(now_sent)
        await self.persist(lambda tx: rows.keep_sent(tx, self.claim, text))
        return now_sent

    async def _pause(self, error: Exception, attempt: int, started: float) -> None:
        """Until the next attempt; raises GivenUp where there is none."""
        wait = pause_before(attempt + 1, self.settings)
        if isinstance(error, DeliveryError):
            if error.permanent:
                raise GivenUp(str(error)) from error
            wait = max(wait, error.retry_after_s or 0.0)
        else:
            log.warning("sending %s raised", self.claim.id, exc_info=error)
        spent = time.monotonic() - started
        if attempt >= self.settings.sends or spent + wait > self.settings.patience_s:
            raise GivenUp(describe(error)) from error
        self.retries += 1
        await asyncio.sleep(wait)


def pause_before(attempt: int, settings: InboxSettings) -> float:
    """Seconds; doubles, and is spread so that a platform's return meets no stampede."""
    longest = min(settings.retry_s * 2.0 ** (attempt - 2), _LONGEST_PAUSE_S)
    return longest * random.uniform(0.5, 1.0)


def describe(error: Exception) -> str:
    """For logs and reports; the message may hold what a person wrote, so ours only."""
    if isinstance(error, BotError | KnowledgeError):
        return error.code
    if isinstance(error, DeliveryError):
        return str(error)
    return type(error).__name__
