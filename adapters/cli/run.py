"""`secretary run`: everything that is enabled, until it is stopped."""

import click

from adapters.cli.console import settings


@click.command()
def run() -> None:
    """啟動網頁、API 與已設定的平台。"""
    loaded = settings()
    from adapters.serve import serve  # the web server is not needed to say a setting is wrong

    serve(loaded)
