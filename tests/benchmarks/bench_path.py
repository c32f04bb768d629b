"""What a whole answer costs: ``python -m tests.benchmarks.bench_path``.

Question → inbox → secretary (budget, curated answers, search, gate, model, checks) → written
down → sent. The model is an OpenAI-compatible server in a process of its own that takes
`--delay` seconds and then streams the first sentence of the first passage; the platform takes
at once. Embedding is taken off by asking questions whose vectors are known. CPU is of this
process, the driver included, and apart from it that of the store's process. "own" is the time
from `submit` to the platform less the model's.
"""

import argparse
import asyncio
import cProfile
import json
import multiprocessing
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from adapters.service import spare_the_collector
from bot.bootstrap import Bot, build
from bot.evaluation.questions import read_questions
from bot.inbox import Accepted, Inbox, InboxSettings
from bot.messages import Author, ConversationRef, Request
from bot.settings import BotSettings, ModelSettings
from knowledge.embedding import Embedder, Vectors
from knowledge.ledger import sqlite_url
from knowledge.library import Library
from knowledge.settings import KnowledgeSettings
from tests.benchmarks.bench_inbox import Stopwatch, percentiles
from tests.support.inbox_parts import eventually
from tests.support.postgres import postgres

QUESTIONS = Path(__file__).parents[1] / "eval" / "sample.jsonl"
PIECES = 20
"""Chunks in which the model speaks."""


class Known(Embedder):
    """Every text is embedded once."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._vectors: dict[tuple[str, str], Vectors] = {}

    @property
    def model_id(self) -> str:
        return self._inner.model_id

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    def passages(self, texts: Sequence[str]) -> Vectors:
        key = ("passages", "\0".join(texts))
        if key not in self._vectors:
            self._vectors[key] = self._inner.passages(texts)
        return self._vectors[key]

    def query(self, text: str) -> Vectors:
        if ("query", text) not in self._vectors:
            self._vectors["query", text] = self._inner.query(text)
        return self._vectors["query", text]


# -- the model, in a process of its own -------------------------------------------------------


def speak(port: Connection, delay: float) -> None:
    asyncio.run(_serve(port, delay))


async def _serve(port: Connection, delay: float) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            length = next((int(v) for k, v in head if k == "content-length"), 0)
            body = json.loads(await reader.readexactly(length)) if length else {}
            if not body:
                _reply(writer, "application/json", json.dumps({"data": [{"id": "m"}]}))
            else:
                await asyncio.sleep(delay)
                _reply(writer, "text/event-stream", _stream(_sentence(body)))
            await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _head(reader: asyncio.StreamReader) -> list[tuple[str, str]]:
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
    except (asyncio.IncompleteReadError, ConnectionError):
        return []
    return [(name.lower(), value.strip()) for name, _, value in (x.partition(":") for x in lines)]


def _reply(writer: asyncio.StreamWriter, kind: str, body: str) -> None:
    sent = body.encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(sent)}\r\n\r\n"
    writer.write(head.encode() + sent)


def _sentence(body: dict[str, Any]) -> str:
    passage = body["messages"][-1]["content"].partition("[1] ")[2].partition("[2] ")[0]
    return str(passage.partition("\n")[2].partition("。")[0].strip()[:80] + " [1]。")


def _stream(text: str) -> str:
    size = max(1, len(text) // PIECES)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    chunks: list[dict[str, Any]] = [{"delta": {"content": piece}} for piece in pieces]
    chunks.append({"delta": {}, "finish_reason": "stop"})
    common = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    lines = [{**common, "choices": [{"index": 0, **chunk}]} for chunk in chunks]
    usage = {"prompt_tokens": 900, "completion_tokens": 40, "total_tokens": 940}
    lines.append({**common, "choices": [], "usage": usage})
    return "".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n"


# -- the bot ----------------------------------------------------------------------------------


def settings_of(folder: Path, url: str, model_port: int) -> BotSettings:
    knowledge = KnowledgeSettings(data_dir=folder, database_url=url)
    model = ModelSettings(
        engine="openai",
        data_dir=folder,
        model_path=folder / "none.gguf",
        base_url=f"http://127.0.0.1:{model_port}/v1",
        concurrency=256,
    )
    return BotSettings(knowledge, model)


def know(bot: Bot) -> None:
    """Puts `Known` between everything and the embedder."""
    embedder = bot.library.embedder
    assert embedder is not None
    bot.library.embedder._inner = Known(embedder._inner)  # type: ignore[union-attr]


def asked(number: int, text: str) -> Request:
    person = Author("line", f"u{number}", f"客人{number}")
    where = ConversationRef("line", person.user_id)
    now = datetime.now(UTC)
    return Request(f"line:{now.timestamp()}-{number}", where, person, text, now, audiences=None)


async def load(
    inbox: Inbox, watch: Stopwatch, questions: Sequence[str], rate: float, seconds: float
) -> list[float]:
    """Seconds from `submit` to the platform, of each."""
    begun: dict[str, float] = {}

    async def one(number: int) -> None:
        # A tail of its own, so that nothing is computed for two at once.
        request = asked(number, questions[number % len(questions)])
        begun[request.id] = time.perf_counter()
        assert isinstance(await inbox.submit(request), Accepted)

    start, events = time.perf_counter(), []
    for number in range(max(5, int(rate * seconds))):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        events.append(asyncio.create_task(one(number)))
    await asyncio.gather(*events)
    await eventually(lambda: begun.keys() <= watch.arrived.keys(), 120)
    return [watch.arrived[id_] - at for id_, at in begun.items()]


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(given: argparse.Namespace, folder: Path, url: str, port: int) -> dict[str, Any]:
    with Library(settings_of(folder, url, port).knowledge) as library:
        if not library.holds_sample():
            library.ingest_sample()
    bot = build(settings_of(folder, url, port))
    try:
        know(bot)
        lines = [one.question for one in read_questions(QUESTIONS) if one.answerable]
        watch = Stopwatch()
        settings = InboxSettings(concurrency=256, capacity=5000)
        inbox = Inbox(bot.memory.storage, bot.secretary, {"line": watch}, settings, bot.chain.clock)
        await inbox.start()
        await load(inbox, watch, lines, 20, len(lines) / 20)  # connections, caches, vectors
        spare_the_collector()
        store = int(json.loads((folder / "store.json").read_text())["pid"])
        profile = cProfile.Profile() if given.profile else None
        print("measuring", file=sys.stderr, flush=True)
        before, before_store = os.times(), cpu_of(store)
        if profile is not None:
            profile.enable()
        took = await load(inbox, watch, lines, given.rate, given.seconds)
        if profile is not None:
            profile.disable()
            pstats.Stats(profile).sort_stats("cumulative").print_stats(140)
        after, cpu_store = os.times(), cpu_of(store) - before_store
        await inbox.stop()
    finally:
        await bot.aclose()
    return {
        "answers": len(took),
        "cpu_ms_per_answer": {
            "user": round((after.user - before.user) / len(took) * 1000, 1),
            "system": round((after.system - before.system) / len(took) * 1000, 1),
        },
        "store_cpu_ms_per_answer": round(cpu_store / len(took) * 1000, 1),
        "own_ms": percentiles([one - given.delay for one in took]),
    }


@contextmanager
def home(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def database(name: str, folder: Path) -> Iterator[str]:
    if name == "sqlite":
        yield sqlite_url(folder)
        return
    with postgres() as url:
        yield url


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite"])
    parser.add_argument("--rate", type=float, default=10.0, help="questions a second")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--delay", type=float, default=2.0, help="seconds that the model takes")
    parser.add_argument("--folder", type=Path, help="a DATA_DIR to use again (SQLite only)")
    parser.add_argument("--profile", action="store_true", help="print what the event loop does")
    given = parser.parse_args()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    model = multiprocessing.get_context("spawn").Process(
        target=speak, args=(theirs, given.delay), daemon=True
    )
    model.start()
    port = ours.recv()
    for name in given.databases:
        with home(given.folder) as folder, database(name, folder) as url:
            result = asyncio.run(measure(given, folder, url, port))
            print(json.dumps({"database": name, **result}), flush=True)
    model.terminate()


if __name__ == "__main__":
    main()
