"""What a model server gives the bot: ``python -m tests.benchmarks.bench_model``.

    --base-url http://gpu-host:8000/v1      any OpenAI-compatible server
    (none)                                  llama.cpp on the CPU with the embedded model's file

    --embedding-url http://gpu-host:8081/v1 any server for vectors, for the passages a second
    (none)                                  the embedding model in the program

First vectors: passages a second, by the size of the batches. Then the model alone: tokens a
second, time to the first token, with the prompt's fixed prefix in the server's cache and without
it (a random word before it makes the whole prompt new). Then through the bot, search, gate and
checks included: answers a second, time to the first text and to the whole answer with so many
conversations at once, the questions of `tests/eval/sample.jsonl` over the sample knowledge.
Each part ends after --limit-s at the latest and reports what was finished; progress goes to
stderr. Where the server does not count tokens, rates are of its deltas. Numbers of a busy
machine are numbers of a busy machine.
"""

import argparse
import asyncio
import json
import secrets
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from langchain_core.messages import BaseMessage, SystemMessage

from bot import prompts
from bot.bootstrap import Bot, build
from bot.errors import ModelError
from bot.evaluation.questions import read_questions
from bot.llm.base import Gate
from bot.llm.endpoint import Endpoint
from bot.llm.openai_compatible import OpenAICompatibleEngine
from bot.model.launching import Launch, Place
from bot.model.modelfile import EMBEDDED
from bot.model.supervising import Event, Supervisor
from bot.settings import BotSettings, ModelSettings
from knowledge.embedding import open_embedder
from knowledge.ledger import sqlite_url
from knowledge.library import Library
from knowledge.retriever import Query
from knowledge.settings import KnowledgeSettings
from tests.benchmarks.levels import together
from tests.benchmarks.passages_speed import sample_windows, speed
from tests.support.program import free_port

ROOT = Path(__file__).parents[2]
QUESTIONS = ROOT / "tests" / "eval" / "sample.jsonl"
PATIENCE_S = 1800.0


@dataclass(frozen=True)
class Spoken:
    first_s: float
    whole_s: float
    prompt: int | None
    tokens: int

    @property
    def rate(self) -> float | None:
        """Tokens a second after the first."""
        return (self.tokens - 1) / (self.whole_s - self.first_s) if self.tokens > 2 else None


# -- the server ---------------------------------------------------------------------------------


@contextmanager
def own_server(path: Path, slots: int, folder: Path) -> Iterator[str]:
    """llama.cpp as `secretary model serve` starts it."""
    place = Place(port=free_port())
    told = {"path": str(path), "host": place.host, "port": place.port, "slots": slots}
    command = (sys.executable, "-m", "bot.llm.gguf_server", json.dumps({**told, "context": 4096}))
    ready = threading.Event()

    def tell(event: Event) -> None:
        if event.kind == "ready":
            ready.set()

    supervisor = Supervisor(Launch("llama.cpp", command, place, "/health"), folder / "log", tell)
    thread = threading.Thread(target=supervisor.run, daemon=True)
    thread.start()
    try:
        if not ready.wait(300):
            raise SystemExit(f"the server was not ready in time: {folder / 'log'}")
        yield f"{place.url}/v1"
    finally:
        supervisor.stop()
        thread.join()


def engine_at(url: str, kind: Literal["openai", "embedded"], given: argparse.Namespace) -> Any:
    """`embedded` gives the small model's prompt: fewer passages, shorter answers."""
    endpoint = Endpoint(
        base_url=url,
        api_key=given.api_key,
        model=given.model,
        timeout_s=PATIENCE_S,
        retries=0,
        disable_thinking=True,
        name=kind,
    )
    return OpenAICompatibleEngine(endpoint, Gate(256))


# -- alone --------------------------------------------------------------------------------------


async def speak(engine: Any, messages: Sequence[BaseMessage], max_tokens: int) -> Spoken:
    begun, first, deltas = time.perf_counter(), 0.0, 0
    generation = engine.stream(messages, max_tokens=max_tokens)
    async with aclosing(generation):
        async for _ in generation:
            first = first or time.perf_counter() - begun
            deltas += 1
    usage = generation.usage
    whole = time.perf_counter() - begun
    prompt, said = (usage.prompt, usage.completion) if usage else (None, deltas)
    return Spoken(first, whole, prompt, said)


async def alone(engine: Any, bot: Bot, questions: Sequence[str], limit_s: float) -> dict[str, Any]:
    """What was measured within the time."""
    cached: list[Spoken] = []
    fresh: list[Spoken] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await _speak_all(engine, bot, questions, cached, fresh)
    rates = [spoken.rate for spoken in [*cached, *fresh] if spoken.rate is not None]
    return {
        "alone": len(cached),
        "limit_s": limit_s,
        "tokens_per_s": round(statistics.median(rates), 1) if rates else None,
        "prompt_tokens": cached[0].prompt if cached else None,
        "first_token_s": {"prefix_cached": _median(cached), "prefix_new": _median(fresh)},
    }


def _median(spoken: Sequence[Spoken]) -> float | None:
    return round(statistics.median(one.first_s for one in spoken), 3) if spoken else None


async def _speak_all(
    engine: Any, bot: Bot, questions: Sequence[str], cached: list[Spoken], fresh: list[Spoken]
) -> None:
    """The prefix is read once beforehand; then each question with and without it."""
    now = datetime.now(ZoneInfo("Asia/Taipei"))
    await speak(engine, prompts.messages("在嗎？", [], now), 8)
    for at, question in enumerate(questions, 1):
        found = bot.library.search(Query((question,), None, 3))
        passages = [scored.passage for scored in found.passages]
        limit = bot.chain.budgets.context_characters
        messages = prompts.messages(question, passages, now, limit=limit)
        new = [SystemMessage(f"{secrets.token_hex(8)}\n{messages[0].text}"), *messages[1:]]
        cached.append(await speak(engine, messages, 64))
        fresh.append(await speak(engine, new, 64))
        print(f"alone: {at}/{len(questions)} questions", file=sys.stderr, flush=True)


# -- all of it ----------------------------------------------------------------------------------


def vectors(given: argparse.Namespace, knowledge: KnowledgeSettings) -> dict[str, Any]:
    if given.embedding_url:
        knowledge = replace(
            knowledge,
            embedding_engine="openai",
            embedding_base_url=given.embedding_url,
            embedding_api_key=given.api_key,
            embedding_model=given.embedding_model,
        )
    embedder = open_embedder(knowledge)
    if embedder is None:
        return {"embedding": None}
    return speed(embedder, sample_windows(), given.batches, given.batch_s)


async def measure(given: argparse.Namespace, url: str, folder: Path) -> None:
    kind: Literal["openai", "embedded"] = "openai" if given.base_url else "embedded"
    knowledge = KnowledgeSettings(data_dir=folder, database_url=sqlite_url(folder))
    if given.batches:
        print(json.dumps(vectors(given, knowledge)), flush=True)
    with Library(knowledge) as library:
        library.ingest_sample()
    model = ModelSettings("openai", folder, folder / "none.gguf", url)
    engine = engine_at(url, kind, given)
    bot = build(BotSettings(knowledge, model), engine=engine)
    questions = [one.question for one in read_questions(QUESTIONS) if one.answerable]
    try:
        print(json.dumps({"model": await engine.model_id()}, ensure_ascii=False), flush=True)
        if given.questions:
            result = await alone(engine, bot, questions[: given.questions], given.limit_s)
            print(json.dumps(result), flush=True)
        for conversations in given.conversations:
            count = max(conversations, given.answers)
            result = await together(bot, questions, conversations, count, given.limit_s)
            print(json.dumps(result), flush=True)
    except ModelError as error:
        raise SystemExit(f"{error.code} {error.detail}") from error
    finally:
        await bot.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-url")
    parser.add_argument("--api-key")
    parser.add_argument("--model")
    parser.add_argument("--gguf", type=Path, default=ROOT / "models" / EMBEDDED.name)
    parser.add_argument("--slots", type=int, default=2, help="of the server started here")
    parser.add_argument("--questions", type=int, default=5, help="asked of the model alone")
    parser.add_argument("--conversations", type=int, nargs="*", default=[1, 8, 32])
    parser.add_argument("--answers", type=int, default=8, help="at least, at every level")
    parser.add_argument("--limit-s", type=float, default=300, help="at most, for every part")
    parser.add_argument("--embedding-url", help="of a server for vectors; none: the built-in one")
    parser.add_argument("--embedding-model")
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 8, 32, 64])
    parser.add_argument("--batch-s", type=float, default=5, help="for every size of batches")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if given.base_url:
            asyncio.run(measure(given, given.base_url, folder))
            return
        with own_server(given.gguf.resolve(), given.slots, folder) as url:
            asyncio.run(measure(given, url, folder))


if __name__ == "__main__":
    main()
