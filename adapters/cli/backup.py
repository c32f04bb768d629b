"""`secretary backup` and `secretary restore`: all that cannot be made again, in one file."""

from pathlib import Path
from typing import Any

import click

from adapters.cli.console import print_json, progress_bar, settings, warn
from bot.backup import Backed, Restored, back_up, restore
from bot.phrases import say
from bot.waiting import telling
from knowledge.library import prepare_folder

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_JSON = click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")


@click.command()
@_FILE
@click.option("--force", is_flag=True, help="檔案已經存在時蓋掉它")
@_JSON
def backup(file: Path, force: bool, as_json: bool) -> None:
    """備份成一個檔案（.tar 或 .tar.gz）：資料庫、段落與向量、上傳的檔案。

    小秘書運作中也可以備份；匯入與同步停在兩份文件之間等它做完。SQLite 與 PostgreSQL、內嵌向量庫與 Qdrant
    伺服器都用同一種格式，所以也能用來搬到另一種。模型檔與 .env 不在裡面。
    """
    loaded = settings()
    language = loaded.bot_language
    prepare_folder(loaded.data_dir)

    waiting = telling(warn, language)
    with progress_bar() as show:
        done = back_up(loaded.knowledge(), file, force=force, show=show, on_wait=waiting)
    if as_json:
        print_json({"file": str(file), **_json(done)} | {"lost": done.lost})
    else:
        click.echo(say("backup.done", language, path=file, **_json(done)))
    if done.lost > 0:
        warn(say("backup.lost", language, count=done.lost))


@click.command("restore")
@_FILE
@click.option("--force", is_flag=True, help="換掉 DATA_DIR（與 DATABASE_URL）裡現有的資料")
@click.option("--keep-queue", is_flag=True, help="備份當時還在排隊的問題也要回答（搬家時用）")
@_JSON
def restore_command(file: Path, force: bool, keep_queue: bool, as_json: bool) -> None:
    """從備份檔還原；先停掉 secretary run。

    檔案先全部核對過（sha256）才會動到資料；資料庫一次換好，中斷了就還是原來的。換了向量模型時，
    下次啟動會用備份裡的段落重算向量。備份當時還在排隊的問題不會再回答，免得有人收到兩次。
    """
    loaded = settings()
    prepare_folder(loaded.data_dir)
    # The web server is not needed to make a backup.
    from adapters.serve import only_one

    with only_one(loaded, "backup.running"), progress_bar() as show:
        done = restore(loaded.knowledge(), file, force=force, keep_queue=keep_queue, show=show)
    if as_json:
        print_json({"file": str(file), "made_at": done.manifest.made_at, **_json(done)})
    else:
        told = {"made": done.manifest.made_at, **_json(done)}
        click.echo(say("backup.restored", loaded.bot_language, **told))


def _json(done: Backed | Restored) -> dict[str, Any]:
    rows = done.manifest.rows
    return {
        "documents": rows.get("sources", 0),
        "passages": done.manifest.passages,
        "exchanges": rows.get("exchanges", 0),
        "annotations": rows.get("annotations", 0),
        "uploads": done.uploads,
    }
