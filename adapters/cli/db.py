"""`secretary db`: the schema of the database."""

import click

from adapters.cli.console import settings
from bot.phrases import say
from bot.storage import Storage
from bot.storage.migrations import HEAD
from bot.storage.schema import EMPTY, bring_up_to_date, current, refuse_unknown
from knowledge.ledger import open_engine
from knowledge.library import prepare_folder


@click.group()
def db() -> None:
    """資料庫的結構版本。"""


@db.command()
def upgrade() -> None:
    """把資料庫升級到這個程式的版本；平常啟動時會自動做。"""
    language, storage = _open()
    try:
        found = bring_up_to_date(storage)
    finally:
        storage.close()
    if found == HEAD:
        click.echo(say("cli.db_current", language, found=found))
    else:
        click.echo(say("cli.db_upgraded", language, found=_named(found, language), to=HEAD))


@db.command("current")
def show_current() -> None:
    """印出資料庫現在的版本；什麼都不改。"""
    language, storage = _open()
    try:
        found = current(storage)
    finally:
        storage.close()
    refuse_unknown(found)
    if found == HEAD:
        click.echo(say("cli.db_current", language, found=found))
    else:
        click.echo(say("cli.db_behind", language, found=_named(found, language), to=HEAD))


def _open() -> tuple[str, Storage]:
    loaded = settings()
    knowledge = loaded.bot().knowledge
    prepare_folder(knowledge.data_dir)
    return loaded.bot_language, Storage(open_engine(knowledge.database_url))


def _named(found: str, language: str) -> str:
    return say("cli.db_none", language) if found == EMPTY else found
