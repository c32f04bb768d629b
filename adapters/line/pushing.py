"""Pushes: what costs the owner money, and so is counted before it is done."""

import asyncio
import logging

from adapters.line.client import LineClient, LineError, LineUnheard, undelivered
from adapters.line.inbound import NAME
from adapters.line.meter import Meter
from adapters.line.outbound import Message
from adapters.line.settings import LineSettings
from bot.inbox import DeliveryError
from bot.memory import Memory
from bot.messages import ConversationRef, Request
from bot.quotas import Allowed

log = logging.getLogger(__name__)


class Pusher:
    """LINE charges by the people who get a message."""

    def __init__(self, client: LineClient, memory: Memory, settings: LineSettings) -> None:
        self._client = client
        self._memory = memory
        self._policy = settings.push_policy
        self._meter = Meter(client)

    def may(self, request: Request) -> bool:
        return self._policy == "always" or (self._policy == "admins" and request.author.is_admin)

    async def answer(self, request: Request, messages: list[Message], key: str) -> list[str] | None:
        """The messages' ids; None where a budget or the month's plan is used up.

        Counted once, however often it is tried with the same key. Raises DeliveryError,
        LedgerError.
        """
        room = request.conversation.room
        begun = await asyncio.to_thread(self._memory.reply_tokens.pushing, request.id, room)
        return await self.push(request.conversation, messages, key, request, counted=not begun)

    async def push(
        self,
        place: ConversationRef,
        messages: list[Message],
        key: str,
        request: Request | None = None,
        *,
        counted: bool = False,
    ) -> list[str] | None:
        """None where a budget or the month's plan is used up. `counted`: by an attempt before.

        Raises DeliveryError, LedgerError.
        """
        people = await self._people(place.room)
        if not counted and not await self._counted(place, people, request):
            return None
        try:
            ids = await self._client.push(place.room, messages, key)
        except LineUnheard as error:
            raise DeliveryError(f"LINE unheard: {error}") from error
        except LineError as error:
            if error.passes and not error.is_month_over:
                raise undelivered(error) from error
            await asyncio.to_thread(self._refund, place, people, request)
            if error.is_month_over:
                return None
            raise undelivered(error) from error
        return ids

    async def _people(self, room: str) -> int:
        try:
            return await self._client.people_in(room)
        except (LineError, LineUnheard) as error:
            raise DeliveryError(f"how many are in the room: {error}") from error

    async def _counted(self, place: ConversationRef, people: int, request: Request | None) -> bool:
        if not await self._meter.allows(people):
            log.warning("not pushed: this month's messages are used up, or not known")
            return False
        if not await asyncio.to_thread(self._take, place, people, request):
            log.warning("not pushed: a budget of pushes is used up")
            return False
        self._meter.spent(people)
        return True

    def _take(self, place: ConversationRef, people: int, request: Request | None) -> bool:
        is_admin = request is not None and request.author.is_admin
        person = self._person(request)
        taken = self._memory.quotas.take_push(person, place, is_admin, people)
        return isinstance(taken, Allowed)

    def _refund(self, place: ConversationRef, people: int, request: Request | None) -> None:
        self._memory.quotas.refund(self._person(request), place, unit="pushes", amount=people)
        self._meter.spent(-people)

    def _person(self, request: Request | None) -> int | None:
        if request is None or request.author.is_many:
            return None
        return self._memory.people.find(NAME, request.author.user_id)
