"""One message is followed by its id: in log lines of both kinds, and in traces."""

import asyncio
import gzip
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from adapters.logs import JsonLines, TextLines
from adapters.telemetry import tracing
from bot.bootstrap import build, open_inbox
from bot.errors import ModelUnavailable
from bot.following import about, begin, request_id, stage
from tests.support.bot import NOON, ScriptedEngine, knowledge_of, settings_for, write
from tests.support.http_handler import QuickHandler
from tests.support.inbox_parts import Notes, eventually, request
from tests.support.llm_server import ScriptedLLM
from tests.support.program import Home, running

HOURS = {"營業.md": "# 營業時間\n\n葉脈文具台北店平日上午十點開門。\n"}
QUESTION = "葉脈文具台北店平日幾點開門？"
OTHER = "葉脈文具台北店平日幾點關門？"


def record(message: str = "so it was", **more: Any) -> logging.LogRecord:
    fields = {"name": "bot.x", "levelname": "WARNING", "msg": message, **more}
    return logging.makeLogRecord(fields)


def test_a_line_names_its_message_once() -> None:
    assert TextLines().format(record()) == "WARNING bot.x: so it was"
    with about("line:7"):
        assert TextLines().format(record()) == "WARNING bot.x: [line:7] so it was"
        named = record("question line:7 failed")
        assert TextLines().format(named) == "WARNING bot.x: question line:7 failed"
        told = json.loads(JsonLines().format(record("是\n的")))
    assert told["request"] == "line:7"
    assert (told["message"], told["level"], told["logger"]) == ("是\n的", "WARNING", "bot.x")
    assert "request" not in json.loads(JsonLines().format(record()))


def test_an_error_is_a_part_of_its_line() -> None:
    try:
        raise ValueError("oh")
    except ValueError as error:
        line = JsonLines().format(record(exc_info=(ValueError, error, error.__traceback__)))
    assert "\n" not in line
    assert "ValueError: oh" in json.loads(line)["error"]


class Kept(logging.Handler):
    """Lines as they would be written, each formatted where it was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []
        self.setFormatter(JsonLines())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler, root = Kept(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


async def conversation(tmp_path: Path) -> None:
    """Two at once, in two rooms; the second one's model fails."""

    def say(prompt: str) -> Any:
        if "關門" in prompt:
            return [ModelUnavailable("model.unreachable", base_url="x", reason="y")]
        return "平日上午十點開門。[1]"

    data = knowledge_of(tmp_path, HOURS)
    engine = ScriptedEngine(say)
    bot = await asyncio.to_thread(build, settings_for(data), engine=engine, clock=lambda: NOON)
    line = Notes()
    inbox = open_inbox(bot, {"line": line}, "test")
    await inbox.start()
    try:
        await inbox.submit(request("line:1", room="r1", text=QUESTION))
        await inbox.submit(request("line:2", room="r2", text=OTHER))
        await eventually(lambda: len(line.shown) == 2)
    finally:
        await inbox.stop()
        await bot.aclose()


async def test_every_line_of_a_message_bears_its_id(tmp_path: Path, kept: Kept) -> None:
    await conversation(tmp_path)
    for id_ in ("line:1", "line:2"):
        said = [line["message"] for line in kept.lines if line.get("request") == id_]
        for part in ("accepted", "asking the model", "answered", "delivered"):
            assert any(part in one for one in said), (id_, part, said)
    (failed,) = [line for line in kept.lines if "model failed" in line["message"]]
    assert failed["request"] == "line:2"
    text = json.dumps(kept.lines, ensure_ascii=False)
    for words in (QUESTION, OTHER, "十點", "開門", "關門"):
        assert words not in text


async def test_one_task_says_nothing_of_anothers_message() -> None:
    async def work(id_: str) -> str | None:
        begin(id_)
        await asyncio.sleep(0)
        return await asyncio.to_thread(request_id)

    assert await asyncio.gather(work("a"), asyncio.create_task(work("b"))) == ["a", "b"]
    assert request_id() is None


@contextmanager
def collector() -> Iterator[tuple[str, list[Any]]]:
    """An OTLP collector on loopback: its address, and the spans that came."""
    spans: list[Any] = []

    class Handler(QuickHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.path == "/v1/traces"
            told = ExportTraceServiceRequest.FromString(body)
            for resource in told.resource_spans:
                for scope in resource.scope_spans:
                    spans.extend(scope.spans)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans
    finally:
        server.shutdown()
        server.server_close()


async def test_a_message_is_one_trace_through_all_its_stages(tmp_path: Path) -> None:
    with collector() as (url, spans):
        with tracing(url):
            await conversation(tmp_path)
        traces = {span.trace_id for span in spans}
        assert len(traces) == 2
        first = [span for span in spans if span.attributes[0].value.string_value == "line:1"]
        assert len({span.trace_id for span in first}) == 1
        assert {span.name for span in first} == {
            "accept", "look up", "retrieve", "model", "answer", "record", "deliver",
        }  # fmt: skip
        assert all(span.end_time_unix_nano >= span.start_time_unix_nano > 0 for span in first)
        failed = [span.name for span in spans if span.status.code == 2]
        assert failed == ["model"]
        assert QUESTION.encode() not in b"".join(span.SerializeToString() for span in spans)


def test_without_a_collector_there_is_nothing_of_it() -> None:
    with tracing(None), about("line:1"), stage("retrieve"):
        assert request_id() == "line:1"


def test_the_program_writes_json_when_told(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write(tmp_path / "docs", HOURS)
    assert home("ingest", "docs").code == 0
    with (
        ScriptedLLM("平日上午十點開門。[1]") as llm,
        running(home, LOG_FORMAT="json", LLM_BASE_URL=llm.base_url) as bot,
    ):
        assert bot.ask(QUESTION)["outcome"] == "grounded"
        done = bot.stop()
    lines = [json.loads(line) for line in done.err.splitlines()]
    answered = [line for line in lines if "answered" in line["message"]]
    assert answered[0]["request"].startswith("web-")
    assert any("http://127.0.0.1" in line["message"] for line in lines)
    assert "十點" not in done.err


def test_a_command_in_a_terminal_is_not_interrupted(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write(tmp_path / "docs", HOURS)
    assert home("ingest", "docs").code == 0
    assert "INFO" not in home("ask", QUESTION).err
    assert "answered" in home("ask", QUESTION, LOG_LEVEL="DEBUG").err
