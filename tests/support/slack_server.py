"""A loopback Slack: Web API, web socket and response addresses, with its rules and a memory.

    async with SlackServer() as slack:
        slack.base_url                     # for SLACK_API_BASE; ends in /api/
        slack.messages                     # what people see, in order, after edits
        slack.calls_of("chat.update")      # every call, with its arguments
        slack.scopes -= {"files:read"}     # what the app may not
        slack.fail("chat.postMessage", Fault(429, headers={"Retry-After": "1"}))
        slack.broken                       # rules that were broken: empty at the end of a test

Every call's arguments are checked (`slack_rules`); what breaks a rule is refused with
`invalid_arguments` and remembered. Tickets of the socket are good for one connection.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.support import slack_rules

BOT = "U0SECRETARY"
BOT_ID = "B0SECRETARY"
TEAM = "T0TEAM"
BOT_TOKEN = "xoxb-right"
APP_TOKEN = "xapp-right"
SCOPES = {
    "conversations.": "im:history", "chat.": "chat:write", "reactions.": "reactions:write", "users.": "users:read",
    "usergroups.": "usergroups:read", "assistant.": "chat:write",
}  # fmt: skip
ACK_S = 3.0
Arguments = dict[str, Any]


@dataclass
class Fault:
    """One refusal: by HTTP status, by Slack's own word, or by silence."""

    status: int = 200
    error: str = "ratelimited"
    headers: dict[str, str] = field(default_factory=dict)
    raw: str | None = None
    hang_s: float = 0.0
    after: bool = False
    """What was asked is done all the same."""


@dataclass
class Call:
    method: str
    arguments: Arguments
    at: float


@dataclass
class Message:
    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    thread: str | None = None
    only_for: str | None = None
    metadata: dict[str, Any] | None = None
    is_streaming: bool = False
    versions: list[str] = field(default_factory=list)
    """What it said, one after the other."""


class Refused(Exception):
    """Slack's word for why not."""


class SlackServer:
    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.calls: list[Call] = []
        self.done: list[str] = []
        """Methods in the order in which they took effect."""
        self.broken: list[str] = []
        self.scopes = {*SCOPES.values(), "files:read"}
        self.refused: dict[str, str] = {}
        """Method → the word with which it is refused for good."""
        self.unknown_blocks: set[str] = set()
        self.bot_is_in: Callable[[str], bool] = lambda _channel: True
        self.groups: dict[str, list[str]] = {}
        self.users: dict[str, dict[str, Any]] = {}
        self.files: dict[str, tuple[bytes, str]] = {}
        self.views: list[dict[str, Any]] = []
        self.homes: dict[str, dict[str, Any]] = {}
        self.statuses: list[Arguments] = []
        self.eyes: set[tuple[str, str]] = set()
        self.hooks: dict[str, tuple[str, str, str | None, int]] = {}
        self.triggers: dict[str, float] = {}
        self.connected = asyncio.Event()
        self.connections = 0
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        self._clock = 1_700_000_000
        self._tickets: set[str] = set()
        self._sockets: set[web.WebSocketResponse] = set()
        self._acks: dict[str, asyncio.Future[Any]] = {}
        self._runner: web.AppRunner | None = None
        self.port = 0

    # -- coming and going -----------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_post("/api/{method}", self._api)
        app.router.add_get("/api/{method}", self._api)
        app.router.add_get("/link", self._link)
        app.router.add_post("/respond/{hook}", self._respond)
        app.router.add_get("/files/{name}", self._file)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.drop()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.root}/api/"

    def now(self) -> str:
        self._clock += 1
        return f"{self._clock}.000100"

    def fail(self, method: str, *faults: Fault) -> None:
        self._faults[method] += faults

    def calls_of(self, *methods: str) -> list[Arguments]:
        return [call.arguments for call in self.calls if call.method in methods]

    def trigger(self) -> str:
        made = f"{len(self.triggers) + 1}.{TEAM}.{self.now()}"
        self.triggers[made] = time.monotonic()
        return made

    def hook(self, channel: str, user: str, thread: str | None = None) -> str:
        name = f"hook{len(self.hooks) + 1}"
        self.hooks[name] = (channel, user, thread, 0)
        return f"{self.root}/respond/{name}"

    # -- the socket -----------------------------------------------------------------------------

    async def drop(self) -> None:
        """Every connection is gone."""
        self.connected.clear()
        for socket in list(self._sockets):
            await socket.close()

    async def send(self, message: dict[str, Any]) -> None:
        [*_, socket] = self._sockets
        await socket.send_json(message)

    async def envelope(self, kind: str, payload: dict[str, Any]) -> tuple[bool, Any]:
        """Whether it was acknowledged in time, and what with."""
        await asyncio.wait_for(self.connected.wait(), 20)
        id_ = f"envelope-{len(self._acks) + 1}"
        acked = self._acks[id_] = asyncio.get_running_loop().create_future()
        takes = kind != "events_api"
        await self.send(
            {
                "type": kind,
                "envelope_id": id_,
                "payload": payload,
                "accepts_response_payload": takes,
                **({} if takes else {"retry_attempt": 0, "retry_reason": ""}),
            }
        )
        try:
            return True, await asyncio.wait_for(acked, ACK_S)
        except TimeoutError:
            return False, None

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=408)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        self.connections += 1
        await socket.send_json({"type": "hello", "num_connections": len(self._sockets)})
        self.connected.set()
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._acknowledged(json.loads(message.data))
        finally:
            self._sockets.discard(socket)
        return socket

    def _acknowledged(self, said: dict[str, Any]) -> None:
        future = self._acks.get(said.get("envelope_id", ""))
        if future is not None and not future.done():
            future.set_result(said.get("payload"))

    # -- the Web API ----------------------------------------------------------------------------

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        arguments, token = await _arguments(request)
        self.calls.append(Call(method, arguments, time.monotonic()))
        fault = self._faults[method].pop(0) if self._faults[method] else None
        if fault is not None:
            await asyncio.sleep(fault.hang_s)
            if fault.after:
                self._result(method, arguments, token)
            if fault.raw is not None:
                return web.Response(status=fault.status, text=fault.raw, content_type="text/html")
            if fault.status != 200 or not fault.hang_s:
                said = {"ok": False, "error": fault.error}
                return web.json_response(said, status=fault.status, headers=fault.headers)
        return web.json_response(self._result(method, arguments, token))

    def _result(self, method: str, arguments: Arguments, token: str) -> Arguments:
        try:
            self._check(method, arguments, token)
            done = {"ok": True, **self._do(method, arguments)}
            self.done.append(method)
            return done
        except Refused as error:
            return {"ok": False, "error": str(error)}

    def _check(self, method: str, arguments: Arguments, token: str) -> None:
        if token != (APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN):
            raise Refused("invalid_auth")
        if method in self.refused:
            raise Refused(self.refused[method])
        scope = next((one for start, one in SCOPES.items() if method.startswith(start)), None)
        if scope is not None and scope not in self.scopes:
            raise Refused("missing_scope")
        if any(one["type"] in self.unknown_blocks for one in arguments.get("blocks") or ()):
            raise Refused("invalid_blocks")
        problems = slack_rules.broken(method, arguments)
        if problems:
            self.broken += [f"{method}: {problem}" for problem in problems]
            raise Refused("invalid_arguments")

    def _do(self, method: str, arguments: Arguments) -> Arguments:
        doing: dict[str, Callable[[Arguments], Arguments]] = {
            "auth.test": lambda _: {
                "url": "https://team.example/", "team": "team", "user": "secretary",
                "team_id": TEAM, "user_id": BOT, "bot_id": BOT_ID,
            },
            "apps.connections.open": self._ticket,
            "chat.postMessage": self._post,
            "chat.postEphemeral": self._whisper,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "conversations.history": self._history,
            "conversations.replies": self._history,
            "chat.startStream": self._start,
            "chat.appendStream": self._append,
            "chat.stopStream": self._stop,
            "assistant.threads.setStatus": self._status,
            "reactions.add": self._react,
            "reactions.remove": self._unreact,
            "users.info": lambda said: {"user": self.users.get(said["user"], {})},
            "usergroups.users.list": self._members,
            "views.open": self._open,
            "views.publish": self._publish,
        }  # fmt: skip
        if method not in doing:
            raise Refused("unknown_method")
        return doing[method](arguments)

    def _ticket(self, _said: Arguments) -> Arguments:
        ticket = f"ticket{len(self._tickets)}-{self.now()}"
        self._tickets.add(ticket)
        return {"url": f"ws://127.0.0.1:{self.port}/link?ticket={ticket}"}

    def message(self, channel: str, ts: str) -> Message:
        found = [one for one in self.messages if (one.channel, one.ts) == (channel, ts)]
        if not found or found[0].only_for:
            raise Refused("message_not_found")
        return found[0]

    def _post(self, said: Arguments, *, only_for: str | None = None) -> Arguments:
        channel = said["channel"]
        if channel.startswith("U"):
            channel = f"D{channel}"
        if not self.bot_is_in(channel):
            raise Refused("not_in_channel")
        new = Message(channel, self.now(), BOT, only_for=only_for, thread=said.get("thread_ts"))
        new.metadata = said.get("metadata")
        _write(new, said)
        self.messages.append(new)
        return {"ts": new.ts, "channel": channel}

    def _history(self, said: Arguments) -> Arguments:
        """Of a channel without its threads, or of one thread."""
        thread = said.get("ts")
        found = [
            one
            for one in self.messages
            if one.channel == said["channel"]
            and not one.only_for
            and (one.thread == thread or one.ts == thread)
        ]
        shown = [{"ts": one.ts, "text": one.text, "metadata": one.metadata} for one in found]
        return {"messages": [{k: v for k, v in one.items() if v is not None} for one in shown]}

    def _whisper(self, said: Arguments) -> Arguments:
        return {"message_ts": self._post(said, only_for=said["user"])["ts"]}

    def _update(self, said: Arguments) -> Arguments:
        found = self.message(said["channel"], said["ts"])
        if found.user != BOT or found.is_streaming:
            raise Refused(
                "cant_update_message" if found.user != BOT else "streaming_state_conflict"
            )
        _write(found, said)
        return {"ts": found.ts, "channel": found.channel}

    def _delete(self, said: Arguments) -> Arguments:
        self.messages.remove(self.message(said["channel"], said["ts"]))
        return {"ts": said["ts"]}

    def _start(self, said: Arguments) -> Arguments:
        is_direct = said["channel"].startswith("D")
        if not is_direct and not (said.get("recipient_user_id") and said.get("recipient_team_id")):
            raise Refused("missing_recipient_user_id")
        new = Message(said["channel"], self.now(), BOT, thread=said["thread_ts"])
        new.is_streaming = True
        new.text = said.get("markdown_text") or ""
        self.messages.append(new)
        return {"ts": new.ts, "channel": new.channel}

    def _append(self, said: Arguments) -> Arguments:
        found = self.message(said["channel"], said["ts"])
        if not found.is_streaming:
            raise Refused("message_not_in_streaming_state")
        found.text += said["markdown_text"]
        found.versions.append(found.text)
        return {"ts": found.ts}

    def _stop(self, said: Arguments) -> Arguments:
        found = self.message(said["channel"], said["ts"])
        if not found.is_streaming:
            raise Refused("message_not_in_streaming_state")
        found.is_streaming = False
        return {"ts": found.ts}

    def _status(self, said: Arguments) -> Arguments:
        self.statuses.append(said)
        return {}

    def _react(self, said: Arguments) -> Arguments:
        self.eyes.add((said["channel"], said["timestamp"]))
        return {}

    def _unreact(self, said: Arguments) -> Arguments:
        self.eyes.discard((said["channel"], said["timestamp"]))
        return {}

    def _members(self, said: Arguments) -> Arguments:
        if said["usergroup"] not in self.groups:
            raise Refused("no_such_subteam")
        return {"users": self.groups[said["usergroup"]]}

    def _open(self, said: Arguments) -> Arguments:
        made = self.triggers.pop(said["trigger_id"], None)
        if made is None or time.monotonic() - made > ACK_S:
            raise Refused("expired_trigger_id")
        view = {**said["view"], "id": f"V{len(self.views) + 1}"}
        self.views.append(view)
        return {"view": view}

    def _publish(self, said: Arguments) -> Arguments:
        self.homes[said["user_id"]] = said["view"]
        return {}

    # -- other addresses ------------------------------------------------------------------------

    async def _respond(self, request: web.Request) -> web.Response:
        name = request.match_info["hook"]
        said = await request.json()
        self.calls.append(Call("response_url", said, time.monotonic()))
        channel, user, thread, used = self.hooks[name]
        if used >= 5:
            return web.Response(status=404, text="used_url")
        self.hooks[name] = (channel, user, thread, used + 1)
        problems = list(slack_rules._blocks(said.get("blocks") or []))
        if problems:
            self.broken += problems
            return web.Response(status=400, text="invalid_blocks")
        new = Message(channel, self.now(), BOT, only_for=user, thread=thread)
        _write(new, said)
        self.messages.append(new)
        return web.Response(text="ok")

    async def _file(self, request: web.Request) -> web.Response:
        content, kind = self.files[request.match_info["name"]]
        is_allowed = request.headers.get("Authorization") == f"Bearer {BOT_TOKEN}"
        if not is_allowed or "files:read" not in self.scopes:
            return web.Response(text="<html>Sign in to Slack</html>", content_type="text/html")
        return web.Response(body=content, content_type=kind)


def _write(message: Message, said: Arguments) -> None:
    message.text, message.blocks = said.get("text") or "", said.get("blocks") or []
    message.versions.append(message.text)


async def _arguments(request: web.Request) -> tuple[Arguments, str]:
    """As JSON or as a form or in the address; the token in whichever place it came."""
    said: Arguments = dict(request.query)
    if request.content_type == "application/json":
        said |= await request.json()
    else:
        said |= dict(await request.post())
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return said, str(said.pop("token", "") or given)
