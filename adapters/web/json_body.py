"""JSON in and out: bodies read under a limit, replies that never fail to encode."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response


class BodyTooLarge(Exception):
    """Raised as soon as more than the limit has arrived; the rest is not read."""


async def read_body(request: Request, limit: int) -> bytes:
    """The body, of at most `limit` bytes. Raises BodyTooLarge."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLarge
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise BodyTooLarge
    return bytes(body)


def dump(value: Any) -> bytes:
    """Compact UTF-8 JSON. Half a surrogate pair, as broken documents hold, becomes ``?``."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def json_response(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(dump(value), status, headers, media_type="application/json")
