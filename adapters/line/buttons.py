"""Taps. Most are the desk's; the two that bring a new reply token are LINE's own."""

import asyncio
from dataclasses import replace

from adapters.line.inbound import NAME
from adapters.line.responding import Responding
from bot.frontdesk.actions import Tap
from bot.frontdesk.desk import FrontDesk
from bot.frontdesk.replies import Reply
from bot.messages import Request
from bot.reply_tokens import Owed, Token


class Buttons:
    """Every tap is dealt with once, however often it is delivered."""

    def __init__(self, desk: FrontDesk, responding: Responding) -> None:
        self._desk = desk
        self._responding = responding
        self._tokens = desk.memory.reply_tokens

    async def tapped(self, data: str, tap: Tap | None, request: Request) -> None:
        """Raises KnowledgeError, BotError: then it must not be acknowledged."""
        respond = self._responding.to(request)
        if tap is not None and tap.kind == "pick":  # the inbox knows its id
            await self._desk.act(data, request, respond)
            return
        if not await self._desk.inbox.once(request.id, NAME):
            return
        if tap is not None and tap.kind == "show":
            await self._show(tap.target, request)
        elif tap is not None and tap.kind == "more":
            self._desk.spawn(self._more(tap, request), request, respond)
        else:
            self._responding.expect(request)
            await self._desk.act(data, request, respond)

    # -- the answer that was promised ---------------------------------------------------------------

    async def _show(self, request_id: str, request: Request) -> None:
        """The tap's token is the answer's, if that is still to come: it then comes by itself."""
        value = request.reply.get("token")
        if not value:
            return
        token, room = Token(value, request.received_at), request.conversation.room
        tapped = await asyncio.to_thread(self._tokens.tap, request_id, room, token)
        respond = self._responding.to(request)
        if tapped.owed is not None:
            self._desk.spawn(self._pay(tapped.owed, token), request, respond)
        elif tapped.state in ("answered", "pushed", "none"):
            again = self._once_more(request_id, request, tapped.state)
            self._desk.spawn(again, request, respond)

    async def _pay(self, owed: Owed, token: Token) -> None:
        await self._responding.pay(owed, token)

    async def _once_more(self, request_id: str, request: Request, state: str) -> Reply | None:
        stored = None
        if state != "none":  # else it may be somebody else's
            stored = await asyncio.to_thread(self._desk.memory.history.stored, request_id)
        if stored is None or not stored.text:
            return self._desk.reply(request, "desk.stale")
        again = replace(request, text=stored.question)
        await self._responding.answer(again, stored)
        return None

    async def _more(self, tap: Tap, request: Request) -> Reply | None:
        room = request.conversation.room
        pages = await asyncio.to_thread(self._tokens.pages, tap.target, room)
        number = int(tap.value) if tap.value.isdigit() else 0
        if not 0 < number < len(pages):
            return self._desk.reply(request, "desk.stale")
        await self._responding.say(request, [pages[number]])
        return None
