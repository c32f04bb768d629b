"""A loopback OpenAI-compatible server that says what a test wants, and breaks as it wants.

    with ScriptedLLM() as llm:                      # or the fixture of your own
        llm.say("十點開門 [1]")                      # one reply per call, in order
        llm.queue(Reply("慢慢來", delay_s=0.2))       # seconds before each delta
        llm.queue(Reply("說到一半", stall_after=2))    # two deltas, then silence until the end
        llm.queue(Reply("斷線了", cut_after=2))        # two deltas, then the socket is reset
        llm.queue(Reply(status=429, headers={"Retry-After": "0"}), Reply("好了"))
        llm.queue(Reply(status=404, message="The model `x` does not exist", code="model_not_found"))
        llm.queue(Reply(raw=b"<html>", content_type="text/html"))
        llm.queue(Reply(deltas=("<thi", "nk>嗯</th", "ink>好"), reasoning=("先想想",)))
        … use llm.base_url (ends in /v1) …
        assert llm.chats[0].body["messages"][-1]["content"] == "幾點開門？"

When the queue is empty, `llm.answer` (a function of the request's body that returns a
text or a `Reply`) speaks; it repeats the last message unless replaced. `llm.models` is what
/v1/models lists (None: 404), `llm.key` the only key accepted (None: any). `llm.abandoned`
counts the clients that hung up before the end. Paths other than the two give 404, as do
all of them without the /v1. Replies are streamed exactly as asked: `stream: true` or not.
"""

import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.support.http_handler import QuickHandler
from tests.support.llm_reply import Body, Reply, chunk, usage, whole

__all__ = ["Reply", "Request", "ScriptedLLM"]


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: Body
    at: float
    """`time.monotonic()` of its arrival."""


def repeat_question(body: Body) -> str:
    return str(body["messages"][-1]["content"])


class ScriptedLLM:
    """See the module's docstring; a context manager."""

    def __init__(
        self, *replies: Reply | str, models: tuple[str, ...] | None = ("scripted",)
    ) -> None:
        self.models = models
        self.key: str | None = None
        self.answer: Callable[[Body], Reply | str] = repeat_question
        self.requests: list[Request] = []
        self.abandoned = 0
        self.busiest = 0
        """Most chat requests that were being answered at one time."""
        self.active = 0
        self.closing = threading.Event()
        self.guard = threading.Lock()
        self._queue: deque[Reply] = deque()
        self._http = _Listener(("127.0.0.1", 0), _Handler, bind_and_activate=True)
        self._http.script = self
        self.queue(*replies)

    @property
    def root_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def base_url(self) -> str:
        return f"{self.root_url}/v1"

    @property
    def chats(self) -> list[Request]:
        return [request for request in self.requests if request.path.endswith("/chat/completions")]

    def say(self, *texts: str) -> None:
        self.queue(*texts)

    def queue(self, *replies: Reply | str) -> None:
        self._queue.extend(_as_reply(reply) for reply in replies)

    def next_reply(self, body: Body) -> Reply:
        with self.guard:
            if self._queue:
                return self._queue.popleft()
        return _as_reply(self.answer(body))

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()


def _as_reply(reply: Reply | str) -> Reply:
    return Reply(reply) if isinstance(reply, str) else reply


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    script: ScriptedLLM

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is an event here, not a traceback."""


class _Handler(QuickHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def log_message(self, format: str, *args: Any) -> None:
        """The tests' output stays clean."""

    def do_GET(self) -> None:
        script = self._record({})
        if self.path != "/v1/models" or script.models is None:
            self._refuse(Reply(status=404, message="no such path"))
        elif self._may_enter(script):
            listed = [{"id": name, "object": "model"} for name in script.models]
            self._send(200, json.dumps({"object": "list", "data": listed}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        script = self._record(body)
        if self.path != "/v1/chat/completions":
            self._refuse(Reply(status=404, message="no such path"))
        elif self._may_enter(script):
            self._count(script, 1)
            try:
                self._reply(script.next_reply(body), body)
            except ConnectionError:
                script.abandoned += 1
                self.close_connection = True
            finally:
                self._count(script, -1)

    def _count(self, script: ScriptedLLM, step: int) -> None:
        with script.guard:
            script.active += step
            script.busiest = max(script.busiest, script.active)

    def _record(self, body: Body) -> ScriptedLLM:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.script.requests.append(Request(self.path, headers, body, time.monotonic()))
        return self.server.script

    def _may_enter(self, script: ScriptedLLM) -> bool:
        given = self.headers.get("Authorization", "")
        if script.key is None or given == f"Bearer {script.key}":
            return True
        self._refuse(Reply(status=401, message=f"Incorrect API key provided: {given}"))
        return False

    def _reply(self, reply: Reply, body: Body) -> None:
        if reply.stall_after == -1:
            self._stall()
        elif reply.status != 200:
            self._refuse(reply)
        elif reply.raw is not None:
            self._send(200, reply.raw, reply.content_type)
        elif body.get("stream"):
            self._stream(reply, body)
        else:
            self._send(200, json.dumps(whole(reply, body)).encode())

    def _refuse(self, reply: Reply) -> None:
        kind = {404: "NotFoundError", 429: "rate_limit_error"}.get(reply.status, "api_error")
        error = {"message": reply.message, "type": kind, "param": None, "code": reply.code}
        body = reply.raw if reply.raw is not None else json.dumps({"error": error}).encode()
        kind = "application/json" if reply.raw is None else reply.content_type
        self._send(reply.status, body, kind, reply.headers)

    def _send(
        self,
        status: int,
        body: bytes,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, reply: Reply, body: Body) -> None:
        self.send_response(200)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._wait(reply.first_delay_s)
        for number, event in enumerate(self._deltas(reply)):
            if number == reply.stall_after:
                return self._stall()
            if number == reply.cut_after:
                return self._cut()
            self._wait(reply.delay_s)
            self._event(chunk(body, event))
        if reply.stall_after is not None:
            return self._stall()
        self._finish(reply, body)
        return None

    def _deltas(self, reply: Reply) -> Iterator[Body]:
        for thought in reply.reasoning:
            yield {"role": "assistant", "reasoning_content": thought, "content": None}
        for text in reply.pieces():
            yield {"role": "assistant", "content": text}
        while reply.repeat and not self.server.script.closing.is_set():
            for text in reply.pieces():
                yield {"content": text}

    def _finish(self, reply: Reply, body: Body) -> None:
        if reply.finish_reason is not None:
            self._event(chunk(body, {}, reply.finish_reason))
        if reply.usage and body.get("stream_options", {}).get("include_usage"):
            self._event({**chunk(body, {}), "choices": [], "usage": usage(reply)})
        self._write(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, event: Body) -> None:
        self._write(f"data: {json.dumps(event)}\n\n".encode())

    def _write(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _wait(self, seconds: float) -> None:
        if seconds:
            self.server.script.closing.wait(seconds)

    def _stall(self) -> None:
        """Silence, until the client hangs up or the test ends."""
        self.connection.settimeout(0.02)
        while not self.server.script.closing.is_set():
            try:
                if not self.connection.recv(1):
                    raise ConnectionResetError
            except TimeoutError:
                continue

    def _cut(self) -> None:
        # Linger 0: the peer sees a reset, as when a process is killed.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
