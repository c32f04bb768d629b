"""A LINE official account under load: is everybody answered, in time, once, and for free?

    python -m tests.benchmarks.bench_platform [--rate 30] [--seconds 60] [--processes 1]
                                              [--postgres] [--model-s 2] [--items 2000]

Starts the real program (`secretary run`; several with --processes, behind round robin), a
stand-in of LINE's Messaging API, and a model and an embedder that take 2 s and 5 ms. Different
people ask different questions that the documents answer; events come at random moments
(Poisson). All of it runs on this machine and shares its cores.

acknowledge   from posting the webhook to its 200, ms
answer        from posting the webhook to the reply call that LINE gets, s
lost          events without a reply 30 s after the last one
"""

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

from tests.benchmarks.load_model import documents, question
from tests.support.line_events import signed, text_event, user
from tests.support.line_server import SECRET, TOKEN
from tests.support.postgres import postgres

PATIENCE_S = 30.0


@dataclass
class Measured:
    sent: dict[str, float] = field(default_factory=dict)
    """Reply token → seconds since 1970."""
    acks_ms: list[float] = field(default_factory=list)
    refused: int = 0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def child(
    *command: str, env: dict[str, str] | None = None, log: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    with (log or Path(os.devnull)).open("ab") as out:
        made = subprocess.Popen(
            [sys.executable, *command], env={**os.environ, **(env or {})}, stdout=out, stderr=out
        )
        try:
            yield made
        finally:
            made.terminate()
            try:
                made.wait(30)
            except subprocess.TimeoutExpired:
                made.kill()


async def until_ok(session: aiohttp.ClientSession, url: str, seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while True:
            try:
                async with session.get(url) as reply:
                    if reply.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


async def load(
    session: aiohttp.ClientSession, urls: list[str], rate: float, seconds: float, items: int
) -> Measured:
    measured, tasks = Measured(), set[asyncio.Task[None]]()
    chance, start, at = random.Random(7), time.monotonic(), 0.0
    number = 0
    while (at := at + chance.expovariate(rate)) < seconds:
        await asyncio.sleep(max(0.0, start + at - time.monotonic()))
        url = urls[number % len(urls)]
        task = asyncio.create_task(one(session, url, measured, number, items))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        number += 1
    await asyncio.gather(*tasks)
    return measured


async def one(
    session: aiohttp.ClientSession, url: str, measured: Measured, number: int, items: int
) -> None:
    event = text_event(question(number % items), user(f"person {number}"))
    body, headers = signed(SECRET, [event])
    begun, measured.sent[event["replyToken"]] = time.perf_counter(), time.time()
    async with session.post(url, data=body, headers=headers) as reply:
        await reply.read()
        measured.refused += reply.status != 200
    measured.acks_ms.append((time.perf_counter() - begun) * 1000)


async def replies(session: aiohttp.ClientSession, line: str, count: int) -> dict[str, Any]:
    """Waits until so many are there, or until nothing comes any more."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        async with session.get(f"{line}/_stats") as reply:
            told: dict[str, Any] = await reply.json()
        if len(told["replies"]) >= count or time.monotonic() > deadline:
            return told
        await asyncio.sleep(1.0)


def cpu_of(pids: list[int]) -> float:
    """Seconds that these processes and their children have used; Linux only."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def measure(given: argparse.Namespace, urls: list[str], line: str, pids: list[int]) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        for url in urls:
            await until_ok(session, f"{url}/readyz")
        hooks = [f"{url}/line/webhook" for url in urls]
        await load(session, hooks, 5, 2, given.items)  # imports, connections, caches
        await replies(session, line, 5)
        await asyncio.sleep(given.model_s + 1)
        async with session.post(f"{line}/_reset"):
            pass
        before = cpu_of(pids)
        measured = await load(session, hooks, given.rate, given.seconds, given.items)
        told = await replies(session, line, len(measured.sent))
        report(given, measured, told, cpu_of(pids) - before)


def report(
    given: argparse.Namespace, measured: Measured, told: dict[str, Any], cpu_s: float
) -> None:
    answered = {token: at for token, at in told["replies"].items() if token in measured.sent}
    waits = [at - measured.sent[token] for token, at in answered.items()]
    count = len(measured.sent)
    print(f"{count} events at {given.rate}/s, {given.processes} process(es)")
    print(f"acknowledge p50/p99 {_pair(measured.acks_ms, 50, 99)} ms, refused {measured.refused}")
    print(f"answer      p50/p95 {_pair(waits, 50, 95)} s")
    print(f"lost {count - len(answered)}, duplicates {told['duplicates']}, pushes {told['pushes']}")
    print(f"CPU of the bot {1000 * cpu_s / max(count, 1):.1f} ms an answer")
    print(json.dumps(told["counts"], ensure_ascii=False))


def _pair(values: list[float], low: int, high: int) -> str:
    if not values:
        return "-"
    return f"{np.percentile(values, low):.2f} / {np.percentile(values, high):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=30)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--qdrant", help="QDRANT_URL, needed for several processes")
    parser.add_argument("--model-s", type=float, default=2.0)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--log", type=Path)
    given = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model, line = free_port(), free_port()
        delay = str(given.model_s)
        stack.enter_context(
            child("-m", "tests.benchmarks.load_model", "--port", str(model), "--seconds", delay)
        )
        stack.enter_context(child("-m", "tests.support.line_server", "--port", str(line), "--fast"))
        database = stack.enter_context(postgres()) if given.postgres else None
        env = environment(home, model, line, database, given.qdrant)
        wait_for(model)
        wait_for(line)
        for name, text in documents(given.items):
            (home / "docs").mkdir(exist_ok=True)
            (home / "docs" / name).write_text(text, encoding="utf-8")
        subprocess.run(
            [sys.executable, "-m", "adapters.cli.main", "ingest", str(home / "docs")],
            env={**os.environ, **env},
            check=True,
            stderr=subprocess.DEVNULL,
        )
        urls, pids = [], []
        for _ in range(given.processes):
            port = free_port()
            run = ("-m", "adapters.cli.main", "run")
            bot = child(*run, env={**env, "HTTP_PORT": str(port)}, log=given.log)
            pids.append(stack.enter_context(bot).pid)
            urls.append(f"http://127.0.0.1:{port}")
        asyncio.run(measure(given, urls, f"http://127.0.0.1:{line}", pids))


def wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)


def environment(
    home: Path, model: int, line: int, database: str | None, qdrant: str | None
) -> dict[str, str]:
    url = f"http://127.0.0.1:{model}/v1"
    env = {
        "DATA_DIR": str(home / "data"),
        "LLM_BASE_URL": url,
        "EMBEDDING_BASE_URL": url,
        "LLM_CONCURRENCY": "256",
        "LINE_CHANNEL_SECRET": SECRET,
        "LINE_CHANNEL_ACCESS_TOKEN": TOKEN,
        "LINE_API_BASE": f"http://127.0.0.1:{line}",
        "QUOTAS": "none",
        "LOG_LEVEL": "WARNING",
        "INBOX_CAPACITY": "5000",
    }
    if database is not None:
        env["DATABASE_URL"] = database
    if qdrant is not None:
        env["QDRANT_URL"] = qdrant
    return env


if __name__ == "__main__":
    main()
