"""`secretary ask`: one answer, or a batch of them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from adapters.cli.asking import request
from adapters.cli.batch import BadLine, Line, read_batch
from adapters.cli.console import print_json, settings, warn
from adapters.cli.telling import tell
from bot.assistant import collect
from bot.bootstrap import Bot, build
from bot.messages import Answer, Request
from bot.phrases import say
from bot.render import answer_json
from bot.waiting import telling


@click.command()
@click.argument("question", required=False)
@click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")
@click.option("--no-llm", is_flag=True, help="不用語言模型，只摘錄原文")
@click.option("--audience", help="只用這個對象看得到的知識（預設：全部）")
@click.option(
    "--batch", type=click.Path(path_type=Path), help="每行一個 {id, question} 的檔案；- 是標準輸入"
)
def ask(
    question: str | None, as_json: bool, no_llm: bool, audience: str | None, batch: Path | None
) -> None:
    """問一個問題。"""
    if (question is None) == (batch is None):
        raise click.UsageError("請給一個問題，或用 --batch 給檔案（兩者擇一）。")
    audiences = frozenset({"public", audience}) if audience else None
    if batch is not None:
        asyncio.run(_batch(batch, audiences, not no_llm))
        return
    asked = request(question or "", "ask", audiences=audiences, use_model=not no_llm)
    answer = asyncio.run(_one(asked, as_json))
    if answer.outcome == "failed":
        if as_json:
            warn(answer.text)
        raise click.exceptions.Exit(1)


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Bot, str]]:
    """The bot and its language, closed again whatever happens."""
    loaded = settings()
    bot = await asyncio.to_thread(build, loaded.bot())
    try:
        waiting = telling(warn, loaded.bot_language)
        await asyncio.to_thread(bot.library.prepare, on_wait=waiting)
        yield bot, loaded.bot_language
    finally:
        await bot.aclose()


async def _one(question: Request, as_json: bool) -> Answer:
    async with opened() as (bot, language):
        events = bot.secretary.answer(question, history=())
        if not as_json:
            return await tell(events, language)
        answer = replace(await collect(events), id=None)
        print_json(answer_json(answer, language))
        return answer


async def _batch(path: Path, audiences: frozenset[str] | None, use_model: bool) -> None:
    async with opened() as (bot, language):
        async for answer in _answers(bot, read_batch(path), audiences, use_model, language):
            print_json(answer)


async def _answers(
    bot: Bot,
    lines: Iterator[Line | BadLine],
    audiences: frozenset[str] | None,
    use_model: bool,
    language: str,
) -> AsyncIterator[dict[str, Any]]:
    """In the order of the lines; as many at once as the model may be asked."""
    window = bot.settings.model.concurrency * 2
    tasks: list[asyncio.Task[dict[str, Any]]] = []
    for line in lines:
        tasks.append(asyncio.create_task(_line(bot, line, audiences, use_model, language)))
        if len(tasks) >= window:
            yield await tasks.pop(0)
    for task in tasks:
        yield await task


async def _line(
    bot: Bot,
    line: Line | BadLine,
    audiences: frozenset[str] | None,
    use_model: bool,
    language: str,
) -> dict[str, Any]:
    if isinstance(line, BadLine):
        text = say("cli.batch_line", language, line=line.number)
        return answer_json(Answer("", "failed", text, id=line.id, reason="bad_line"), language)
    asked = request(line.question, "batch", audiences=audiences, use_model=use_model)
    answer = await collect(bot.secretary.answer(asked, history=()))
    return answer_json(replace(answer, id=line.id), language)
