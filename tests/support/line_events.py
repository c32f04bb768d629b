"""Events as LINE posts them, and the signature over their body.

body, headers = signed(secret, [text_event("台北店幾點開門？", person=ANN)])
"""

import base64
import hashlib
import hmac
import itertools
import json
import time
import uuid
from typing import Any

Event = dict[str, Any]
_COUNT = itertools.count(1)
_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def user(name: str) -> str:
    """An id that LINE could have given."""
    return "U" + hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def group(name: str) -> str:
    return "C" + hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


BOT = user("the bot itself")


def event_id() -> str:
    """A ULID: 48 bits of time, 80 of chance."""
    number = (int(time.time() * 1000) << 80) | (uuid.uuid4().int >> 48)
    return "".join(_BASE32[(number >> shift) & 31] for shift in range(125, -1, -5))


def message_id() -> str:
    return str(460_000_000_000_000_000 + next(_COUNT))


def reply_token() -> str:
    """Says when it was made, so that a stand-in in another process knows how old it is."""
    return f"{time.time():.3f}-{uuid.uuid4().hex}"


def source(person: str | None, room: str | None = None) -> Event:
    if room is None:
        return {"type": "user", "userId": person}
    known = {} if person is None else {"userId": person}
    if room.startswith("R"):
        return {"type": "room", "roomId": room, **known}
    return {"type": "group", "groupId": room, **known}


def event(kind: str, person: str | None, room: str | None = None, **more: Any) -> Event:
    """Of any kind; with a reply token unless `replyToken=None`."""
    made = {
        "type": kind,
        "mode": "active",
        "timestamp": int(time.time() * 1000),
        "source": source(person, room),
        "webhookEventId": event_id(),
        "deliveryContext": {"isRedelivery": False},
        "replyToken": reply_token(),
        **more,
    }
    return {name: value for name, value in made.items() if value is not None}


def text_event(
    text: str,
    person: str | None,
    room: str | None = None,
    *,
    quotes: str | None = None,
    mentions: list[Event] | None = None,
    **more: Any,
) -> Event:
    message: Event = {"type": "text", "id": message_id(), "text": text, "quoteToken": "q-token"}
    if quotes is not None:
        message["quotedMessageId"] = quotes
    if mentions is not None:
        message["mention"] = {"mentionees": mentions}
    return event("message", person, room, message={**message, **more})


def mention_of_bot(index: int, length: int) -> Event:
    return {"type": "user", "index": index, "length": length, "userId": BOT, "isSelf": True}


def message_event(kind: str, person: str | None, room: str | None = None, **more: Any) -> Event:
    """A sticker, a picture, a file."""
    message = {"type": kind, "id": message_id(), **more}
    return event("message", person, room, message=message)


def postback(data: str, person: str | None, room: str | None = None) -> Event:
    return event("postback", person, room, postback={"data": data})


def again(one: Event) -> Event:
    """As it is delivered once more: all is the same but for the mark."""
    return {**one, "deliveryContext": {"isRedelivery": True}}


def signature(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def signed(secret: str, events: list[Event]) -> tuple[bytes, dict[str, str]]:
    """The body of a webhook call, and its headers."""
    body = json.dumps({"destination": BOT, "events": events}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "X-Line-Signature": signature(secret, body)}
    return body, headers
