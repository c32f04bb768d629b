"""`secretary sources`: what is known, taking it out, putting it right, and why it answers."""

import asyncio
from collections.abc import Sequence

import click

from adapters.cli.console import print_json, progress_bar, settings, warn
from adapters.cli.sources_print import row_json, tell_verification, verification_json
from adapters.cli.sources_print import table as print_table
from bot.errors import BotError
from bot.messages import ConversationRef
from bot.phrases import describe, say
from bot.quotas.limits import PLATFORMS
from bot.waiting import telling
from knowledge.inventory import named
from knowledge.ledger import SourceRow
from knowledge.library import Library

_json = click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")


@click.group()
def sources() -> None:
    """知識裡有哪些文件。"""


@sources.command("list")
@click.argument("name", metavar="[文件或資料夾]", required=False)
@_json
def list_sources(name: str | None, as_json: bool) -> None:
    """每份文件：來源、種類、版本、對象、段落數、更新時間。"""
    loaded = settings()
    with Library(loaded.knowledge()) as library:
        rows = library.ledger.all()
    if name is not None:
        rows = _named(rows, name)
    if as_json:
        print_json([row_json(row) for row in rows])
    else:
        print_table(rows, loaded.bot_language)


@sources.command()
@click.argument("names", metavar="文件、資料夾或來源…", nargs=-1, required=True)
@_json
def remove(names: tuple[str, ...], as_json: bool) -> None:
    """移除文件：立刻不再用來回答，向量也一併刪除並清點。"""
    loaded = settings()
    language = loaded.bot_language
    with Library(loaded.knowledge()) as library:
        rows = library.ledger.all()
        chosen = {(row.root, row.source): row for name in names for row in _named(rows, name)}
        removal = library.remove(list(chosen.values()))
    if as_json:
        removed = [row_json(row) for row in removal.documents]
        print_json({"removed": removed, "passages": removal.passages, "clean": not removal.problem})
    else:
        count, passages = len(removal.documents), removal.passages
        click.echo(say("sources.removed", language, count=count, passages=passages))
    if removal.problem:
        reason = describe(removal.problem, language)
        warn(say("sources.left_over", language, reason=reason))


@sources.command()
@_json
def verify(as_json: bool) -> None:
    """比對帳本與向量庫，兩邊都查，不一致的修好。"""
    loaded = settings()
    language = loaded.bot_language
    with Library(loaded.knowledge()) as library, progress_bar() as show:
        result = library.verify(show, telling(warn, language))
    if as_json:
        print_json(verification_json(result, language))
    else:
        tell_verification(result, language)
    if result.unmended:
        raise BotError("sources.unmended", count=str(len(result.unmended)))


@sources.command()
@click.argument("text", metavar="問題或文件")
@click.option(
    "--at", "place", metavar="平台[:房間]", help="在這裡問會怎樣；不寫就是看得到一切的終端機"
)
@_json
def why(text: str, place: str | None, as_json: bool) -> None:
    """為什麼一份文件會（或不會）用來回答；一個問題會找到什麼、誰看得到。"""
    from adapters.cli.sources_why import tell_why  # a second of imports that the others spare

    asyncio.run(tell_why(text, _place(place), as_json))


def _place(text: str | None) -> ConversationRef | None:
    if text is None:
        return None
    platform, _, room = text.partition(":")
    if platform not in PLATFORMS:
        raise click.UsageError(f"--at 的平台要是 {'、'.join(PLATFORMS)} 其中一個。")
    return ConversationRef(platform, room)


def _named(rows: Sequence[SourceRow], name: str) -> list[SourceRow]:
    """Raises BotError `sources.unknown`."""
    found = named(rows, name)
    if not found:
        raise BotError("sources.unknown", name=name)
    return found
