"""What all commands share: settings, words on stderr, JSON on stdout, progress."""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from adapters import logs
from adapters.environment import load
from adapters.settings import Settings
from knowledge.ingest import Progress


def settings(*, serving: bool = False) -> Settings:
    """Reads the settings and sets the log level. Raises ConfigError.

    What a server tells of each message would stand between the lines of a command that somebody
    is looking at: there, INFO means WARNING.
    """
    loaded = load()
    level = "WARNING" if loaded.log_level == "INFO" and not serving else loaded.log_level
    logs.configure(loaded.log_format, level)
    for noisy in ("httpx", "httpx2", "httpcore", "openai", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))
    return loaded


def language() -> str:
    """The language for errors, also before (or without) valid settings."""
    return "en" if os.environ.get("BOT_LANGUAGE") == "en" else "zh-TW"


def warn(sentence: str) -> None:
    click.echo(sentence, err=True)


def print_json(value: Any) -> None:
    """One line of JSON on stdout, at once."""
    line = json.dumps(value, ensure_ascii=False)
    try:
        line.encode(sys.stdout.encoding)
    except UnicodeEncodeError:  # half a character, or a terminal that is not UTF-8
        line = json.dumps(value)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A bar on stderr: documents done, of how many, and the present one."""
    console = Console(stderr=True)
    columns = (
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def show(step: Progress) -> None:
            bar.update(task, completed=step.done, total=step.total, description=_plain(step.source))

        yield show


def _plain(text: str) -> str:
    """File names are not markup."""
    return text[-60:].replace("[", "\\[")
