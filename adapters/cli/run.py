"""`secretary run`: everything that is enabled, until it is stopped."""

import click

from adapters.cli.console import settings
from adapters.logs import tell


@click.command()
@click.option("--tunnel", type=click.Choice(["ngrok"]), help="試用時經 ngrok 給 LINE 一個公開網址")
def run(tunnel: str | None) -> None:
    """啟動網頁、API 與已設定的平台。"""
    loaded = settings(serving=True)
    from adapters.serve import serve  # not needed to say that a setting is wrong

    if tunnel is None:
        serve(loaded)
        return
    from adapters.tunnel import tunnelled

    serve(loaded, lambda port: tunnelled(loaded, port, tell))
