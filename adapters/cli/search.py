"""`secretary search`: retrieval only."""

import asyncio
from pathlib import Path
from typing import Any

import click

from adapters.cli.ask import opened
from adapters.cli.batch import BadLine, read_batch
from adapters.cli.console import print_json
from bot.bootstrap import Bot
from bot.phrases import say
from bot.render import search_json
from bot.smalltalk import clean


@click.command()
@click.argument("question", required=False)
@click.option("--k", default=5, show_default=True, type=click.IntRange(1, 100), help="幾個段落")
@click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")
@click.option(
    "--batch", type=click.Path(path_type=Path), help="每行一個 {id, question} 的檔案；- 是標準輸入"
)
def search(question: str | None, k: int, as_json: bool, batch: Path | None) -> None:
    """只檢索，不回答。"""
    if (question is None) == (batch is None):
        raise click.UsageError("請給一個問題，或用 --batch 給檔案（兩者擇一）。")
    asyncio.run(_run(question, k, as_json, batch))


async def _run(question: str | None, k: int, as_json: bool, batch: Path | None) -> None:
    async with opened() as (bot, language):
        if batch is not None:
            for line in read_batch(batch):
                print_json(
                    _bad(line, language)
                    if isinstance(line, BadLine)
                    else _found(bot, line.id, line.question, k, language)
                )
            return
        found = _found(bot, None, question or "", k, language)
        if as_json:
            print_json(found)
        else:
            _show(found, language)


def _found(bot: Bot, id_: str | int | None, question: str, k: int, language: str) -> dict[str, Any]:
    retrieved, verdict = bot.search(clean(question), k)
    return search_json(id_, question, retrieved, verdict, language)


def _bad(line: BadLine, language: str) -> dict[str, Any]:
    return {
        "id": line.id,
        "question": "",
        "outcome": "failed",
        "verdict": "no_data",
        "signals": {},
        "passages": [],
        "error": say("cli.batch_line", language, line=line.number),
    }


def _show(found: dict[str, Any], language: str) -> None:
    click.echo(f"{found['verdict']}  {found['signals']}")
    if not found["passages"]:
        click.echo(say("cli.no_passages", language))
    for number, passage in enumerate(found["passages"], 1):
        place = f"（{passage['locator']}）" if passage["locator"] else ""
        click.echo(f"\n{number}. {passage['score']:.3f}  {passage['source']}{place}")
        click.echo("   " + passage["text"].replace("\n", "\n   "))
