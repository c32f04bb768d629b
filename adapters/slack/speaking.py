"""Saying something outside of the queue of answers."""

from adapters.slack.api import Api
from adapters.slack.client import persistently
from adapters.slack.inbound import Place
from adapters.slack.outbound import reply_message
from bot.frontdesk.replies import Reply, Respond
from bot.inbox import DeliveryError


class Speaker:
    def __init__(self, api: Api) -> None:
        self._api = api

    async def say(self, place: Place, reply: Reply) -> None:
        """For everybody there. Raises DeliveryError."""
        message = reply_message(reply)
        await persistently(lambda: self._api.post(place, message))

    async def whisper(self, place: Place, user: str, reply: Reply) -> None:
        """For one person; by a direct message where nothing can be whispered. Raises
        DeliveryError."""
        message = reply_message(reply)
        try:
            await persistently(lambda: self._api.whisper(place, user, message))
        except DeliveryError:
            await persistently(lambda: self._api.post(Place(user, None), message))

    async def answer(self, url: str, reply: Reply) -> None:
        """To whoever sent the command. Raises DeliveryError."""
        message = reply_message(reply)
        await persistently(lambda: self._api.respond(url, message))

    def to(self, place: Place, user: str, thread: Place | None = None) -> Respond:
        """Private replies are whispered in a room; `thread` is where the public ones go."""

        async def respond(reply: Reply) -> None:
            if reply.private and not place.is_direct:
                await self.whisper(place, user, reply)
            else:
                await self.say(thread or place, reply)

        return respond

    def by(self, url: str) -> Respond:
        async def respond(reply: Reply) -> None:
            await self.answer(url, reply)

        return respond
