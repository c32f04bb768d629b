"""Notion's webhook: something changed, so the next sync need not wait for its time.

    POST /notion/webhook

What changed is not taken from the message; it only says that there is something to look at.
The first message of a subscription brings the token that signs all later ones. It is a
secret: it is written to a file for the owner, who pastes it into Notion and into
NOTION_WEBHOOK_TOKEN, and from then on no other one is taken.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from adapters.web.json_body import BodyTooLarge, read_body
from bot.phrases import say

BODY_LIMIT = 1_048_576
FILE = "notion-webhook-token.txt"


def router(
    token: str | None,
    data_dir: Path,
    poke: Callable[[], None],
    tell: Callable[[str], None],
    language: str,
) -> APIRouter:
    """`poke` is called for every message that bears the right signature."""

    async def webhook(request: Request) -> Response:
        try:
            body = await read_body(request, BODY_LIMIT)
        except BodyTooLarge:
            return Response(status_code=413)
        except ClientDisconnect:
            return Response(status_code=499)
        if token is None:
            return _first(body, data_dir, tell, language)
        if not is_signed(body, request.headers.get("x-notion-signature"), token):
            return Response(status_code=401)
        poke()
        return Response(status_code=200)

    routes = APIRouter(tags=["notion"])
    routes.add_api_route(
        "/notion/webhook", webhook, methods=["POST"], summary="Notion webhook", response_model=None
    )
    return routes


def is_signed(body: bytes, signature: str | None, token: str) -> bool:
    digest = hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={digest}".encode(), (signature or "").encode())


def _first(body: bytes, data_dir: Path, tell: Callable[[str], None], language: str) -> Response:
    try:
        token = json.loads(body)["verification_token"]
    except (ValueError, LookupError, TypeError):
        return Response(status_code=401)
    if not isinstance(token, str) or not 0 < len(token) <= 200 or not token.isprintable():
        return Response(status_code=401)
    path = data_dir / FILE
    path.touch(mode=0o600)
    path.write_text(token + "\n", encoding="utf-8")
    tell(say("notion.webhook", language, path=path))
    return Response(status_code=200)
