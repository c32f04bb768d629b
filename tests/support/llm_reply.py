"""What the scripted model server says to one request; see `tests.support.llm_server`."""

from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What happens to one chat request; the default is a plain streamed answer."""

    text: str = ""
    deltas: tuple[str, ...] = ()
    """The exact deltas; otherwise `text` goes out two characters at a time."""
    reasoning: tuple[str, ...] = ()
    """`reasoning_content` deltas, before the others."""
    first_delay_s: float = 0.0
    delay_s: float = 0.0
    stall_after: int | None = None
    """Deltas before an endless silence; 0 hangs after the headers, -1 before them."""
    cut_after: int | None = None
    """Deltas before the connection is reset; 0 resets it after the headers."""
    finish_reason: str | None = "stop"
    usage: bool = True
    status: int = 200
    message: str = "refused by the script"
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """Sent as the whole body in place of everything else."""
    content_type: str = "text/event-stream"
    repeat: bool = False
    """Say the deltas over and over until the client hangs up."""

    def pieces(self) -> tuple[str, ...]:
        if self.deltas:
            return self.deltas
        return tuple(self.text[i : i + 2] for i in range(0, len(self.text), 2))


def chunk(body: Body, delta: Body, finish_reason: str | None = None) -> Body:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": body.get("model")}
    return {**head, "choices": [choice]}


def whole(reply: Reply, body: Body) -> Body:
    message = {"role": "assistant", "content": "".join(reply.pieces())}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    head = {"id": "c1", "object": "chat.completion", "created": 1, "model": body.get("model")}
    return {**head, "choices": [choice], "usage": usage(reply)}


def usage(reply: Reply) -> Body:
    return {"prompt_tokens": 7, "completion_tokens": len(reply.pieces()), "total_tokens": 9}
