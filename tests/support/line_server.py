"""LINE's Messaging API on loopback, with the rules that LINE enforces.

    async with LineServer() as line:                 # or `with threaded() as line:` without a loop
        … the program with LINE_API_BASE=line.url …
        await line.post(webhook_url, [text_event("幾點開門？", ANN)])
        line.said[-1].messages

A reply token works once and for 60 seconds by `line.clock`; a call has one to five messages of at
most 5,000 UTF-16 units, each as LINE's schema has it; a repeated retry key is a 409, one on a reply
a 400. `line.fail("/message/reply", 500)` and `line.swallow("/message/reply")` (done, but
never answered) break the next call. `line.of(token)` is what a token said.

As a process of its own, for load: `python -m tests.support.line_server --port 9009 --fast`. Any
token is good once then, and no older than it says of itself (`line_events.reply_token`);
`GET /_stats` tells what came in, `POST /_reset` forgets it.
"""

import argparse
import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.support import line_schema
from tests.support.line_events import BOT, Event, message_id, signed

LIFE_S = 60.0
SECRET = "channel-secret"
TOKEN = "channel-access-token"


@dataclass(frozen=True, slots=True)
class Said:
    """One call that LINE took."""

    by: str
    """reply, push"""
    room: str
    messages: list[dict[str, Any]]
    ids: list[str]
    token: str | None
    at: float
    """Seconds since 1970."""


@dataclass
class _Fault:
    path: str
    status: int
    message: str
    retry_after: str | None
    swallow: bool
    times: int


@dataclass
class _Token:
    room: str
    at: float
    used: bool = False


class Refused(Exception):
    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


@dataclass
class LineServer:
    """`fast`: no schemas, and tokens need not be known."""

    fast: bool = False
    token: str = TOKEN
    secret: str = SECRET
    clock: Callable[[], float] = time.time
    life_s: float = LIFE_S
    quota: int | None = 200
    used: int = 0
    said: list[Said] = field(default_factory=list)
    loadings: list[tuple[str, int]] = field(default_factory=list)
    refused: list[tuple[str, int, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    names: dict[str, str] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    menus: dict[str, dict[str, Any]] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    linked: dict[str, str] = field(default_factory=dict)
    webhook: str | None = None
    webhook_answers: bool = True
    display_name: str = "葉脈小幫手"
    port: int = 0
    _tokens: dict[str, _Token] = field(default_factory=dict)
    _keys: dict[str, list[str]] = field(default_factory=dict)
    _faults: list[_Fault] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    # -- for tests ------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pushes(self) -> list[Said]:
        return [one for one in self.said if one.by == "push"]

    def of(self, token: str) -> Said | None:
        return next((one for one in self.said if one.token == token), None)

    def fail(
        self,
        path: str,
        status: int,
        message: str = "broken",
        *,
        retry_after: str | None = None,
        times: int = 1,
    ) -> None:
        self._faults.append(_Fault(path, status, message, retry_after, False, times))

    def swallow(self, path: str, times: int = 1) -> None:
        """The call is done, and its answer never comes."""
        self._faults.append(_Fault(path, 0, "", None, True, times))

    def heal(self) -> None:
        self._faults.clear()

    def expect(self, events: list[Event]) -> None:
        """These were posted: their tokens are good from now on."""
        for one in events:
            source = one["source"]
            room = source.get("groupId") or source.get("roomId") or source.get("userId")
            if "replyToken" in one:
                self._tokens.setdefault(one["replyToken"], _Token(room, self.clock()))
        self.counts["events"] += len(events)

    async def post(self, url: str, events: list[Event]) -> tuple[int, float]:
        """Posts a signed webhook; gives the status and the seconds until it came."""
        self.expect(events)
        return await self.post_raw(url, events)

    async def post_raw(self, url: str, events: list[Event]) -> tuple[int, float]:
        """As `post`, whatever the events look like; their tokens are not good."""
        body, headers = signed(self.secret, events)
        started = time.perf_counter()
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=body, headers=headers) as response,
        ):
            await response.read()
            return response.status, time.perf_counter() - started

    # -- coming and going -------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application(client_max_size=20 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, backlog=1024)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    # -- the API ------------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        try:
            if path.startswith("/_"):
                return web.json_response(self._told(path))
            if request.headers.get("Authorization") != f"Bearer {self.token}":
                raise Refused(401, "Authentication failed. Confirm that the access token is valid.")
            fault = self._fault(path)
            if fault is not None and not fault.swallow:
                after = {"Retry-After": fault.retry_after} if fault.retry_after else {}
                raise Refused(fault.status, fault.message, **after)
            answered = await self._done(request, path.removeprefix("/v2/bot"))
            if fault is not None:
                await asyncio.sleep(3600)
            return answered
        except Refused as error:
            self.refused.append((path, error.status, error.message))
            self.counts[f"refused {error.status}"] += 1
            body = {"message": error.message}
            return web.json_response(body, status=error.status, headers=error.headers)

    def _fault(self, path: str) -> _Fault | None:
        for one in self._faults:
            if path.endswith(one.path) and one.times > 0:
                one.times -= 1
                return one
        return None

    async def _done(self, request: web.Request, path: str) -> web.StreamResponse:
        match (request.method, path.strip("/").split("/")):
            case ("POST", ["message", "reply"]):
                return web.json_response(self._reply(await request.json(), request.headers))
            case ("POST", ["message", "push"]):
                return web.json_response(self._push(await request.json(), request.headers))
            case ("POST", ["chat", "loading", "start"]):
                return web.json_response(self._loading(await request.json()), status=202)
            case ("GET", ["message", id_, "content"]):
                return self._content(id_)
            case (method, parts):
                body = await request.read()
                return web.json_response(self._else(method, parts, body, request))
        raise AssertionError("unreachable")

    def _reply(self, body: dict[str, Any], headers: Any) -> dict[str, Any]:
        if "X-Line-Retry-Key" in headers:
            raise Refused(400, "The retry key is not supported by this API")
        self._check("ReplyMessageRequest", body)
        token = self._token(body["replyToken"])
        if token is None or token.used or self.clock() - token.at > self.life_s:
            if token is not None and token.used:
                self.counts["replies with a used token"] += 1
            raise Refused(400, "Invalid reply token")
        token.used = True
        return self._take("reply", token.room, body["messages"], body["replyToken"])

    def _token(self, value: str) -> _Token | None:
        known = self._tokens.get(value)
        if known is None and self.fast:
            head = value.partition("-")[0]
            made = float(head) if head.replace(".", "").isdigit() else self.clock()
            known = self._tokens[value] = _Token("", made)
        return known

    def _push(self, body: dict[str, Any], headers: Any) -> dict[str, Any]:
        self._check("PushMessageRequest", body)
        key = headers.get("X-Line-Retry-Key")
        if key in self._keys:
            raise Refused(409, "The retry key is already accepted")
        people = self.people.get(body["to"], 1)
        if self.quota is not None and self.used + people > self.quota:
            raise Refused(429, "You have reached your monthly limit.")
        self.used += people
        done = self._take("push", body["to"], body["messages"], None)
        if key is not None:
            self._keys[key] = [one["id"] for one in done["sentMessages"]]
        return done

    def _check(self, name: str, body: dict[str, Any]) -> None:
        messages = body.get("messages")
        if not isinstance(messages, list) or not 1 <= len(messages) <= 5:
            raise Refused(400, "Size must be between 1 and 5")
        for one in messages:
            text = one.get("text")
            if isinstance(text, str) and not 0 < len(text.encode("utf-16-le")) // 2 <= 5000:
                raise Refused(400, "Length must be between 1 and 5000")
        if not self.fast and line_schema.missing() is None:
            wrong = line_schema.problems(name, body)
            if wrong:
                raise Refused(400, f"The request body has errors: {wrong[0]}")

    def _take(
        self, by: str, room: str, messages: list[dict[str, Any]], token: str | None
    ) -> dict[str, Any]:
        ids = [message_id() for _ in messages]
        self.counts[by] += 1
        self.said.append(Said(by, room, messages, ids, token, time.time()))
        return {"sentMessages": [{"id": id_, "quoteToken": f"q{id_}"} for id_ in ids]}

    def _loading(self, body: dict[str, Any]) -> dict[str, Any]:
        seconds, person = body.get("loadingSeconds", 20), body["chatId"]
        if not person.startswith("U") or seconds not in range(5, 61, 5):
            raise Refused(400, "The value of chatId or loadingSeconds is not right")
        self.counts["loading"] += 1
        self.loadings.append((person, seconds))
        return {}

    def _content(self, id_: str) -> web.Response:
        if id_ not in self.contents:
            raise Refused(404, "Not found")
        return web.Response(body=self.contents[id_], content_type="application/octet-stream")

    def _else(
        self, method: str, parts: list[str], body: bytes, request: web.Request
    ) -> dict[str, Any]:
        match (method, parts):
            case ("GET", ["info"]):
                mode = {"chatMode": "bot", "markAsReadMode": "auto"}
                name = {"basicId": "@leaf", "displayName": self.display_name}
                return {"userId": BOT, **name, **mode}
            case ("GET", ["message", "quota"]):
                limited = {"type": "limited", "value": self.quota}
                return {"type": "none"} if self.quota is None else limited
            case ("GET", ["message", "quota", "consumption"]):
                return {"totalUsage": self.used}
            case ("GET", ["profile", person] | ["group" | "room", _, "member", person]):
                if person not in self.names:
                    raise Refused(404, "Not found")
                return {"userId": person, "displayName": self.names[person]}
            case ("GET", ["group" | "room", room, "members", "count"]):
                return {"count": self.people.get(room, 3)}
            case ("PUT" | "GET" | "POST", ["channel", "webhook", _]):
                return self._webhook(method, parts[2], body)
            case (_, ["richmenu", *_]) | (_, ["user", *_]):
                return self._menu(method, parts, body, request)
        raise Refused(404, "Not found")

    def _webhook(self, method: str, what: str, body: bytes) -> dict[str, Any]:
        if what == "test":
            ok = {"success": self.webhook_answers, "timestamp": "2026-11-24T04:30:00Z"}
            reason = "OK" if self.webhook_answers else "COULD_NOT_CONNECT"
            return {**ok, "statusCode": 200, "reason": reason, "detail": "200"}
        if method == "GET":
            return {"endpoint": self.webhook or "", "active": True}
        endpoint = json.loads(body)["endpoint"]
        if not endpoint.startswith("https://"):
            raise Refused(400, "Invalid webhook endpoint URL")
        self.webhook = endpoint
        return {}

    def _menu(
        self, method: str, parts: list[str], body: bytes, request: web.Request
    ) -> dict[str, Any]:
        match (method, parts):
            case ("POST", ["richmenu"]):
                menu = json.loads(body)
                wrong = (
                    [] if line_schema.missing() else line_schema.problems("RichMenuRequest", menu)
                )
                if wrong:
                    raise Refused(400, f"The request body has errors: {wrong[0]}")
                id_ = f"richmenu-{len(self.menus) + 1}"
                self.menus[id_] = menu
                return {"richMenuId": id_}
            case ("POST", ["richmenu", id_, "content"]):
                if request.content_type not in ("image/png", "image/jpeg") or len(body) > 1024**2:
                    raise Refused(400, "not a picture, or more than 1 MB")
                self.pictures[id_] = body
                return {}
            case ("GET", ["richmenu", "list"]):
                listed = [{"richMenuId": id_, **menu} for id_, menu in self.menus.items()]
                return {"richmenus": listed}
            case ("DELETE", ["richmenu", id_]):
                self.menus.pop(id_, None)
                return {}
            case ("POST", ["user", person, "richmenu", id_]):
                if id_ not in self.pictures:
                    raise Refused(400, "must upload richmenu image before applying it to user")
                self.linked[person] = id_
                return {}
        raise Refused(404, "Not found")

    # -- for a load generator ---------------------------------------------------------------------

    def _told(self, path: str) -> dict[str, Any]:
        if path == "/_reset":
            for kept in (self.said, self._tokens, self._keys, self.counts, self.refused):
                kept.clear()
        first = {"replies": {one.token: one.at for one in self.said if one.token}}
        return {
            **first,
            "pushes": self.counts["push"],
            "duplicates": self.counts["replies with a used token"],
            "counts": dict(self.counts),
        }


@contextmanager
def threaded(**options: Any) -> Iterator[LineServer]:
    """For tests that have no event loop, or one that is busy with something else."""
    server, loop = LineServer(**options), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _serve(port: int, fast: bool) -> None:
    async with LineServer(fast=fast, port=port, quota=None) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fast", action="store_true", help="no schemas, any token is good once")
    chosen = parser.parse_args()
    asyncio.run(_serve(chosen.port, chosen.fast))
