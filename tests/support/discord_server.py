"""A loopback stand-in for Discord: the REST API with its rules, the gateway, and people.

    async with DiscordServer() as discord:
        … point the program at discord.api_base with discord.token …
        await discord.say(discord.world.ann, "營業到幾點？", channel=direct)
        await discord.slash(discord.world.boss, "annotate")

Whatever the rules refuse is refused as Discord refuses it; what its schema has against a request
is in `mistakes`. `calls` holds every request.
"""

import asyncio
import fnmatch
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.support.discord_gateway import Gateway
from tests.support.discord_schema import mistakes
from tests.support.discord_world import (
    APPLICATION,
    GENERAL,
    GUILD,
    Json,
    Person,
    Said,
    World,
    iso,
    snowflake,
)

_BASE = "/api/v10"
_TOKEN_S = 15 * 60.0
_ACK_S = 3.0
_PENDING, _EPHEMERAL = 1 << 7, 1 << 6


class Refused(Exception):
    def __init__(self, status: int, code: int, message: str = "refused") -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


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


@dataclass
class Interaction:
    id: str
    token: str
    person: Person
    channel: str
    made_at: float
    event: Json = field(default_factory=dict)
    acked_at: float | None = None
    message: str | None = None
    modal: Json | None = None
    is_private: bool = False
    followups: list[str] = field(default_factory=list)


class DiscordServer:
    """See the module's docstring; an asynchronous context manager."""

    def __init__(self) -> None:
        self.token = "bot-token"
        self.world = World()
        self.gateway = Gateway(self.world, self.token)
        self.calls: list[Call] = []
        self.mistakes: list[str] = []
        self.pings: list[Json] = []
        self.commands: list[Json] = []
        self.interactions: dict[str, Interaction] = {}
        self.files: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.clock = time.monotonic
        self._nonces: dict[str, str] = {}
        self._runner: web.AppRunner | None = None
        self.host = ""

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

    async def _users_me(self, _body: Any) -> Json:
        return self.world.me.user()

    async def _application(self, _body: Any) -> Json:
        return {
            "id": APPLICATION, "name": "小秘書", "icon": None, "description": "", "flags": 0,
            "bot_public": False, "bot_require_code_grant": False, "verify_key": "0", "team": None,
            "owner": self.world.boss.user(), "summary": "",
        }  # fmt: skip

    async def _gateway_url(self, _body: Any) -> Json:
        return {"url": f"ws://{self.host}/gateway"}

    async def _put_commands(self, body: list[Json], _application: str) -> list[Json]:
        for command in body:
            self._judge("ApplicationCommandUpdateRequest", command)
        self.commands = [
            {
                "description": "",
                **command,
                "id": snowflake(),
                "application_id": APPLICATION,
                "version": "1",
            }
            for command in body
        ]
        return self.commands

    async def _post(self, body: Json, channel: str) -> Json:
        self._judge("MessageCreateRequest", body)
        if channel not in self.world.channels:
            raise Refused(404, 10003, "Unknown Channel")
        self._refuse_bad(body)
        nonce = body.get("nonce")
        known = self._nonces.get(str(nonce)) if body.get("enforce_nonce") else None
        if known is not None:
            return self.world.payload(self.world.messages[known])
        said = self._made(channel, body)
        reference = (body.get("message_reference") or {}).get("message_id")
        said.reply_to = self.world.messages.get(str(reference))
        if nonce is not None:
            self._nonces[str(nonce)] = said.id
        return await self._announced(said)

    async def _announced(self, said: Said) -> Json:
        """The bot hears itself, as it does at Discord."""
        self.world.messages[said.id] = said
        payload = self.world.payload(said)
        await self.gateway.dispatch("MESSAGE_CREATE", payload)
        return payload

    def _made(self, channel: str, body: Json) -> Said:
        said = Said(snowflake(), channel, self.world.me)
        self._fill(said, body)
        return said

    def _fill(self, said: Said, body: Json) -> None:
        for name in ("content", "embeds", "components"):
            if body.get(name) is not None:
                setattr(said, name, body[name])
        said.flags |= int(body.get("flags") or 0)
        said.is_pending = False
        said.seen.append(said.content)
        allowed = body.get("allowed_mentions")
        pinging = re.search(r"@everyone|@here|<@[!&]?\d+>", said.content)
        replied = (allowed or {}).get(
            "replied_user", allowed is None
        ) and "message_reference" in body
        if (pinging and (allowed is None or any(allowed.values()))) or replied:
            self.pings.append(body)

    def _refuse_bad(self, body: Json) -> None:
        content, embeds = body.get("content") or "", body.get("embeds") or []
        sizes = [len(text) for embed in embeds for text in _embed_texts(embed)]
        ids = [
            one["custom_id"] for row in body.get("components") or [] for one in row["components"]
        ]
        problem = (
            (len(content) > 2000 and "content: Must be 2000 or fewer in length")
            or (not content.strip() and not embeds and "Cannot send an empty message")
            or (sum(sizes) > 6000 and "embeds: Embed size exceeds maximum size of 6000")
            or (any(len(embed.get("fields", [])) > 25 for embed in embeds) and "embeds: fields")
            or (len(set(ids)) < len(ids) and "components: custom_id duplicated")
        )
        if problem:
            self.mistakes.append(problem)
            raise Refused(400, 50035, f"Invalid Form Body {problem}")

    async def _edit(self, body: Json, channel: str, message: str) -> Json:
        self._judge("MessageEditRequestPartial", body)
        return await self._changed(self._there(channel, message), body)

    async def _changed(self, said: Said, body: Json) -> Json:
        self._refuse_bad(body)
        self._fill(said, body)
        payload = self.world.payload(said)
        await self.gateway.dispatch("MESSAGE_UPDATE", payload)
        return payload

    def _there(self, channel: str, message: str) -> Said:
        said = self.world.messages.get(message)
        if said is None or said.channel != channel or said.is_deleted:
            raise Refused(404, 10008, "Unknown Message")
        if said.author is not self.world.me:
            raise Refused(403, 50005, "Cannot edit a message authored by another user")
        return said

    async def _delete(self, _body: Any, channel: str, message: str) -> None:
        self._there(channel, message).is_deleted = True
        gone = {"id": message, "channel_id": channel, "guild_id": GUILD}
        await self.gateway.dispatch("MESSAGE_DELETE", gone)

    async def _typing(self, _body: Any, channel: str) -> None:
        assert channel in self.world.channels

    async def _direct(self, body: Json) -> Json:
        return self.world.channels[self.world.direct(self.world.people[body["recipient_id"]])]

    async def _member(self, _body: Any, guild: str, user: str) -> Json:
        person = self.world.people.get(user)
        if guild != GUILD or person is None:
            raise Refused(404, 10007, "Unknown Member")
        return {**person.member(), "user": person.user()}

    # -- interactions -------------------------------------------------------------------------------

    async def _callback(self, body: Json, id_: str, token: str) -> None:
        one = self.interactions.get(id_)
        if one is None or one.token != token or self.clock() - one.made_at > _ACK_S:
            raise Refused(404, 10062, "Unknown interaction")
        if one.acked_at is not None:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        data = body.get("data") or {}
        if body["type"] == 9:
            self._judge("ModalInteractionCallbackRequest", body)
            one.modal = data
        else:
            self._judge("CreateMessageInteractionCallbackRequest", body)
            await self._first_response(one, body["type"], data)
        one.acked_at = self.clock()

    async def _first_response(self, one: Interaction, kind: int, data: Json) -> None:
        assert kind in (4, 5), kind
        if kind == 4:
            self._refuse_bad(data)
        said = self._made(one.channel, data)
        one.is_private = bool(said.flags & _EPHEMERAL)
        said.is_pending = kind == 5
        said.flags |= _PENDING if said.is_pending else 0
        one.message = said.id
        self.world.messages[said.id] = said
        if not one.is_private:
            await self._announced(said)

    def _by_token(self, application: str, token: str) -> Interaction:
        found = next((one for one in self.interactions.values() if one.token == token), None)
        if application != APPLICATION or found is None:
            raise Refused(404, 10015, "Unknown Webhook")
        if self.clock() - found.made_at > _TOKEN_S:
            raise Refused(401, 50027, "Invalid Webhook Token")
        return found

    async def _edit_original(self, body: Json, application: str, token: str) -> Json:
        self._judge("IncomingWebhookUpdateRequestPartial", body)
        one = self._by_token(application, token)
        if one.message is None:
            raise Refused(404, 10015, "Unknown Webhook")
        said = self.world.messages[one.message]
        if one.is_private:
            self._refuse_bad(body)
            self._fill(said, body)
            return self.world.payload(said)
        return await self._changed(said, body)

    async def _follow_up(self, body: Json, application: str, token: str) -> Json:
        self._judge("IncomingWebhookRequestPartial", body)
        one = self._by_token(application, token)
        assert one.message is not None
        assert not self.world.messages[one.message].is_pending
        self._refuse_bad(body)
        said = self._made(one.channel, body)
        one.followups.append(said.id)
        self.world.messages[said.id] = said
        return self.world.payload(said)

    def _judge(self, schema: str, value: Any) -> None:
        self.mistakes += mistakes(schema, value)

    # -- people -------------------------------------------------------------------------------------

    async def say(
        self,
        person: Person,
        content: str,
        channel: str = GENERAL,
        *,
        reply_to: str | None = None,
        ping: bool = True,
        files: dict[str, tuple[str, bytes]] | None = None,
        **more: Any,
    ) -> Json:
        """`files`: name → (type, content). Gives the event."""
        said = Said(snowflake(), channel, person, content, more=more, pings_author=ping)
        said.reply_to = self.world.messages[reply_to] if reply_to is not None else None
        for name, (kind, data) in (files or {}).items():
            self.files[name] = data
            url = f"http://{self.host}/files/{name}"
            said.attachments.append({
                "id": snowflake(), "filename": name, "size": len(data), "url": url,
                "proxy_url": url, "content_type": kind,
            })  # fmt: skip
        self.world.messages[said.id] = said
        payload = self.world.payload(said, hides=self.gateway.hides)
        return await self.gateway.dispatch("MESSAGE_CREATE", payload)

    async def thread(self) -> str:
        id_ = self.world.thread()
        await self.gateway.dispatch("THREAD_CREATE", self.world.channels[id_])
        return id_

    async def change(self, message: str, content: str, at: float | None = None) -> None:
        said = self.world.messages[message]
        said.content, said.edited = content, iso(at)
        await self.touch(message)

    async def touch(self, message: str) -> None:
        """A preview of a link, a pin: an update that changes no words."""
        payload = self.world.payload(self.world.messages[message], hides=self.gateway.hides)
        await self.gateway.dispatch("MESSAGE_UPDATE", payload)

    async def remove(self, message: str) -> None:
        said = self.world.messages[message]
        said.is_deleted = True
        gone: Json = {"id": message, "channel_id": said.channel}
        if not self.world.is_direct(said.channel):
            gone["guild_id"] = GUILD
        await self.gateway.dispatch("MESSAGE_DELETE", gone)

    async def slash(
        self, person: Person, name: str, channel: str = GENERAL, **options: str
    ) -> Interaction:
        """As Discord would show it to this person: a command that they do not see fails here."""
        command = next(one for one in self.commands if one["name"] == name and one["type"] == 1)
        given = [{"name": key, "type": 3, "value": value} for key, value in options.items()]
        known = {option["name"] for option in command["options"]}
        assert set(options) <= known, known
        data = {"id": command["id"], "name": name, "type": 1, "options": given}
        return await self._interact(person, channel, 2, data)

    async def menu(self, person: Person, name: str, message: str) -> Interaction:
        command = next(one for one in self.commands if one["name"] == name and one["type"] == 3)
        said = self.world.messages[message]
        data = {
            "id": command["id"], "name": name, "type": 3, "target_id": message,
            "resolved": {"messages": {message: self.world.payload(said)}},
        }  # fmt: skip
        return await self._interact(person, said.channel, 2, data)

    async def click(self, person: Person, message: str, custom_id: str) -> Interaction:
        said = self.world.messages[message]
        assert custom_id in [one["custom_id"] for one in said.buttons()]
        data = {"custom_id": custom_id, "component_type": 2}
        payload = self.world.payload(said)
        return await self._interact(person, said.channel, 3, data, message=payload)

    async def submit(self, person: Person, opened: Interaction, **values: str) -> Interaction:
        """What is not named is sent in as it was filled in beforehand."""
        assert opened.modal is not None
        shown = [label["component"] for label in opened.modal["components"]]
        assert set(values) <= {one["custom_id"] for one in shown}
        components = [
            {"type": 18, "id": number, "component": {
                "type": 4, "id": number + 50, "custom_id": one["custom_id"],
                "value": values.get(one["custom_id"], one.get("value", "")),
            }}
            for number, one in enumerate(shown)
        ]  # fmt: skip
        data = {"custom_id": opened.modal["custom_id"], "components": components}
        return await self._interact(person, opened.channel, 5, data)

    async def _interact(
        self, person: Person, channel: str, kind: int, data: Json, **more: Any
    ) -> Interaction:
        id_ = snowflake()
        one = Interaction(id_, f"token-{id_}", person, channel, self.clock())
        self.interactions[id_] = one
        event: Json = {
            "id": id_, "application_id": APPLICATION, "type": kind, "token": one.token,
            "version": 1, "data": data, "channel_id": channel, "locale": person.locale,
            "channel": self.world.channels[channel], "entitlements": [], "app_permissions": "0",
            "authorizing_integration_owners": {}, "attachment_size_limit": 10485760, **more,
        }  # fmt: skip
        if self.world.is_direct(channel):
            event |= {"user": person.user(), "context": 1}
        else:
            member = {**person.member(), "user": person.user()}
            event |= {
                "member": {**member, "permissions": person.permissions()}, "guild_id": GUILD,
                "guild_locale": "zh-TW", "context": 0, "guild": {"id": GUILD, "features": []},
            }  # fmt: skip
        one.event = await self.gateway.dispatch("INTERACTION_CREATE", event)
        return one

    # -- what can be seen -----------------------------------------------------------------------------

    def own(self, channel: str | None = None) -> list[Said]:
        """The bot's messages that are there, in order."""
        return [
            said
            for said in self.world.messages.values()
            if said.author is self.world.me
            and not said.is_deleted
            and not said.is_pending
            and channel in (None, said.channel)
        ]

    async def until(
        self, there: Callable[[], Any], seconds: float = 20.0, what: str = "what was expected"
    ) -> Any:
        """Waits for it; gives what it is."""
        deadline = time.monotonic() + seconds
        while not (found := there()):
            seen = [(said.channel, said.text()) for said in self.own()]
            assert time.monotonic() < deadline, f"{what} did not come; there is {seen}"
            await asyncio.sleep(0.02)
        return found


def _embed_texts(embed: Json) -> list[str]:
    fields = [text for one in embed.get("fields", []) for text in (one["name"], one["value"])]
    return [embed.get("title", ""), embed.get("description", ""), *fields]


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Without a charset in its type, as Discord has it."""
    body = json.dumps(value).encode()
    given = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(body=body, status=status, headers=given)
