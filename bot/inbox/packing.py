"""A request as text in a table, and back, maybe by another version of the program."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from bot.messages import Author, ConversationRef, Request


def pack(request: Request) -> str:
    """ASCII, so that whatever a person typed (NUL, half a surrogate pair) can be stored."""
    data = asdict(request)
    data["received_at"] = request.received_at.isoformat()
    data["audiences"] = None if request.audiences is None else sorted(request.audiences)
    return json.dumps(data)


def merged(first: str, second: str, id_: str) -> str:
    """Two packed requests as one, under the first one's id and with the second one's address."""
    older, newer = json.loads(first), json.loads(second)
    return json.dumps({**newer, "id": id_, "text": f"{older['text']}\n{newer['text']}"})


def unpack(text: str) -> Request:
    """Fields that this version does not know are left out, those it misses have defaults.

    Raises ValueError, TypeError or KeyError for what cannot be a request.
    """
    data = _known(Request, json.loads(text))
    data["conversation"] = ConversationRef(**_known(ConversationRef, data["conversation"]))
    data["author"] = Author(**_known(Author, data["author"]))
    data["received_at"] = datetime.fromisoformat(data["received_at"])
    if data.get("audiences") is not None:
        data["audiences"] = frozenset(data["audiences"])
    return Request(**data)


def _known(kind: type, data: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in data.items() if name in names}
