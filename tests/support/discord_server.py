"""A loopback stand-in for Discord: the REST API with its rules, the gateway, and people.

    async with DiscordServer() as discord:
        … point the program at discord.api_base with discord.token …
        await discord.say(discord.world.ann, "營業到幾點？", channel=direct)
        await discord.slash(discord.world.boss, "annotate")

Whatever the rules refuse is refused as Discord refuses it; what its schema has against a request
is in `mistakes`. `calls` holds every request.
"""

import fnmatch
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.support.discord_messages import Refused
from tests.support.discord_people import People
from tests.support.discord_world import Json

_BASE = "/api/v10"


@dataclass
class Call:
    method: str
    path: str
    body: Any
    at: float = field(default_factory=time.monotonic)


@dataclass
class Fault:
    method: str
    path: str
    """As for fnmatch."""
    status: int
    times: int
    headers: dict[str, str]
    body: Json
    is_taken: bool
    """The request is dealt with all the same, and only its answer is lost."""


class DiscordServer(People):
    """See the module's docstring; an asynchronous context manager."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self._runner: web.AppRunner | None = None

    @property
    def api_base(self) -> str:
        return f"http://{self.host}{_BASE}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**26)
        app.router.add_get("/gateway", self.gateway.socket)
        app.router.add_get("/files/{name}", self._file)
        app.router.add_route("*", _BASE + "/{path:.*}", self._api)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        self.host = f"127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def fail(
        self, method: str, path: str, status: int, *, times: int = 1,
        headers: dict[str, str] | None = None, taken: bool = False, **body: Any,
    ) -> None:  # fmt: skip
        """The next requests of this kind are refused."""
        made = {"message": "no", "code": 0, **body}
        self.faults.append(Fault(method, path, status, times, headers or {}, made, taken))

    def called(self, method: str, path: str) -> list[Call]:
        return [
            call
            for call in self.calls
            if call.method == method and fnmatch.fnmatchcase(call.path, path)
        ]

    # -- the API ----------------------------------------------------------------------------------

    async def _file(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["name"])
        return web.Response(status=404) if content is None else web.Response(body=content)

    async def _api(self, request: web.Request) -> web.Response:
        path = "/" + request.match_info["path"]
        body = await request.json() if request.can_read_body else None
        self.calls.append(Call(request.method, path, body))
        fault = self._fault(request.method, path)
        if fault is not None:
            if fault.is_taken:
                await self._dealt(request, path, body)
            return _json(fault.body, fault.status, fault.headers)
        try:
            answer = await self._dealt(request, path, body)
        except Refused as error:
            refusal = {"message": error.message, "code": error.code}
            return _json(refusal, error.status)
        return web.Response(status=204) if answer is None else _json(answer)

    def _fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method == method and fnmatch.fnmatchcase(path, fault.path):
                fault.times -= 1
                return fault
        return None

    async def _dealt(self, request: web.Request, path: str, body: Any) -> Any:
        needs_token = not path.startswith(("/webhooks/", "/interactions/"))
        if needs_token and request.headers.get("Authorization") != f"Bot {self.token}":
            raise Refused(401, 0, "401: Unauthorized")
        for method, pattern, deal in self._routes():
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                return await deal(body, *found.groups())
        raise Refused(404, 0, f"404: {request.method} {path}")

    def _routes(self) -> list[tuple[str, str, Callable[..., Awaitable[Any]]]]:
        one = r"([^/]+)"
        return [
            ("GET", "/users/@me", self._users_me),
            ("GET", "/oauth2/applications/@me", self._application),
            ("GET", "/gateway", self._gateway_url),
            ("PUT", f"/applications/{one}/commands", self._put_commands),
            ("POST", f"/channels/{one}/messages", self._post),
            ("PATCH", f"/channels/{one}/messages/{one}", self._edit),
            ("DELETE", f"/channels/{one}/messages/{one}", self._delete),
            ("POST", f"/channels/{one}/typing", self._typing),
            ("POST", "/users/@me/channels", self._direct),
            ("GET", f"/guilds/{one}/members/{one}", self._member),
            ("POST", f"/interactions/{one}/{one}/callback", self._callback),
            ("PATCH", f"/webhooks/{one}/{one}/messages/@original", self._edit_original),
            ("POST", f"/webhooks/{one}/{one}", self._follow_up),
        ]


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Without a charset in its type, as Discord has it."""
    body = json.dumps(value).encode()
    given = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(body=body, status=status, headers=given)
