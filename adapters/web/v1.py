"""POST /v1/chat/completions and GET /v1/models, for the chat page and any OpenAI client."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from adapters.web.access import Guard
from adapters.web.chat_request import MODEL_ID, ChatRequest, parse, question
from adapters.web.completions import Reply
from adapters.web.errors import ApiError
from adapters.web.events import Event, events
from adapters.web.json_body import BodyTooLarge, json_response, read_body
from adapters.web.ports import Assistant, Readiness, Suggestions
from adapters.web.sse import EventStream, stream
from adapters.web.wording import Language, preferred
from bot.messages import Answer, Finished

BODY_LIMIT = 1_048_576
"""Bytes; far more than any conversation, far less than hurts."""


@dataclass(frozen=True, slots=True)
class Api:
    assistant: Assistant
    readiness: Readiness
    suggestions: Suggestions
    language: Language
    """Of errors and labels, where the client names none."""
    ping_s: float
    guard: Guard

    async def models(self) -> Response:
        """Lists the one model. `secretary` is ours: what the chat page greets with."""
        model = {"id": MODEL_ID, "object": "model", "created": 0, "owned_by": MODEL_ID}
        state = self.readiness.readiness()
        greeting = {
            "ready": state["ready"],
            "notice": state.get("notice"),
            "suggestions": list(self.suggestions()) if state["ready"] else [],
        }
        return json_response({"object": "list", "data": [model], "secretary": greeting})

    async def completions(self, request: Request) -> Response:
        """Answers the last user message; `messages` before it are the history."""
        try:
            chat = parse(await read_body(request, BODY_LIMIT))
        except BodyTooLarge as error:
            raise ApiError(413, "body_too_large") from error
        except ClientDisconnect as error:
            raise ApiError(499, "client_gone") from error
        asked = question(chat.messages)
        reply = Reply(
            id=f"chatcmpl-{secrets.token_hex(12)}",
            created=int(time.time()),
            language=preferred(request.headers.get("accept-language"), self.language),
            prompt_text=asked.prompt_text,
        )
        happening = events(
            self.assistant, asked.ask(reply.id, self.guard.asker(request, chat.user)), self.ping_s
        )
        if chat.stream:
            return EventStream(stream(happening, reply, with_usage=chat.wants_usage()))
        answer = await _unless_gone(request, happening)
        return json_response(reply.whole(answer))


async def _unless_gone(request: Request, happening: AsyncGenerator[Event, None]) -> Answer:
    """The answer; when the client hangs up first, the work is cancelled.

    Raises ApiError 500 when the assistant broke, 499 (nobody reads it) when the client went.
    """
    waiting = asyncio.create_task(_answer(happening))
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            raise ApiError(499, "client_gone")
        return waiting.result()
    finally:
        gone.cancel()
        waiting.cancel()


async def _answer(happening: AsyncGenerator[Event, None]) -> Answer:
    answer: Answer | None = None
    async with aclosing(happening):
        async for event in happening:
            if isinstance(event, Finished):
                answer = event.answer
    if answer is None:
        raise ApiError(500, "broken")
    return answer


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def router(api: Api) -> APIRouter:
    routes = APIRouter(prefix="/v1", dependencies=[Depends(api.guard.check)], tags=["v1"])
    routes.add_api_route("/models", api.models, methods=["GET"], summary="模型清單 · Models")
    routes.add_api_route(
        "/chat/completions",
        api.completions,
        methods=["POST"],
        summary="提問 · Ask",
        openapi_extra={"requestBody": _body_schema()},
    )
    return routes


def _body_schema() -> dict[str, Any]:
    """The body is read by hand, under a limit, so the schema is told by hand."""
    schema = ChatRequest.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"required": True, "content": {"application/json": {"schema": schema}}}
