"""Evaluation lines: one JSON object a line, checked before anything runs.

    {"id", "question", "answers": […], "answerable": true, "source"?, "history"?}

`answers` are spellings of which one is enough; `source` is the document that holds the
answer (its path may be shortened from the left); `history` lists earlier turns, oldest
first, as `{"question", "answer"}`. Lines without `answerable` are answerable; blank lines
are skipped and other keys ignored. Unlike a batch of questions, a bad line ends the run: a
measurement that quietly left lines out would not mean what its name says.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import ConfigError
from bot.messages import Turn


@dataclass(frozen=True, slots=True)
class EvalLine:
    """One question and what is known about its answer."""

    id: str | int | None
    question: str
    answers: tuple[str, ...] = ()
    answerable: bool = True
    source: str | None = None
    history: tuple[Turn, ...] = ()


def read_questions(path: Path, limit: int | None = None) -> list[EvalLine]:
    """The first `limit` lines, in order.

    Raises ConfigError `cli.batch_file` (unreadable), `cli.eval_line` (with `line` and, as
    `problem`, the key that is wrong or `JSON`), `cli.eval_empty`.
    """
    lines: list[EvalLine] = []
    for number, raw in _lines(path):
        if limit is not None and len(lines) >= limit:
            break
        try:
            lines.append(parse(raw))
        except ValueError as error:
            problem = str(error)
            raise ConfigError(
                "cli.eval_line", path=str(path), line=str(number), problem=problem
            ) from error
    if not lines:
        raise ConfigError("cli.eval_empty", path=str(path))
    return lines


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """(1-based number, line) of every line that is not blank."""
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                if raw.strip():
                    yield number, raw
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise ConfigError("cli.batch_file", path=str(path), problem=problem) from error


def parse(raw: bytes) -> EvalLine:
    """One line. Raises ValueError whose text is the key that is wrong, or `JSON`."""
    try:
        row = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError("JSON") from error
    if not isinstance(row, dict):
        raise ValueError("JSON")
    line = EvalLine(
        id=_id(row.get("id")),
        question=_question(row.get("question")),
        answers=_answers(row.get("answers", [])),
        answerable=_answerable(row.get("answerable", True)),
        source=_source(row.get("source")),
        history=tuple(_turn(turn) for turn in _list(row.get("history") or [], "history")),
    )
    if line.answerable and not line.answers and line.source is None:
        raise ValueError("answers")
    return line


def _id(value: Any) -> str | int | None:
    if isinstance(value, bool) or not isinstance(value, str | int | None):
        raise ValueError("id")
    return value


def _question(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("question")
    return value


def _answers(value: Any) -> tuple[str, ...]:
    found = _list([] if value is None else value, "answers")
    if not all(isinstance(answer, str) and answer.strip() for answer in found):
        raise ValueError("answers")
    return tuple(found)


def _answerable(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("answerable")
    return value


def _source(value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise ValueError("source")
    return value


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(name)
    return value


def _turn(value: Any) -> Turn:
    if not isinstance(value, dict):
        raise ValueError("history")
    question, answer = value.get("question"), value.get("answer", "")
    if not isinstance(question, str) or not isinstance(answer, str):
        raise ValueError("history")
    return Turn(question, answer)
