"""GET /healthz (the process lives) and GET /readyz (it can answer)."""

from fastapi import APIRouter
from starlette.responses import Response

from adapters.web.json_body import json_response
from adapters.web.ports import Readiness


def router(readiness: Readiness) -> APIRouter:
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz", summary="活著 · Alive")
    async def healthz() -> Response:
        return json_response({"status": "ok"})

    @routes.get("/readyz", summary="能回答 · Ready")
    async def readyz() -> Response:
        """200 when it can answer, quoting alone counts; else 503. Names what is off."""
        state = readiness.readiness()
        return json_response(dict(state), 200 if state["ready"] else 503)

    return routes
