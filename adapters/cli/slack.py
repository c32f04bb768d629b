"""`secretary slack`: what has to be pasted into Slack, and the first admin."""

import json

import click

from adapters.cli.console import settings
from adapters.cli.remembering import remembered
from adapters.slack.manifest import as_yaml, manifest
from bot.admins import Admins
from bot.phrases import say


@click.group()
def slack() -> None:
    """Slack：App 的 manifest，與管理員配對碼。"""


@slack.command("manifest")
@click.option("--url", metavar="https://…", help="不用 Socket Mode 時，Slack 連得到的網址")
@click.option("--json", "as_json", is_flag=True, help="印成 JSON（預設是 YAML）")
def print_manifest(url: str | None, as_json: bool) -> None:
    """印出要貼到 Slack 的 App manifest。"""
    if url is not None and not url.startswith("https://"):
        raise click.UsageError("--url 要是 https:// 開頭的網址。")
    loaded = settings()
    made = manifest(loaded.command_prefix, loaded.bot_language, url)
    click.echo(
        json.dumps(made, ensure_ascii=False, indent=2) if as_json else as_yaml(made), nl=as_json
    )


@slack.command()
def pair() -> None:
    """給一個一次性的配對碼，讓某個 Slack 帳號成為管理員。"""
    prefix = settings().command_prefix
    with remembered() as memory:
        code = Admins(memory.storage, memory.now).pairing_code("slack")
        click.echo(say("slack.pair_code", memory.language, p=prefix, pairing=code))
