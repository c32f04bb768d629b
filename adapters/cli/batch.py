"""Reading a batch file: one JSON object a line; a bad line is a value, not an abort."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Line:
    id: str | int | None
    question: str


@dataclass(frozen=True, slots=True)
class BadLine:
    number: int
    id: str | int | None = None


def read_batch(path: Path) -> Iterator[Line | BadLine]:
    """`-` is standard input. Raises ConfigError `cli.batch_file` where it cannot be read."""
    for number, raw in enumerate(_lines(path), 1):
        if raw.strip():
            yield _parse(number, raw)


def _lines(path: Path) -> Iterator[bytes]:
    if str(path) == "-":
        yield from sys.stdin.buffer
        return
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise ConfigError("cli.batch_file", path=str(path), problem=problem) from error


def _parse(number: int, raw: bytes) -> Line | BadLine:
    try:
        row = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return BadLine(number)
    if not isinstance(row, dict):
        return BadLine(number)
    id_ = row.get("id")
    if isinstance(id_, bool) or not isinstance(id_, str | int | None):
        return BadLine(number)
    question = row.get("question")
    return Line(id_, question) if isinstance(question, str) else BadLine(number, id_)
