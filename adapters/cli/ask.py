"""`secretary ask`: one answer, or a batch of them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click

from adapters.cli.batch import BadLine, Line, read_batch
from adapters.cli.console import print_json, settings, warn
from bot.assistant import collect
from bot.bootstrap import Bot, build
from bot.messages import Answer, Ask, Finished, TextDelta
from bot.phrases import say
from bot.render import answer_json


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
    request = Ask(text=question or "", audiences=audiences, use_model=not no_llm)
    answer = asyncio.run(_one(request, as_json))
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
        await asyncio.to_thread(bot.library.prepare)
        yield bot, loaded.bot_language
    finally:
        await bot.aclose()


async def _one(request: Ask, as_json: bool) -> Answer:
    async with opened() as (bot, language):
        if as_json:
            answer = await collect(bot.assistant.answer(request))
            print_json(answer_json(answer, language))
        else:
            answer = await _stream(bot, request, language)
        return answer


async def _stream(bot: Bot, request: Ask, language: str) -> Answer:
    """Streams on a terminal; what is final is printed whole where it differs."""
    terminal = sys.stdout.isatty()
    said, answer = "", None
    async for event in bot.assistant.answer(request):
        if isinstance(event, TextDelta) and terminal:
            said += event.text
            click.echo(event.text, nl=False)
        elif isinstance(event, Finished):
            answer = event.answer
    assert answer is not None
    if said:
        click.echo("")
    if said.strip() != answer.text:
        click.echo(("\n" if said else "") + answer.text, err=answer.outcome == "failed")
    _details(answer, language)
    return answer


def _details(answer: Answer, language: str) -> None:
    if answer.citations:
        click.echo(f"\n{say('cli.source', language)}")
    for number, citation in enumerate(answer.citations, 1):
        place = f"（{citation.locator}）" if citation.locator else ""
        click.echo(f"  [{number}] {citation.source}{place}\n      「{citation.quote.strip()}」")
    if answer.notice:
        warn(answer.notice)


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
    request = Ask(text=line.question, audiences=audiences, id=line.id, use_model=use_model)
    return answer_json(await collect(bot.assistant.answer(request)), language)
