"""`secretary export`: the log for whoever runs the bot, and lessons for a model's training."""

import csv
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO, get_args
from zoneinfo import ZoneInfo

import click

from adapters.cli.console import print_json
from adapters.cli.remembering import remembered
from bot.annotations.cells import escape
from bot.errors import BotError, ConfigError
from bot.learning import dataset, logs
from bot.learning.lessons import counted, gather
from bot.learning.masking import masks
from bot.messages import Outcome
from bot.phrases import say

_AGO = re.compile(r"(\d{1,5})\s*([hd])")
_JSON = click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")


@click.group()
def export() -> None:
    """匯出：問答紀錄，或微調模型用的資料。"""


@export.command("logs")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--since", metavar="7d|24h|日期", help="從什麼時候開始，例如 7d、24h、2026-11-01")
@click.option("--platform", help="只要這個平台：line、slack、discord、web…")
@click.option("--outcome", type=click.Choice(get_args(Outcome)), help="只要這種結果")
@click.option("--force", is_flag=True, help="檔案已經存在時蓋掉它")
def export_logs(
    file: Path, since: str | None, platform: str | None, outcome: str | None, force: bool
) -> None:
    """每一筆問答一行：檔名結尾是 .csv 就寫 CSV，其他寫 JSONL；- 是標準輸出。

    只有問答與數字，沒有人的名字與帳號；抹除過的，內容是空的。
    """
    with remembered() as memory:
        begin = None if since is None else _since(since, memory.now(), memory.zone)
        rows = logs.read(memory.storage, logs.Filters(begin, platform, outcome))
        with _opened(file, force) as out:
            count = _csv(rows, out) if file.suffix == ".csv" else _jsonl(rows, out)
        click.echo(say("export.logs", memory.language, count=count, path=file), err=True)


@export.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--only", type=click.Choice(["annotation", "correction", "liked"]), help="只要這一種")
@_JSON
def sft(folder: Path, only: str | None, as_json: bool) -> None:
    """把標註、改正過的與按讚的回答寫成訓練資料（ShareGPT 與 Alpaca，附 dataset_info.json）。

    人的名字、帳號、電子郵件與手機號碼都換掉；抹除過的、過期的、有人說不好的都不在裡面。
    """
    with remembered() as memory:
        lessons = gather(memory.storage, memory.now().date())
        chosen = [one for one in lessons if only in (None, one.kind)]
        if not chosen:
            raise BotError("export.nothing")
        theirs, ours = masks(memory.storage)
        with _writable(folder):
            files = dataset.write(chosen, theirs, ours, folder)
        told = {"examples": len(chosen), **counted(chosen)}
    if as_json:
        print_json({**told, "files": [str(path) for path in files]})
    else:
        click.echo(say("export.sft", memory.language, path=folder, **told))


def _since(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    if match := _AGO.fullmatch(text.strip().lower()):
        amount = int(match[1])
        return now - (timedelta(hours=amount) if match[2] == "h" else timedelta(days=amount))
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise click.UsageError("--since 要寫成 7d、24h 或 2026-11-01。") from error
    return found if found.tzinfo else found.replace(tzinfo=zone)


@contextmanager
def _opened(file: Path, force: bool) -> Iterator[TextIO]:
    """Raises BotError `backup.exists`, ConfigError `cli.write_failed`."""
    if str(file) == "-":
        yield sys.stdout
        return
    if file.exists() and not force:
        raise BotError("backup.exists", path=str(file))
    with _writable(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        # With its mark, a spreadsheet takes the file for UTF-8.
        encoding = "utf-8-sig" if file.suffix == ".csv" else "utf-8"
        with file.open("w", encoding=encoding, newline="") as out:
            yield out


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    """Raises ConfigError `cli.write_failed`."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise ConfigError("cli.write_failed", path=str(path), problem=problem) from error


def _jsonl(rows: Iterator[dict[str, Any]], out: TextIO) -> int:
    count = 0
    for row in rows:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
        count += 1
    return count


def _csv(rows: Iterator[dict[str, Any]], out: TextIO) -> int:
    writer = csv.DictWriter(out, logs.COLUMNS)
    writer.writeheader()
    count = 0
    for row in rows:
        row |= {"sources": " | ".join(row["sources"])}
        writer.writerow({k: escape(v) if isinstance(v, str) else v for k, v in row.items()})
        count += 1
    return count
