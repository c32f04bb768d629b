"""`secretary doctor`: looks at everything an answer needs, and says what to do about it."""

import asyncio
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click

from adapters.cli.console import print_json, settings
from adapters.settings import Settings
from bot.bootstrap import open_engine
from bot.errors import BotError
from bot.phrases import describe, say
from knowledge.embedding import open_embedder
from knowledge.errors import KnowledgeError
from knowledge.library import Library
from knowledge.retriever import Query

LOW_DISK_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    state: str
    """ok, warning or error."""
    sentence: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")
def doctor(as_json: bool) -> None:
    """檢查設定、知識庫、向量模型與語言模型，並說明怎麼修。"""
    loaded = settings()
    findings: list[Finding] = []
    for finding in _examine(loaded):
        findings.append(finding)
        if not as_json:
            mark = {"ok": "✔", "warning": "！", "error": "✘"}[finding.state]
            click.echo(f"{mark} {finding.name}：{finding.sentence}")
    failed = any(finding.state == "error" for finding in findings)
    if as_json:
        print_json({"ok": not failed, "checks": [_json(finding) for finding in findings]})
    if failed:
        raise click.exceptions.Exit(1)


def _json(finding: Finding) -> dict[str, Any]:
    return {"name": finding.name, "state": finding.state, "message": finding.sentence}


def _examine(loaded: Settings) -> Iterator[Finding]:
    language = loaded.bot_language
    checks: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
        ("python", _python),
        ("disk", _disk),
        ("embedding", _embedding),
        ("knowledge", _knowledge),
        ("model", _model),
        ("platforms", _platforms),
    )
    for name, check in checks:
        try:
            yield check(loaded)
        except (KnowledgeError, BotError) as error:
            yield Finding(say(f"doctor.{name}", language), "error", describe(error, language))


def _found(loaded: Settings, name: str, state: str, key: str, **detail: object) -> Finding:
    language = loaded.bot_language
    return Finding(say(f"doctor.{name}", language), state, say(key, language, **detail))


def _python(loaded: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return _found(loaded, "python", "ok", "doctor.python_ok", version=version)


def _disk(loaded: Settings) -> Finding:
    folder = loaded.data_dir if loaded.data_dir.exists() else loaded.data_dir.absolute().parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    state = "ok" if free > LOW_DISK_BYTES else "warning"
    return _found(
        loaded, "disk", state, f"doctor.disk_{state}", path=folder, free=f"{free / 1e9:.1f}"
    )


def _embedding(loaded: Settings) -> Finding:
    embedder = open_embedder(loaded.knowledge())
    if embedder is None:
        return _found(loaded, "embedding", "warning", "notice.sparse_only")
    embedder.query("試一下")
    return _found(
        loaded,
        "embedding",
        "ok",
        "doctor.embedding_ok",
        model=embedder.model_id,
        dimension=embedder.dimension,
    )


def _knowledge(loaded: Settings) -> Finding:
    with Library(loaded.knowledge()) as library:
        rows = library.ledger.all()
        wanted = sum(row.passages for row in rows)
        stored = library.index.count([row.version for row in rows]) if rows else 0
        library.search(Query(("試一下",), None, 1))
        where = loaded.qdrant_url or loaded.data_dir
        if not rows:
            return _found(loaded, "knowledge", "warning", "doctor.knowledge_empty")
        if stored != wanted:
            return _found(
                loaded, "knowledge", "error", "doctor.knowledge_lost", stored=stored, wanted=wanted
            )
        return _found(
            loaded,
            "knowledge",
            "ok",
            "doctor.knowledge_ok",
            documents=len(rows),
            passages=stored,
            where=where,
        )


def _model(loaded: Settings) -> Finding:
    engine = open_engine(loaded.bot().model)
    if engine is None:
        return _found(loaded, "model", "warning", "doctor.model_none")

    async def ask() -> str:
        try:
            await engine.check()
            return await engine.model_id()
        finally:
            await engine.aclose()

    return _found(loaded, "model", "ok", "doctor.model_ok", model=asyncio.run(ask()))


def _platforms(loaded: Settings) -> Finding:
    names = loaded.platforms()
    if not names:
        return _found(loaded, "platforms", "ok", "doctor.platforms_none")
    return _found(loaded, "platforms", "ok", "doctor.platforms_ok", platforms="、".join(names))
