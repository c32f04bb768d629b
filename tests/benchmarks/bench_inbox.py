"""How fast the inbox is: ``python -m tests.benchmarks.bench_inbox``.

A handler that answers at once and a platform that takes at once, so that all that is seen is
the inbox's own. "intake" is `submit`, durable when it returns; "sent" is from `submit` to the
part being with the platform. CPU is of the whole process, this driver included.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bot.inbox import Accepted, Inbox, ReplyChannel
from bot.messages import Request
from knowledge.ledger import sqlite_url
from tests.support.inbox_parts import Echo, Notes, eventually, request, running
from tests.support.postgres import postgres

CONVERSATIONS = 40
RATES = (1, 10, 30, 50, 100)


@dataclass
class Stopwatch(Notes):
    """Notes when each request's part arrives."""

    arrived: dict[str, float] = field(default_factory=dict)

    async def send(self, request: Request, part: Any, index: int, key: str) -> str | None:
        self.arrived[request.id] = time.perf_counter()
        return "m"


async def load(inbox: Inbox, watch: Stopwatch, rate: int, seconds: float) -> dict[str, Any]:
    """`rate` events a second, whether or not the earlier ones are done."""
    intake: dict[str, tuple[float, float]] = {}

    async def one(number: int) -> None:
        asked = request(f"line:{rate}-{number}", f"room{number % CONVERSATIONS}", "幾點開門？" * 6)
        begun = time.perf_counter()
        assert isinstance(await inbox.submit(asked), Accepted)
        intake[asked.id] = (begun, time.perf_counter())

    cpu, start = time.process_time(), time.perf_counter()
    events = []
    for number in range(max(5, int(rate * seconds))):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        events.append(asyncio.create_task(one(number)))
    await asyncio.gather(*events)
    await eventually(lambda: intake.keys() <= watch.arrived.keys(), 60)
    used = time.process_time() - cpu
    return {
        "rate": rate,
        "events": len(intake),
        "intake_ms": percentiles([end - begun for begun, end in intake.values()]),
        "sent_ms": percentiles([watch.arrived[k] - begun for k, (begun, _) in intake.items()]),
        "cpu_ms_per_event": round(used / len(intake) * 1000, 1),
    }


def percentiles(seconds: list[float]) -> dict[str, float]:
    middle, high = np.percentile(np.array(seconds) * 1000, [50, 99])
    return {"p50": round(float(middle), 1), "p99": round(float(high), 1)}


async def measure(url: str, rates: list[int], seconds: float, idle_s: float) -> Iterator[Any]:
    watch: ReplyChannel = Stopwatch()
    assert isinstance(watch, Stopwatch)
    results: list[Any] = []
    async with running(url, Echo(), watch, concurrency=8) as inbox:
        cpu = time.process_time()
        await asyncio.sleep(idle_s)
        idle = (time.process_time() - cpu) / idle_s * 100
        results.append({"idle_percent_of_a_core": round(idle, 2)})
        for rate in rates:
            results.append(await load(inbox, watch, rate, seconds))
    return iter(results)


@contextmanager
def database(name: str) -> Iterator[str]:
    if name == "postgres":
        with postgres() as url:
            yield url
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield sqlite_url(Path(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgres"])
    parser.add_argument("--rates", nargs="+", type=int, default=list(RATES))
    parser.add_argument("--seconds", type=float, default=10.0, help="of each rate")
    parser.add_argument("--idle", type=float, default=30.0, help="seconds of doing nothing")
    options = parser.parse_args()
    for name in options.databases:
        with database(name) as url:
            measured = measure(url, options.rates, options.seconds, options.idle)
            for result in asyncio.run(measured):
                print(json.dumps({"database": name, **result}))


if __name__ == "__main__":
    main()
