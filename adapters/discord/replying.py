"""Showing what the desk says: under a message, or as the answer to an interaction."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from adapters.discord.api import Api, MessageGone
from adapters.discord.outbound import EPHEMERAL, Message, reply_parts, with_commands
from bot.frontdesk.replies import Reply, Respond

QUICK_S = 1.2
"""What takes longer is promised first: Discord waits three seconds."""
_KEYS = uuid.UUID("5d9a0f52-1d2f-5c0c-8a35-2f3c7a4e9b07")
MESSAGE, PROMISE, FORM = 4, 5, 9
"""Kinds of a first response."""

Doing = Awaitable[Reply]


class Replier:
    """`commands`: the registered commands' ids by their names, once they are known."""

    def __init__(self, api: Api, commands: Callable[[], Mapping[str, int]], prefix: str) -> None:
        self._api = api
        self._commands = commands
        self._elsewhere = f"{prefix}link"
        """What is to be typed on another platform, where a click of ours means nothing."""

    def parts(self, reply: Reply) -> list[Message]:
        here = {name: id_ for name, id_ in self._commands().items() if name != self._elsewhere}
        text = with_commands(reply.text, here)
        return reply_parts(Reply(text, reply.actions, reply.private))

    async def in_channel(
        self, channel: str, reply: Reply, *, key: str, reply_to: str | None = None
    ) -> None:
        """Raises DeliveryError."""
        for number, part in enumerate(self.parts(reply)):
            once = str(uuid.uuid5(_KEYS, f"{number}#{key}"))
            await self._api.post(channel, part, key=once, reply_to=reply_to)

    def under(self, request_id: str, reply: Mapping[str, Any]) -> Respond:
        """Replies to the message that a request came from."""

        async def respond(said: Reply) -> None:
            await self.in_channel(
                reply["channel"], said, key=request_id, reply_to=reply.get("message")
            )

        return respond

    def promised(self, reply: Mapping[str, Any]) -> Respond:
        """In the place of a deferred response."""

        async def respond(said: Reply) -> None:
            await self._fulfil(reply, said)

        return respond

    async def promise(self, interaction: str, token: str, *, private: bool) -> None:
        """Raises DeliveryError."""
        flags: Message = {"flags": EPHEMERAL} if private else {}
        await self._api.respond(interaction, token, PROMISE, flags)

    async def open_form(self, interaction: str, token: str, form: Message) -> None:
        """Raises DeliveryError."""
        await self._api.respond(interaction, token, FORM, form)

    async def answer(self, interaction: str, reply: Mapping[str, Any], doing: Doing) -> None:
        """At once where that is possible, and in private where the desk says so; else a promise
        that only who asked can see. Raises DeliveryError, and what `doing` raises.
        """
        making = asyncio.ensure_future(doing)
        done, _ = await asyncio.wait((making,), timeout=QUICK_S)
        if done:
            await self.at_once(interaction, reply, making.result())
            return
        await self.promise(interaction, reply["token"], private=True)
        await self._fulfil(reply, await making)

    async def at_once(self, interaction: str, reply: Mapping[str, Any], said: Reply) -> None:
        first, *rest = self.parts(said)
        flags: Message = {"flags": EPHEMERAL} if said.private else {}
        await self._api.respond(interaction, reply["token"], MESSAGE, {**first, **flags})
        await self._follow(reply, rest, said.private)

    async def _fulfil(self, reply: Mapping[str, Any], said: Reply) -> None:
        """After a quarter of an hour only what everybody may read can still be shown."""
        first, *rest = self.parts(said)
        try:
            await self._api.edit_response(reply["application"], reply["token"], first)
        except MessageGone:
            if said.private:
                raise
            await self.in_channel(reply["channel"], said, key=reply["token"])
        else:
            await self._follow(reply, rest, said.private)

    async def _follow(self, reply: Mapping[str, Any], rest: list[Message], private: bool) -> None:
        for part in rest:
            await self._api.follow_up(reply["application"], reply["token"], part, private=private)
