"""The few calls of Discord's REST API that say something, and what its refusals mean.

Through discord.py's own HTTP client, which keeps to the rate limits, but with payloads of ours:
they are data that another process can send, and no view is kept in memory for every message.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import discord
from discord.http import HTTPClient, Route

from adapters.discord.outbound import EPHEMERAL, Message
from bot.inbox import DeliveryError

_RECONNECT_S = 30.0
"""Before a message is tried again while there is no connection at all."""


class MessageGone(DeliveryError):
    """What was to be changed is not there (any more), or its token is too old."""


class Api:
    """`http` gives the client that is connected now, or None. Everything raises DeliveryError."""

    def __init__(self, http: Callable[[], HTTPClient | None]) -> None:
        self._http = http

    # -- messages ---------------------------------------------------------------------------------

    async def post(
        self, channel: str, message: Message, *, key: str, reply_to: str | None = None
    ) -> str:
        """Gives the message's id; within some minutes the same one for the same `key`."""
        body = {**message, "nonce": key.replace("-", "")[:25], "enforce_nonce": True}
        if reply_to is not None:
            body["message_reference"] = {"message_id": reply_to, "fail_if_not_exists": False}
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=channel)
        return str((await self._call(route, body))["id"])

    async def edit(self, channel: str, message_id: str, message: Message) -> str:
        """Raises MessageGone where somebody has deleted it."""
        await self._call(self._at("PATCH", channel, message_id), message, gone=True)
        return message_id

    async def delete(self, channel: str, message_id: str) -> None:
        await self._call(self._at("DELETE", channel, message_id), gone=True)

    async def typing(self, channel: str) -> None:
        """For ten seconds."""
        await self._call(Route("POST", "/channels/{channel_id}/typing", channel_id=channel))

    @staticmethod
    def _at(method: str, channel: str, message_id: str) -> Route:
        path = "/channels/{channel_id}/messages/{message_id}"
        return Route(method, path, channel_id=channel, message_id=message_id)

    # -- interactions: a token answers for a quarter of an hour -------------------------------------

    async def respond(self, interaction: str, token: str, kind: int, data: Message) -> None:
        """The first answer, within three seconds: 4 a message, 5 one that is to come, 9 a form."""
        path = "/interactions/{webhook_id}/{webhook_token}/callback"
        route = Route("POST", path, webhook_id=interaction, webhook_token=token)
        await self._call(route, {"type": kind, "data": data}, gone=True)

    async def edit_response(self, application: str, token: str, message: Message) -> str:
        """The first answer, replaced. Raises MessageGone."""
        path = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
        route = Route("PATCH", path, webhook_id=application, webhook_token=token)
        return str((await self._call(route, message, gone=True))["id"])

    async def follow_up(
        self, application: str, token: str, message: Message, *, private: bool = False
    ) -> str:
        """One more message. Raises MessageGone."""
        path = "/webhooks/{webhook_id}/{webhook_token}?wait=true"
        route = Route("POST", path, webhook_id=application, webhook_token=token)
        body = {**message, "flags": EPHEMERAL} if private else message
        return str((await self._call(route, body, gone=True))["id"])

    # -- refusals -----------------------------------------------------------------------------------

    async def _call(self, route: Route, body: Message | None = None, *, gone: bool = False) -> Any:
        http = self._http()
        if http is None:
            raise DeliveryError("not connected", retry_after_s=_RECONNECT_S)
        with _refusals(gone):
            if body is None:
                return await http.request(route)
            return await http.request(route, json=body)


@contextmanager
def _refusals(gone: bool) -> Iterator[None]:
    """What the library raises, as the inbox understands it."""
    try:
        yield
    except discord.RateLimited as error:
        raise DeliveryError("429", retry_after_s=error.retry_after) from error
    except discord.HTTPException as error:
        raise _refusal(error, gone) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise DeliveryError(type(error).__name__) from error


def _refusal(error: discord.HTTPException, gone: bool) -> DeliveryError:
    problem = f"{error.status} ({error.code})"
    if error.status == 429 or error.status >= 500:
        return DeliveryError(problem, retry_after_s=_retry_after(error))
    if gone and error.status in (401, 404):
        return MessageGone(problem, permanent=True)
    # A rejected token may be replaced by an accepted one; nothing else gets better by waiting.
    return DeliveryError(problem, permanent=error.status != 401)


def _retry_after(error: discord.HTTPException) -> float | None:
    """Seconds, as the header has them."""
    try:
        return float(error.response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
