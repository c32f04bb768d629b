"""What an answer costs apart from embedding and model, and what an idle bot weighs.

    python -m tests.benchmarks.bench_answer [--rounds 3]

Asks the answerable lines of `tests/eval/sample.jsonl` of the sample knowledge base. The
engine speaks a fixed sentence at once; what is spent inside it and inside the embedder is
taken off. Then starts `secretary run` without a model and reads the memory of its process and
of the store's (resident, and proportional: shared pages counted in part; Linux only).
"""

import argparse
import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from langchain_core.messages import BaseMessage

from bot.assistant import Assistant, collect
from bot.bootstrap import LARGE_MODEL
from bot.chain import build_chain
from bot.evaluation.questions import EvalLine, read_questions
from bot.grounding import calibration_for
from bot.llm.base import Engine, Generation, Report
from bot.messages import Ask
from knowledge.embedding import Embedder, Vectors
from knowledge.ledger import sqlite_url
from knowledge.library import Library
from knowledge.retriever import HybridRetriever
from knowledge.settings import KnowledgeSettings

QUESTIONS = Path(__file__).parents[1] / "eval" / "sample.jsonl"
PAUSE_S = 5.0
"""After the first answer: what was needed only to start has been given back by then."""


class Timed(Embedder):
    """Sums what the embedder spends on queries."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.spent_ms = 0.0

    @property
    def model_id(self) -> str:
        return self._inner.model_id

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._inner.passages(texts)

    def query(self, text: str) -> Vectors:
        start = time.perf_counter()
        try:
            return self._inner.query(text)
        finally:
            self.spent_ms += (time.perf_counter() - start) * 1000


class Scripted(Engine):
    """Repeats the first sentence that it is shown, in pieces, and costs next to nothing."""

    name: Literal["openai", "embedded"] = "openai"

    async def model_id(self) -> str:
        return "scripted"

    def stream(self, messages: Sequence[BaseMessage], *, max_tokens: int) -> Generation:
        body = str(messages[-1].content).partition("[1] ")[2].partition("[2] ")[0]
        text = body.partition("\n")[2].partition("。")[0].strip()[:80] + " [1]。"

        async def speak(report: Report) -> AsyncGenerator[str, None]:
            for start in range(0, len(text), 4):
                yield text[start : start + 4]
            report.finish_reason = "stop"

        return Generation(speak)

    async def check(self) -> None:
        return None

    async def aclose(self) -> None:
        return None


async def own_costs(data_dir: Path, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each answer, by outcome, without embedding."""
    settings = KnowledgeSettings(data_dir=data_dir, database_url=sqlite_url(data_dir))
    lines = [line for line in read_questions(QUESTIONS) if line.answerable]
    with Library(settings) as library:
        library.ingest_sample()
        assert library.embedder is not None
        timed = Timed(library.embedder)
        retriever = HybridRetriever(library.ledger, library.index, timed)
        zone = ZoneInfo("Asia/Taipei")
        calibration = calibration_for(library.embedding_model)
        chain = build_chain(
            retriever, calibration, Scripted(), LARGE_MODEL, lambda: datetime.now(zone)
        )
        assistant = Assistant(chain, "zh-TW")
        await _asked(assistant, timed, lines[:20])
        costs: dict[str, list[float]] = {}
        for _ in range(rounds):
            for outcome, spent in await _asked(assistant, timed, lines):
                costs.setdefault(outcome, []).append(spent)
        return costs


async def _asked(
    assistant: Assistant, timed: Timed, lines: Sequence[EvalLine]
) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for line in lines:
        timed.spent_ms, start = 0.0, time.perf_counter()
        answer = await collect(assistant.answer(Ask(line.question, audiences=None)))
        whole = (time.perf_counter() - start) * 1000
        found.append((answer.outcome, whole - timed.spent_ms))
    return found


def idle_memory(data_dir: Path) -> dict[str, tuple[float, float]]:
    """Process → (resident, proportional) MB of an idle `secretary run` without a model."""
    port = _free_port()
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    environment = kept | {"DATA_DIR": str(data_dir), "LLM_ENGINE": "none", "HTTP_PORT": str(port)}
    command = [sys.executable, "-m", "adapters.cli.main", "run"]
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait_until_ready(port, process)
        print(f"ready after     {time.perf_counter() - started:6.2f} s", flush=True)
        _ask_once(port)
        time.sleep(PAUSE_S)
        store = int(json.loads((data_dir / "store.json").read_text())["pid"])
        return {name: _megabytes(pid) for name, pid in (("bot", process.pid), ("store", store))}
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit("secretary run was not ready in time")


def _ask_once(port: int) -> None:
    """What loads at the first question counts too."""
    body = json.dumps({"messages": [{"role": "user", "content": "台北店幾點開門？"}]}).encode()
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        response.read()


def _megabytes(pid: int) -> tuple[float, float]:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    resident, shared = (
        int(re.findall(rf"^{name}:\s+(\d+) kB", text, re.M)[0]) / 1024 for name in ("Rss", "Pss")
    )
    return resident, shared


def main() -> None:
    """Prints p50 and p95 of the own cost, and the memory."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        data_dir = Path(folder)
        costs = asyncio.run(own_costs(data_dir, given.rounds))
        everything = [spent for spents in costs.values() for spent in spents]
        for name, spents in {"all answers": everything, **costs}.items():
            p50, p95 = np.percentile(spents, [50, 95])
            print(
                f"{name:<15} n={len(spents):<4} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms", flush=True
            )
        for name, (resident, proportional) in idle_memory(data_dir).items():
            print(f"{name:<15} {resident:6.0f} MB resident, {proportional:6.0f} MB proportional")


if __name__ == "__main__":
    main()
