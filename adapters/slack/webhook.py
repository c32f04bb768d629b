"""`POST /slack/events`, for those who can be reached from outside: all of Slack's calls."""

import hashlib
import hmac
import logging
import time
from collections.abc import Callable

from fastapi import APIRouter
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from adapters.slack.settings import PATH

log = logging.getLogger(__name__)

BODY_LIMIT = 1_000_000
WINDOW_S = 300
"""How old a signed request may be: so long may one be played again, and the inbox knows it."""


def router(secret: str, app: Callable[[], AsyncApp | None]) -> APIRouter:
    """`app` is None until the platform is started; then it answers 503, and Slack comes again."""
    made = APIRouter()

    @made.post(PATH, include_in_schema=False)
    async def events(request: Request) -> Response:
        try:
            body = await _body(request)
        except ClientDisconnect:
            return PlainTextResponse("client gone", 499)
        if body is None:
            return PlainTextResponse("too large", 413)
        headers = request.headers
        signature, stamp = (
            headers.get("x-slack-signature"),
            headers.get("x-slack-request-timestamp"),
        )
        if not is_signed(secret, body, stamp, signature, time.time()):
            return PlainTextResponse("not signed by Slack", 401)
        bolt = app()
        if bolt is None:
            return PlainTextResponse("starting", 503, {"Retry-After": "5"})
        return await _dispatched(bolt, request, body)

    return made


def is_signed(
    secret: str, body: bytes, stamp: str | None, signature: str | None, now: float
) -> bool:
    """By Slack, over these very bytes, within the last five minutes."""
    if not stamp or not signature or not (stamp.isascii() and stamp.isdigit()):
        return False
    if abs(now - int(stamp)) > WINDOW_S:
        return False
    signed = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256)
    return hmac.compare_digest(f"v0={signed.hexdigest()}".encode(), signature.encode())


async def _body(request: Request) -> bytes | None:
    """None as soon as more than the limit has come in."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > BODY_LIMIT:
        return None
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_LIMIT:
            return None
    return bytes(body)


async def _dispatched(bolt: AsyncApp, request: Request, body: bytes) -> Response:
    try:
        asked = AsyncBoltRequest(body=body.decode(), headers=dict(request.headers))
    except ValueError:  # no UTF-8, no JSON
        return PlainTextResponse("unreadable", 400)
    return _response(await bolt.async_dispatch(asked))


def _response(said: BoltResponse) -> Response:
    return Response(said.body, said.status, said.first_headers_without_set_cookie())
