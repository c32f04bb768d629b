"""People in a workspace of `SlackServer`, and the two ways in which Slack tells an app of them."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx

from tests.support.slack_server import BOT, BOT_ID, TEAM, Message, SlackServer

SECRET = "signing-secret"
Payload = dict[str, Any]


class Line(Protocol):
    """How payloads get to the app."""

    async def tell(self, kind: str, payload: Payload) -> tuple[bool, Any]:
        """`events_api`, `interactive` or `slash_commands`: whether it was acknowledged in time,
        and what with."""


@dataclass
class SocketLine:
    slack: SlackServer

    async def tell(self, kind: str, payload: Payload) -> tuple[bool, Any]:
        return await self.slack.envelope(kind, payload)


@dataclass
class HttpLine:
    """Signed requests to `url`."""

    url: str
    secret: str = SECRET

    async def tell(self, kind: str, payload: Payload) -> tuple[bool, Any]:
        response = await self.post(kind, payload)
        taken = response.status_code == 200
        return taken, response.json() if taken and response.text.startswith("{") else None

    async def post(self, kind: str, payload: Payload, **headers: str) -> httpx.Response:
        body, content_type = encoded(kind, payload)
        async with httpx.AsyncClient(timeout=3.0) as client:
            signed = {**signature(self.secret, body), "Content-Type": content_type, **headers}
            return await client.post(self.url, content=body, headers=signed)


def encoded(kind: str, payload: Payload) -> tuple[bytes, str]:
    form = "application/x-www-form-urlencoded"
    match kind:
        case "events_api":
            return json.dumps(payload, ensure_ascii=False).encode(), "application/json"
        case "interactive":
            return urlencode({"payload": json.dumps(payload)}).encode(), form
        case _:
            return urlencode(payload).encode(), form


def signature(secret: str, body: bytes, at: float | None = None) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    base = b"v0:" + stamp.encode() + b":" + body
    signed = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}"}


@dataclass
class Workspace:
    """What people do; each gives back what was told to the app, and fails where that was not
    acknowledged."""

    slack: SlackServer
    line: Line
    acks: list[float] = field(default_factory=list)
    told: list[tuple[str, Payload]] = field(default_factory=list)
    _count: int = 0

    async def tell(self, kind: str, payload: Payload) -> Any:
        started = time.monotonic()
        taken, said = await self.line.tell(kind, payload)
        self.acks.append(time.monotonic() - started)
        self.told.append((kind, payload))
        assert taken, f"not acknowledged: {kind}"
        return said

    # -- events ---------------------------------------------------------------------------------

    def event(self, event: Payload) -> Payload:
        self._count += 1
        return {
            "type": "event_callback",
            "team_id": TEAM,
            "api_app_id": "A1",
            "event_id": f"Ev{self._count}",
            "event_time": int(time.time()),
            "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
            "event": event,
        }

    def said(
        self, text: str, *, user: str, channel: str, thread: str | None = None, **more: Any
    ) -> Payload:
        """A message that stands in the channel from now on, as an event tells of it."""
        message = Message(channel, self.slack.now(), user, text, thread=thread)
        self.slack.messages.append(message)
        kind = {"D": "im", "C": "channel", "G": "group"}[channel[0]]
        event = {
            "type": "message", "channel": channel, "channel_type": kind, "user": user,
            "text": text, "ts": message.ts, "event_ts": message.ts, "team": TEAM, **more,
        }  # fmt: skip
        if thread is not None:
            event |= {"thread_ts": thread, "parent_user_id": user}
        return event

    async def say(
        self, text: str, *, user: str, channel: str, thread: str | None = None, **more: Any
    ) -> str:
        """Gives the message's timestamp. A mention in a channel arrives twice, as Slack does it."""
        event = self.said(text, user=user, channel=channel, thread=thread, **more)
        if f"<@{BOT}>" in text and not channel.startswith("D"):
            mention = {**event, "type": "app_mention"}
            del mention["channel_type"]
            await self.tell("events_api", self.event(mention))
        await self.tell("events_api", self.event(event))
        return str(event["ts"])

    async def edit(self, channel: str, ts: str, text: str) -> str:
        """Gives the time of the change."""
        message = self.slack.message(channel, ts)
        before = self._shown(message)
        message.text = text
        at = self.slack.now()
        now = {**self._shown(message), "edited": {"user": message.user, "ts": at}}
        await self._changed("message_changed", channel, message=now, previous_message=before)
        return at

    async def unfurl(self, channel: str, ts: str) -> None:
        """Slack shows a preview of a link: the words stay the same."""
        shown = self._shown(self.slack.message(channel, ts))
        now = {**shown, "attachments": [{"title": "a page"}]}
        await self._changed("message_changed", channel, message=now, previous_message=shown)

    async def delete(self, channel: str, ts: str) -> None:
        message = self.slack.message(channel, ts)
        self.slack.messages.remove(message)
        shown = self._shown(message)
        await self._changed("message_deleted", channel, deleted_ts=ts, previous_message=shown)

    async def _changed(self, subtype: str, channel: str, **more: Any) -> None:
        kind = "im" if channel.startswith("D") else "channel"
        event = {
            "type": "message", "subtype": subtype, "hidden": True, "channel": channel,
            "channel_type": kind, "ts": self.slack.now(), **more,
        }  # fmt: skip
        await self.tell("events_api", self.event(event))

    @staticmethod
    def _shown(message: Message) -> Payload:
        shown = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts}
        return {**shown, "thread_ts": message.thread} if message.thread else shown

    async def bots_speak(self, text: str, channel: str) -> None:
        """The app's own message comes back, and another bot says the same, in both of the ways
        in which bots' messages look."""
        own = self.said(text, user=BOT, channel=channel, bot_id=BOT_ID)
        other = self.said(text, user="U0OTHERBOT", channel=channel, bot_id="B0OTHER")
        old = self.said(text, user="", channel=channel, bot_id="B1", subtype="bot_message")
        del old["user"]
        for event in (own, other, old):
            await self.tell("events_api", self.event(event))

    # -- interactions ---------------------------------------------------------------------------

    async def command(self, text: str, *, user: str, channel: str, name: str = "someone") -> Any:
        command, _, rest = text.partition(" ")
        payload = {
            "token": "x", "team_id": TEAM, "team_domain": "team", "channel_id": channel,
            "channel_name": "directmessage" if channel.startswith("D") else "general",
            "user_id": user, "user_name": name, "command": command, "text": rest,
            "api_app_id": "A1", "response_url": self.slack.hook(channel, user),
            "trigger_id": self.slack.trigger(),
        }  # fmt: skip
        return await self.tell("slash_commands", payload)

    async def tap(self, data: str, *, user: str) -> Any:
        """On the last message that has such a button."""
        message = next(one for one in reversed(self.slack.messages) if data in values(one))
        action = next(
            {**button, "value": data} for button in buttons(message) if data in offered(button)
        )
        action = {"action_id": action["action_id"], "value": data, "type": action["type"]}
        container = {
            "type": "message", "message_ts": message.ts, "channel_id": message.channel,
            "is_ephemeral": message.only_for is not None,
        }  # fmt: skip
        payload = {
            **self._interaction("block_actions", user, message.channel, message.thread),
            "container": container,
            "actions": [{**action, "action_ts": self.slack.now(), "block_id": "b"}],
        }
        if message.only_for is None:
            payload["message"] = self._of_menu(message)
        return await self.tell("interactive", payload)

    async def menu(self, channel: str, ts: str, *, user: str) -> Any:
        """「標註這則回答」 in the menu of a message."""
        message = self.slack.message(channel, ts)
        payload = {
            **self._interaction("message_action", user, channel, message.thread),
            "callback_id": "annotate_answer",
            "message_ts": ts,
            "action_ts": self.slack.now(),
            "message": self._of_menu(message),
        }
        return await self.tell("interactive", payload)

    async def send_in(self, view: Payload, *, user: str, **fields: str) -> Any:
        """A form, with these fields changed; gives what Slack is told about it."""
        blocks = {one["block_id"]: one["element"] for one in view["blocks"]}
        values = {
            block: {
                element["action_id"]: {
                    "type": "plain_text_input",
                    "value": fields.get(block, element.get("initial_value")),
                }
            }
            for block, element in blocks.items()
        }
        payload = {
            "type": "view_submission",
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM, "username": "someone"},
            "trigger_id": self.slack.trigger(),
            "view": {**view, "state": {"values": values}, "hash": "h", "team_id": TEAM},
        }
        return await self.tell("interactive", payload)

    def _interaction(self, kind: str, user: str, channel: str, thread: str | None) -> Payload:
        return {
            "type": kind,
            "team": {"id": TEAM, "domain": "team"},
            "user": {"id": user, "username": "someone", "name": "someone", "team_id": TEAM},
            "channel": {"id": channel, "name": "general"},
            "trigger_id": self.slack.trigger(),
            "response_url": self.slack.hook(channel, user, thread),
            "api_app_id": "A1",
        }

    def _of_menu(self, message: Message) -> Payload:
        shown = {**self._shown(message), "blocks": message.blocks}
        return {**shown, "bot_id": BOT_ID} if message.user == BOT else shown


# -- what people see ----------------------------------------------------------------------------


def buttons(message: Message) -> Iterator[Payload]:
    for block in message.blocks:
        if block["type"] in ("actions", "context_actions"):
            yield from block["elements"]


def offered(button: Payload) -> list[str]:
    if button["type"] == "feedback_buttons":
        return [button["positive_button"]["value"], button["negative_button"]["value"]]
    return [button["value"]]


def values(message: Message) -> tuple[str, ...]:
    """The data of all buttons, in order."""
    return tuple(value for button in buttons(message) for value in offered(button))
