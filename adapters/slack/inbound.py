"""Slack's payloads as what they mean for us. Pure.

One mention in a channel arrives twice, as `app_mention` and as `message`; both are read alike,
and their id is the message's own (channel and timestamp), so that the inbox knows the second.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.slack.mrkdwn import mentioned, read
from bot.messages import ConversationRef

PLATFORM = "slack"
MAX_ID = 70
"""Characters: buttons carry ids."""
_SPOKEN = (None, "file_share", "thread_broadcast", "me_message")
"""Subtypes of what a person says."""

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    channel: str
    thread: str | None
    """The timestamp of the message that the thread hangs on."""

    @property
    def is_direct(self) -> bool:
        return self.channel.startswith("D")

    def ref(self, user: str) -> ConversationRef:
        """Everybody in a shared room has a conversation of their own."""
        return ConversationRef(
            PLATFORM, self.channel, self.thread, None if self.is_direct else user
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """A person has said something where the bot can hear it."""

    place: Place
    ts: str
    user: str
    team: str | None
    text: str
    """As the person saw it, without the call of the bot."""
    calls_bot: bool
    calls_others: bool
    files: tuple[Payload, ...] = ()
    edited: str | None = None
    """When, for what was changed."""

    @property
    def answered_in(self) -> Place:
        """A thread of its own for every question in a channel."""
        if self.place.is_direct:
            return self.place
        return Place(self.place.channel, self.place.thread or self.ts)

    @property
    def id(self) -> str:
        parts = (self.place.channel, self.ts, self.edited)
        return delivery_id(*(part for part in parts if part))


@dataclass(frozen=True, slots=True)
class Edited:
    now: Heard
    called_bot: bool
    """Before it was changed."""


@dataclass(frozen=True, slots=True)
class Deleted:
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class HomeOpened:
    user: str


Event = Heard | Edited | Deleted | HomeOpened


def delivery_id(*parts: str) -> str:
    """`slack:…`, ASCII and short whatever Slack's ids look like."""
    id_ = ":".join((PLATFORM, *parts))
    if len(id_) <= MAX_ID and id_.isascii():
        return id_
    return f"{PLATFORM}:{hashlib.sha256(id_.encode()).hexdigest()[:48]}"


def message_id(channel: str, ts: str) -> str:
    """Timestamps are told apart within a channel only."""
    return f"{channel}:{ts}"


def event_of(body: Payload, bot_user: str) -> Event | None:
    """None for what is not said to us: other events, bots and the bot itself, joins, topics."""
    event: Payload = body.get("event") or {}
    team = body.get("team_id")
    match event.get("type"), event.get("subtype"):
        case "app_home_opened", _:
            return HomeOpened(event["user"]) if event.get("tab") == "home" else None
        case "message", "message_changed":
            return _edited(event, bot_user, team)
        case "message", "message_deleted":
            ts = event.get("deleted_ts")
            return Deleted(event["channel"], ts) if ts else None
        case (("message" | "app_mention"), subtype) if subtype in _SPOKEN:
            return _heard(event, event.get("channel"), bot_user, team)
    return None


def _heard(message: Payload, channel: str | None, bot_user: str, team: str | None) -> Heard | None:
    user, ts = message.get("user"), message.get("ts")
    if not (user and ts and channel) or user == bot_user or message.get("bot_id"):
        return None
    raw = str(message.get("text") or "")
    called, thread = mentioned(raw), message.get("thread_ts")
    return Heard(
        place=Place(channel, None if thread == ts else thread),  # a thread's head is not in it
        ts=ts,
        user=user,
        team=team,
        text=read(raw, bot_user),
        calls_bot=bot_user in called,
        calls_others=bool(called - {bot_user}),
        files=tuple(message.get("files") or ()),
        edited=(message.get("edited") or {}).get("ts"),
    )


def _edited(event: Payload, bot_user: str, team: str | None) -> Edited | None:
    """None where the words stayed the same: Slack tells of previews of links alike."""
    message: Payload = event.get("message") or {}
    before: Payload = event.get("previous_message") or {}
    now = _heard(message, event.get("channel"), bot_user, team)
    if now is None or now.edited is None or message.get("text") == before.get("text"):
        return None
    if message.get("subtype") not in _SPOKEN:
        return None
    return Edited(now, bot_user in mentioned(str(before.get("text") or "")))


# -- interactions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invoked:
    """A slash command."""

    id: str
    place: Place
    user: str
    name: str | None
    team: str | None
    command: str
    """With its slash and prefix."""
    text: str
    response_url: str
    trigger_id: str


@dataclass(frozen=True, slots=True)
class Tapped:
    """A button, or an entry of a message's menu."""

    id: str
    place: Place
    user: str
    name: str | None
    team: str | None
    data: str
    message_ts: str | None
    trigger_id: str
    response_url: str | None
    """Only where the message cannot be answered otherwise: it is shown to one person."""
    message: Payload


def invoked(body: Payload) -> Invoked:
    """Raises KeyError for what is no slash command."""
    return Invoked(
        id=delivery_id("command", body["trigger_id"]),
        place=Place(body["channel_id"], None),
        user=body["user_id"],
        name=body.get("user_name"),
        team=body.get("team_id"),
        command=body["command"],
        text=read(str(body.get("text") or ""), ""),
        response_url=body["response_url"],
        trigger_id=body["trigger_id"],
    )


def tapped(body: Payload) -> Tapped:
    """Of `block_actions` and `message_action`. Raises KeyError for what is neither."""
    user: Payload = body["user"]
    container: Payload = body.get("container") or {}
    message: Payload = body.get("message") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id") or ""
    ts = message.get("ts") or container.get("message_ts") or body.get("message_ts")
    action: Payload = (body.get("actions") or [{}])[0]
    at = action.get("action_ts") or body.get("action_ts") or body["trigger_id"]
    thread = message.get("thread_ts") or container.get("thread_ts")
    is_private = bool(container.get("is_ephemeral")) or body["type"] == "message_action"
    return Tapped(
        id=delivery_id(*(part for part in (channel, ts, at) if part)),
        place=Place(channel, None if thread == ts else thread),
        user=user["id"],
        name=user.get("name") or user.get("username"),
        team=(body.get("team") or {}).get("id"),
        data=str(action.get("value") or ""),
        message_ts=ts,
        trigger_id=body["trigger_id"],
        response_url=body.get("response_url") if is_private else None,
        message=message,
    )
