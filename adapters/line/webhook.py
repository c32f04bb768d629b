"""The webhook's route: who may post, how much, and when it is acknowledged.

A plain Starlette route: FastAPI's own would read the body before its size is looked at.
"""

import logging
from collections.abc import Callable

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from adapters.line.inbound import Event, events_of, is_signed
from adapters.line.listening import Listener
from bot.errors import BotError
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

MAX_BODY = 1024 * 1024
"""Bytes; LINE's own are a few thousand."""


def router(secret: str, listener: Callable[[], Listener | None]) -> APIRouter:
    """`listener` is None while nothing can be taken in."""

    async def receive(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return _say(413, "too large")
        if not is_signed(secret, body, request.headers.get("x-line-signature")):
            return _say(401, "bad signature")
        listening = listener()
        if listening is None:
            return _say(503, "starting")
        try:
            events = events_of(body)
        except ValueError:
            return _say(400, "no webhook body")
        taken = [await _heard(listening, event) for event in events]
        # What was not written down LINE shall deliver again; what was is known then.
        return _say(200, "OK") if all(taken) else _say(503, "not taken")

    made = APIRouter()
    made.add_route("/line/webhook", receive, methods=["POST"], include_in_schema=False)
    return made


async def _heard(listener: Listener, event: Event) -> bool:
    """Whether the event is dealt with, for good or for bad."""
    try:
        await listener.hear(event)
    except (KnowledgeError, BotError) as error:
        log.error("event %s not taken: %s %s", event.id, error.code, error.detail)
        return False
    except Exception:
        # It would fail again: one event that nobody foresaw must not keep the others away.
        log.exception("event %s of type %s is passed over", event.id, event.kind)
    return True


async def _body(request: Request) -> bytes | None:
    """None where it is too large, whatever its header says."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > MAX_BODY:
        return None
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)


def _say(status: int, text: str) -> Response:
    return PlainTextResponse(text, status)
