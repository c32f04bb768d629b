"""GET /metrics: figures for Prometheus; see `bot.metrics`."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapters.web.access import Guard

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def router(text: Callable[[], bytes], guard: Guard) -> APIRouter:
    """Open on this machine while there are no keys, as /v1 is; then with one of them."""
    routes = APIRouter(tags=["health"])

    # Not `async`: looking things up in SQL happens in a thread.
    @routes.get("/metrics", summary="數字 · Metrics", response_model=None)
    def metrics(request: Request) -> Response:
        guard.check(request)
        return Response(text(), media_type=CONTENT_TYPE)

    return routes
