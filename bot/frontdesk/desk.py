"""The one desk behind every platform's door.

    hear      a message: a command is obeyed at once, a question goes into the inbox
    act       a tapped button
    handle …  the inbox's handler: the secretary, with what a chat adds to an answer

Adapters turn their platform's events into `Request`s and show `Reply`s; what people may do,
and who may, is decided here.
"""

import asyncio
import logging
from dataclasses import replace

from bot.audiences import audiences_for
from bot.bursts import hold_for
from bot.frontdesk import admin, receiving, visitor
from bot.frontdesk.actions import Tap, decode
from bot.frontdesk.commands import FOR_ADMINS, Command, parse
from bot.frontdesk.counter import Counter
from bot.frontdesk.replies import Form, Reply, Respond
from bot.frontdesk.uploads import Upload
from bot.inbox import Full, Hear, Submitted
from bot.messages import Answer, Request

log = logging.getLogger(__name__)

_SHUTDOWN_S = 5.0


class FrontDesk(Counter):
    """`open` it over an inbox whose handler it is; `close` it before the inbox stops."""

    async def close(self) -> None:
        """Lets what is being obeyed finish."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=_SHUTDOWN_S)
        for task in self._tasks:
            task.cancel()
        self._inbox = None

    # -- what comes in ------------------------------------------------------------------------

    async def hear(self, request: Request, respond: Respond) -> Submitted | None:
        """Returns once the message is dealt with or safe on disk: it may be acknowledged then.

        What the inbox said of a question; None for what is no question, or is not answered.
        Raises LedgerError, StoreError, BotError `inbox.closed`: then it must not be.
        """
        command = parse(request.text, self.settings.prefix)
        if command is not None and command.name != "ask":
            if await self.inbox.once(request.id, request.conversation.platform):
                self.spawn(self.obey(command, request), request, respond)
            return None
        if command is not None:
            request = replace(request, text=command.rest)
        if await self.handoffs.is_open(request.conversation):
            await self.inbox.once(request.id, request.conversation.platform)
            return None
        return await self.ask(request, respond, hold_for(request.text, self.settings.burst_s))

    async def ask(self, request: Request, respond: Respond, hold_s: float = 0.0) -> Submitted:
        """Straight into the inbox. Raises as `hear`."""
        ref = request.conversation
        allowed = audiences_for(self.settings.audiences, ref)
        result = await self.inbox.submit(replace(request, audiences=allowed), hold_s)
        if isinstance(result, Full):
            self.spawn(self._full(request), request, respond)
        return result

    async def _full(self, request: Request) -> Reply:
        return self.reply(request, "answer.full")

    async def edited(self, request: Request, respond: Respond) -> Submitted | None:
        """A question was changed: the old one is forgotten, the new one answered. Raises as
        `hear`."""
        if await self.inbox.knows(request.id):
            return None  # delivered again: what would be forgotten is its own answer
        if request.message_id is not None:
            await self.deleted(request.conversation.platform, request.message_id)
        return await self.hear(request, respond)

    async def deleted(self, platform: str, message_id: str) -> None:
        """Raises LedgerError, BotError `inbox.closed`."""
        ids = await self.inbox.withdraw(platform, message_id)
        await asyncio.to_thread(self.memory.take_back, platform, message_id, ids)

    # -- commands and buttons -------------------------------------------------------------------

    async def obey(self, command: Command, request: Request) -> Reply:
        """Raises KnowledgeError, BotError: `spawn` and `safely` turn them into a sentence."""
        name = command.name
        if name in FOR_ADMINS and not request.author.is_admin:
            return self.reply(request, "desk.admins_only")
        return await visitor.COMMANDS[name](self, request, command.rest)

    async def act(self, data: str, request: Request, respond: Respond) -> Submitted | None:
        """A tapped button; `request` says who and where, and its id is the tap's.

        Gives and raises what `hear` does.
        """
        tap = decode(data)
        if tap is not None and tap.kind == "pick":
            return await self._picked(tap, request, respond)
        self.spawn(self._acted(tap, request), request, respond)
        return None

    async def _acted(self, tap: Tap | None, request: Request) -> Reply:
        doing = visitor.TAPS.get(tap.kind) if tap is not None else None
        if tap is None or doing is None:
            return self.reply(request, "desk.stale")
        return await doing(self, request, tap)

    async def _picked(self, tap: Tap, request: Request, respond: Respond) -> Submitted | None:
        """The question that was asked back about, once more, and what was meant by it."""
        first = await asyncio.to_thread(self.memory.history.stored, tap.target)
        if first is None or not first.question or not tap.value.isdigit():
            self.spawn(self._acted(None, request), request, respond)
            return None
        chosen = int(tap.value)
        return await self.ask(replace(request, text=first.question, chosen=chosen), respond)

    async def obeyed(self, command: Command, request: Request) -> Reply:
        """As `obey`, for platforms that show the reply themselves; never raises."""
        return await self.safely(self.obey(command, request), request)

    async def acted(self, tap: Tap | None, request: Request) -> Reply:
        """As `act` of anything but a choice; never raises."""
        return await self.safely(self._acted(tap, request), request)

    # -- forms and files ------------------------------------------------------------------------

    async def form(self, platform: str, message_id: str) -> Form | None:
        """For annotating the answer whose message this is. Raises LedgerError."""
        return await admin.form_of(self, platform, message_id)

    async def annotate(self, request: Request, form: Form) -> Reply:
        """A form that was sent in; `request` says who. Never raises."""
        if not request.author.is_admin:  # opened before the right was taken away, or forged
            return self.reply(request, "desk.admins_only")
        return await self.safely(admin.annotate(self, request, form), request)

    async def offer_files(self, request: Request, files: list[Upload], respond: Respond) -> None:
        """Raises as `hear`."""
        if await self.inbox.once(request.id, request.conversation.platform):
            self.spawn(receiving.offer_files(self, request, files), request, respond)

    async def look(self, request: Request, picture: Upload, respond: Respond) -> None:
        """A photo without words: what is written in it is asked. Raises as `hear`."""
        if await self.inbox.once(request.id, request.conversation.platform):
            self.spawn(self._looked(request, picture, respond), request, respond)

    async def _looked(self, request: Request, picture: Upload, respond: Respond) -> Reply | None:
        text = await self.pictures.text(await picture.read())
        if text is None:
            return self.reply(request, "media.image")
        await self.ask(replace(request, id=f"{request.id}.p", text=text), respond)
        return None

    # -- as the inbox sees it (`bot.inbox.Handler`) -----------------------------------------------

    async def handle(self, request: Request, hear: Hear) -> Answer:
        answer = await self.secretary.handle(request, hear)
        if request.conversation.platform in self.unasked:
            return answer  # news is told there by itself
        news = await self.herald.beside(request, self.language(request))
        if news is None:
            return answer
        return replace(answer, notice="\n\n".join(filter(None, (answer.notice, news))))

    def stopped(self, request: Request) -> Answer:
        return self.secretary.stopped(request)

    def failed(self, request: Request, error: Exception) -> Answer:
        return self.secretary.failed(request, error)

    async def delivered(self, request: Request, part: int, message_id: str | None) -> None:
        await self.secretary.delivered(request, part, message_id)
        if part == 0:
            await self.herald.told(request)

    async def undelivered(self, request: Request, part: int, problem: str) -> None:
        await self.secretary.undelivered(request, part, problem)
