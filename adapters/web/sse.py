"""The stream of one reply as server-sent events, in OpenAI's format.

Format: `data: {chunk}` lines, closed by `data: [DONE]`; lines beginning with a colon are
comments that clients skip (https://html.spec.whatwg.org/multipage/server-sent-events.html).
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Send

from adapters.web.completions import Reply, closing_delta
from adapters.web.errors import ApiError, error_json
from adapters.web.events import Broke, Event, Silence
from adapters.web.json_body import dump
from bot.messages import Answer, Finished, TextDelta, Thinking

PING = b": ping\n\n"
DONE = b"data: [DONE]\n\n"


class EventStream(StreamingResponse):
    """Sends each part as it comes, and closes its source when the client has gone."""

    media_type = "text/event-stream"

    def __init__(self, parts: AsyncGenerator[bytes, None]) -> None:
        # The second header keeps nginx from collecting the parts.
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        super().__init__(parts, headers=headers)
        self._parts = parts

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._parts):
            await super().stream_response(send)


async def stream(
    events: AsyncGenerator[Event, None], reply: Reply, *, with_usage: bool
) -> AsyncGenerator[bytes, None]:
    streamed = ""
    yield _frame(reply.chunk({"role": "assistant", "content": ""}))
    async with aclosing(events):
        async for event in events:
            match event:
                case Silence():
                    yield PING
                case TextDelta(text=text) if text:
                    streamed += text
                    yield _frame(reply.chunk({"content": text}))
                case Finished(answer=answer):
                    for part in _ending(reply, streamed, answer, with_usage=with_usage):
                        yield part
                case Broke():
                    yield _frame(error_json(ApiError(500, "broken"), reply.language))
                    yield DONE
                case Thinking() | TextDelta():
                    pass


def _ending(reply: Reply, streamed: str, answer: Answer, *, with_usage: bool) -> Iterator[bytes]:
    rest = closing_delta(streamed, answer.text)
    if rest:
        yield _frame(reply.chunk({"content": rest}))
    yield _frame(reply.last_chunk(answer))
    if with_usage:
        yield _frame(reply.usage_chunk(answer))
    yield DONE


def _frame(value: dict[str, Any]) -> bytes:
    return b"data: " + dump(value) + b"\n\n"
