"""Builds the one ASGI app: every route of every door hangs here."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from adapters.settings import Settings
from adapters.web import health, page, v1
from adapters.web.access import Guard
from adapters.web.errors import ApiError, error_response
from adapters.web.headers import SecurityHeaders
from adapters.web.ports import Assistant, Readiness, Suggestions
from adapters.web.wording import preferred

PING_S = 10.0
"""Seconds of silence in a stream after which a comment is sent; proxies cut at 30 to 60."""

_HTTP_CODES = {404: "not_found", 405: "method_not_allowed"}


def build_app(
    assistant: Assistant,
    readiness: Readiness,
    *,
    settings: Settings,
    suggestions: Suggestions = tuple,
    more: Sequence[APIRouter] = (),
    ping_s: float = PING_S,
) -> FastAPI:
    """`more` are the routers of other doors (webhooks, metrics, admin)."""
    app = FastAPI(title="小秘書 Secretary", docs_url=None, redoc_url=None)
    app.add_middleware(SecurityHeaders)
    guard = Guard(settings.api_keys, settings.http_host)
    api = v1.Api(assistant, readiness, suggestions, settings.bot_language, ping_s, guard)
    routers = (
        health.router(readiness),
        v1.router(api),
        page.router(settings.bot_language),
        *more,
    )
    for router in routers:
        app.include_router(router)
    app.mount("/static", page.static_files(), name="static")
    _speak_plainly(app, settings)
    return app


def _speak_plainly(app: FastAPI, settings: Settings) -> None:
    """Every refusal is one sentence: under /v1 as OpenAI's clients read it, else as text."""

    async def api_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        language = preferred(request.headers.get("accept-language"), settings.bot_language)
        return error_response(error, language)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if not request.url.path.startswith("/v1/") or error.status_code not in _HTTP_CODES:
            return PlainTextResponse(str(error.detail), error.status_code, error.headers)
        detail = {"path": request.url.path, "method": request.method}
        reply = await api_error(
            request, ApiError(error.status_code, _HTTP_CODES[error.status_code], **detail)
        )
        reply.headers.update(error.headers or {})
        return reply

    async def crash(request: Request, error: Exception) -> Response:
        return await api_error(request, ApiError(500, "broken"))

    app.add_exception_handler(ApiError, api_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, crash)
