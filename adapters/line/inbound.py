"""What LINE posts to the webhook → our own values. Pure.

The SDK's models (pydantic.v1) take seven times as long as reading the dict, and give an event of
a type that they do not know without its reply token; the fixtures of our tests are checked
against LINE's own schema instead.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.messages import Author, ConversationRef, Request
from bot.storage import storable

NAME = "line"
_ROOMS = {"user": "userId", "group": "groupId", "room": "roomId"}


@dataclass(frozen=True, slots=True)
class Event:
    """What all events have."""

    id: str
    kind: str
    """As LINE calls it; of a message with its own type: ``message.text``."""
    room: str
    person: str | None
    """LINE leaves it out for some members of a group."""
    is_shared: bool
    """A group, or a chat of several."""
    token: str | None
    at: int
    """Milliseconds; when it happened, which may be long before it is posted."""
    data: Mapping[str, Any]
    """What the event is about: the message, the postback."""


def is_signed(secret: str, body: bytes, signature: str | None) -> bool:
    """Compared in constant time. Without a signature False, at which the SDK would stumble."""
    if not signature:
        return False
    wanted = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(wanted, signature.encode("utf-8", "surrogateescape"))


def events_of(body: bytes) -> list[Event]:
    """In order; without those that are not for this channel, or tell nothing about a chat.

    Raises ValueError for what LINE does not send.
    """
    said = json.loads(body)
    if not isinstance(said, dict) or not isinstance(said.get("events"), list):
        raise ValueError("no events")
    return [event for raw in said["events"] for event in _event(raw)]


def _event(raw: Any) -> Iterator[Event]:
    source = raw.get("source") if isinstance(raw, dict) else None
    # `standby`: another channel has the conversation now.
    if not isinstance(source, dict) or raw.get("mode") == "standby":
        return
    id_, kind = raw.get("webhookEventId"), raw.get("type")
    room = source.get(_ROOMS.get(str(source.get("type")), ""))
    if not (isinstance(id_, str) and isinstance(kind, str) and isinstance(room, str)):
        return
    about = raw.get("message" if kind == "messageEdited" else kind)
    data = about if isinstance(about, dict) else {}
    yield Event(
        id=id_,
        kind=f"{kind}.{data.get('type')}" if kind == "message" else kind,
        room=room,
        person=_text(source.get("userId")),
        is_shared=source.get("type") != "user",
        token=_text(raw.get("replyToken")),
        at=raw["timestamp"] if isinstance(raw.get("timestamp"), int) else 0,
        data=data,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def place_of(event: Event) -> ConversationRef:
    person = event.person if event.is_shared else None
    return ConversationRef(NAME, event.room, person=person)


def request_of(event: Event, text: str, is_admin: bool, received_at: datetime) -> Request:
    """`received_at` is our clock's: the reply token's minute is counted from there, since the
    event's own time is that of the first delivery also when it is delivered again."""
    unknown = event.person is None
    return Request(
        id=f"{NAME}:{storable(event.id)}"[:70],
        conversation=place_of(event),
        author=Author(NAME, event.person or event.room, is_admin=is_admin, is_many=unknown),
        text=text,
        received_at=received_at,
        reply={
            "token": event.token,
            "shared": event.is_shared,
            "quote": _text(event.data.get("quoteToken")) if event.is_shared else None,
        },
        message_id=_text(event.data.get("id")),
        quotes=_text(event.data.get("quotedMessageId")),
    )


def mentions_of(event: Event) -> list[Mapping[str, Any]]:
    mention = event.data.get("mention")
    people = mention.get("mentionees") if isinstance(mention, dict) else None
    return [one for one in people if isinstance(one, dict)] if isinstance(people, list) else []
