"""A vector and a few words, asked for as an answer would."""

import asyncio
from contextlib import aclosing
from datetime import datetime
from time import perf_counter
from zoneinfo import ZoneInfo

from adapters.doctor.finding import Finding, tell
from adapters.settings import Settings
from bot import prompts
from bot.bootstrap import open_engine
from bot.llm.base import Engine
from knowledge.embedding import open_embedder

_TOKENS = 256
"""Enough for a model that thinks first; it is interrupted at its first word."""


def embedding(loaded: Settings) -> Finding:
    embedder = open_embedder(loaded.knowledge())
    if embedder is None:
        return tell(loaded, "embedding", "warning", "notice.sparse_only")
    size = len(embedder.query("試一下"))
    told = {"model": embedder.model_id, "dimension": size}
    return tell(loaded, "embedding", "ok", "doctor.embedding_ok", **told)


def model(loaded: Settings) -> Finding:
    engine = open_engine(loaded.bot().model)
    if engine is None:
        return tell(loaded, "model", "warning", "doctor.model_none")
    name, seconds = asyncio.run(_ask(engine, datetime.now(ZoneInfo(loaded.timezone))))
    told = {"model": name, "seconds": f"{seconds:.1f}"}
    return tell(loaded, "model", "ok", "doctor.model_ok", **told)


async def _ask(engine: Engine, now: datetime) -> tuple[str, float]:
    """Its name, and the seconds until its first word. Raises ModelError."""
    try:
        await engine.check()
        name = await engine.model_id()
        begun = perf_counter()
        async with aclosing(
            engine.stream(prompts.messages("你好嗎？", (), now), max_tokens=_TOKENS)
        ) as said:
            async for _ in said:
                break
        return name, perf_counter() - begun
    finally:
        await engine.aclose()
