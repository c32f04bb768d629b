"""LINE's Messaging API, as much of it as a running bot calls.

aiohttp, which the SDK speaks through as well, and not the SDK's own client: a reply costs 0.1 ms
of processor time instead of 0.7, and the program some 40 MB and half a second less. What is
called once (`secretary line setup`) goes through the SDK.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.inbox import DeliveryError

_KEPT_ALIVE_S = 50.0
_TOO_MANY = 429
_DUPLICATE = 409


class LineError(Exception):
    """LINE said no. `retry_after_s` where it says when to come back."""

    def __init__(self, status: int, problem: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"LINE {status}: {problem}")
        self.status = status
        self.problem = problem
        self.retry_after_s = retry_after_s

    @property
    def passes(self) -> bool:
        """Worth another try later."""
        return self.status == _TOO_MANY or self.status >= 500

    @property
    def is_spent_token(self) -> bool:
        return self.status == 400 and "reply token" in self.problem.casefold()

    @property
    def is_month_over(self) -> bool:
        return self.status == _TOO_MANY and "monthly limit" in self.problem.casefold()


class LineUnheard(Exception):
    """No answer came: LINE may have done it or not."""


def undelivered(error: LineError) -> DeliveryError:
    """A refusal that another try does not change is final; a token that LINE does not accept
    may be put right by the owner while the bot runs."""
    final = not error.passes and error.status not in (401, 403)
    return DeliveryError(str(error), retry_after_s=error.retry_after_s, permanent=final)


@dataclass(frozen=True, slots=True)
class BotInfo:
    name: str
    basic_id: str


class LineClient:
    """One pool of connections, from the first call until `retire`. Every method may raise
    LineError, LineUnheard."""

    def __init__(self, api_base: str, blob_base: str, token: str, timeout_s: float = 10.0) -> None:
        self._api = f"{api_base}/v2/bot"
        self._blobs = f"{blob_base}/v2/bot"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None
        self._calls = 0
        self._retired = False

    # -- messages -----------------------------------------------------------------------------

    async def reply(self, token: str, messages: Sequence[Mapping[str, Any]]) -> list[str]:
        """The messages' ids."""
        body = {"replyToken": token, "messages": list(messages)}
        return _ids(await self._post("/message/reply", body))

    async def push(self, to: str, messages: Sequence[Mapping[str, Any]], key: str) -> list[str]:
        """What was pushed with this key before is not pushed again, and counts as done."""
        body = {"to": to, "messages": list(messages)}
        try:
            return _ids(await self._post("/message/push", body, {"X-Line-Retry-Key": key}))
        except LineError as error:
            if error.status == _DUPLICATE:
                return []
            raise

    async def loading(self, person: str, seconds: int = 60) -> None:
        await self._post("/chat/loading/start", {"chatId": person, "loadingSeconds": seconds})

    # -- who and how much -----------------------------------------------------------------------

    async def info(self) -> BotInfo:
        said = await self._get("/info")
        return BotInfo(str(said.get("displayName") or "LINE"), str(said.get("basicId") or ""))

    async def name_of(self, person: str, room: str, is_shared: bool) -> str | None:
        """Of somebody in a chat; in a group also of those who are no friends of the bot's."""
        kind = "room" if room.startswith("R") else "group"
        path = f"/{kind}/{room}/member/{person}" if is_shared else f"/profile/{person}"
        name = (await self._get(path)).get("displayName")
        return name if isinstance(name, str) else None

    async def people_in(self, room: str) -> int:
        """How many get what is said there."""
        if room.startswith("U"):
            return 1
        kind = "room" if room.startswith("R") else "group"
        return int((await self._get(f"/{kind}/{room}/members/count")).get("count", 1))

    async def quota(self) -> int | None:
        """Messages in this month's plan; None without a limit."""
        said = await self._get("/message/quota")
        return int(said.get("value", 0)) if said.get("type") == "limited" else None

    async def used(self) -> int:
        return int((await self._get("/message/quota/consumption")).get("totalUsage", 0))

    async def content(self, message_id: str, limit: int) -> bytes | None:
        """A picture or a file; None where it has more than `limit` bytes."""
        found = bytearray()
        session = self._begin()
        try:
            url = f"{self._blobs}/message/{message_id}/content"
            async with session.get(url, headers=self._headers) as response:
                await _raise_for(response)
                async for chunk in response.content.iter_chunked(64 * 1024):
                    found += chunk
                    if len(found) > limit:
                        return None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise LineUnheard(type(error).__name__) from error
        finally:
            await self._end(session)
        return bytes(found)

    # -- the wire -------------------------------------------------------------------------------

    async def _post(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        return await self._call("POST", path, {**self._headers, **(headers or {})}, body)

    async def _get(self, path: str) -> Mapping[str, Any]:
        return await self._call("GET", path, self._headers, None)

    async def _call(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        session = self._begin()
        try:
            url = self._api + path
            async with session.request(method, url, json=body, headers=headers) as response:
                await _raise_for(response)
                said = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise LineUnheard(type(error).__name__) from error
        finally:
            await self._end(session)
        return said if isinstance(said, dict) else {}

    def _begin(self) -> aiohttp.ClientSession:
        """Made by the first call, since it belongs to the event loop."""
        self._calls += 1
        if self._session is None:
            kept = aiohttp.TCPConnector(limit=100, keepalive_timeout=_KEPT_ALIVE_S)
            self._session = aiohttp.ClientSession(connector=kept, timeout=self._timeout)
        return self._session

    async def _end(self, session: aiohttp.ClientSession) -> None:
        self._calls -= 1
        if self._retired and self._calls == 0:
            self._session = None
            await asyncio.shield(session.close())

    async def retire(self) -> None:
        """Calls still work, for what is being answered, but no connection is kept open."""
        self._retired = True
        if self._session is not None and self._calls == 0:
            session, self._session = self._session, None
            await session.close()


async def _raise_for(response: aiohttp.ClientResponse) -> None:
    if response.status < 400:
        return
    try:
        said = await response.json(content_type=None)
        problem = str(said.get("message")) if isinstance(said, dict) else ""
    except ValueError:
        problem = ""
    raise LineError(response.status, problem[:200], _seconds(response.headers.get("Retry-After")))


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; a date is too rare to be read."""
    return float(text) if text is not None and text.strip().isdigit() else None


def _ids(said: Mapping[str, Any]) -> list[str]:
    sent = said.get("sentMessages")
    return [str(one["id"]) for one in sent if "id" in one] if isinstance(sent, list) else []
