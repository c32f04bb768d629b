"""`secretary line`: what is done once on LINE's side, and who its first admin is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from adapters.cli.console import settings as read_settings
from adapters.cli.console import warn
from adapters.cli.remembering import remembered
from adapters.line.inbound import NAME
from adapters.line.settings import LineSettings, line_settings
from bot.admins import Admins
from bot.errors import BotError, ConfigError
from bot.phrases import say

if TYPE_CHECKING:
    from adapters.line.setup import LineSetup


@click.group()
def line() -> None:
    """設定 LINE 官方帳號。"""


@line.command()
def pair() -> None:
    """印出一次性的配對碼，在 LINE 上輸入就成為管理員。"""
    with remembered() as memory:
        code = Admins(memory.storage, memory.now).pairing_code(NAME)
        prefix = memory.settings.command_prefix
        click.echo(say("cli.line_pair", memory.language, p=prefix, secret=code))


@line.command()
@click.option("--url", metavar="https://…", help="公開網址；會設成 webhook 並請 LINE 試連")
def setup(url: str | None) -> None:
    """設定 webhook 網址並試連，替管理員裝上選單。"""
    chosen = _settings()
    with remembered() as memory, _opened(chosen) as there:
        language = memory.language
        click.echo(say("cli.line_name", language, name=there.name()))
        address = there.set_webhook(url) if url else there.webhook()
        if address is None:
            warn(say("cli.line_no_webhook", language))
        else:
            _try(there, address, language)
        admins = sorted(chosen.admins | Admins(memory.storage, memory.now).of(NAME))
        strangers = there.make_menu(admins, say, language, chosen.prefix)
        count = len(admins) - len(strangers)
        click.echo(say("cli.line_menu", language, count=count))
        if strangers:
            warn(say("cli.line_strangers", language, ids="、".join(strangers)))
        if not admins:
            warn(say("cli.line_no_admins", language))


@line.command()
def check() -> None:
    """看 token、webhook 與本月的推播用量；有一樣不對就以 1 結束。"""
    language = read_settings().bot_language
    with _opened(_settings()) as there:
        click.echo(say("cli.line_name", language, name=there.name()))
        used, limit = there.pushes()
        click.echo(
            say("cli.line_pushes", language, used=used, limit="∞" if limit is None else limit)
        )
        address = there.webhook()
        if address is None:
            raise BotError("cli.line_no_webhook")
        _try(there, address, language)


def _try(there: "LineSetup", address: str, language: str) -> None:
    """Raises BotError `line.webhook`."""
    problem = there.try_webhook(address)
    if problem is not None:
        raise BotError("line.webhook", url=address, problem=problem)
    click.echo(say("cli.line_webhook", language, url=address))


def _settings() -> LineSettings:
    """Raises ConfigError `line.off`."""
    loaded = read_settings()
    if NAME not in loaded.platforms():
        raise ConfigError("line.off")
    return line_settings(loaded)


@contextmanager
def _opened(chosen: LineSettings) -> Iterator["LineSetup"]:
    """Raises BotError `platform.extra_missing`."""
    try:
        from adapters.line.setup import opened
    except ModuleNotFoundError as error:
        raise BotError("platform.extra_missing", platform=NAME) from error
    with opened(chosen) as there:
        yield there
