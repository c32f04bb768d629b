"""The commands that README.md shows, in code blocks and between backticks."""

import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.project import text

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_TICKS = re.compile(r"`([^`\n]+)`")
_PROGRAM = re.compile(r"(?:^|\s)(?:\.venv/bin/)?secretary\s+(.*)")
_ENVIRONMENT = re.compile(r"[A-Z_]+=\S+")


@dataclass(frozen=True)
class Shown:
    """A command as it stands there, without what is put before it."""

    line: int
    words: tuple[str, ...]
    usage: bool
    """It tells what may follow, `[--k 5]` or `list|show`, and is not to be typed as it is."""

    def __str__(self) -> str:
        return f"README.md:{self.line}: {' '.join(self.words)}"


def halves() -> tuple[str, str]:
    """The Chinese and the English one."""
    chinese, english = text("README.md").split("\n# Secretary", 1)
    return chinese, english


def blocks(page: str, language: str) -> list[str]:
    return [body for name, body in _FENCE.findall(page) if name == language]


def shell_lines(page: str) -> list[tuple[str, ...]]:
    """What the blocks say to type: without comments, continued lines joined, a word each."""
    joined = "\n".join(blocks(page, "sh")).replace("\\\n", " ")
    lines = (shlex.split(line, comments=True) for line in joined.splitlines())
    return [tuple(words) for words in lines if words]


def secretary_commands() -> list[Shown]:
    """Every `secretary …`, each alternative of a usage line by itself."""
    found = [shown for shown in _mentions() if shown.words]
    return [variant for shown in found for variant in _variants(shown)]


def module_commands() -> list[Shown]:
    """Every `python -m tests.… …`."""
    return [
        Shown(line, tuple(shlex.split(code)[2:]), usage=False)
        for line, code in _codes()
        if re.match(r"(\.venv/bin/)?python -m tests\.", code)
    ]


def _codes() -> Iterator[tuple[int, str]]:
    page = text("README.md")
    for pattern, group in ((_FENCE, 2), (_TICKS, 1)):
        for match in pattern.finditer(page):
            first = page.count("\n", 0, match.start(group)) + 1
            joined = match[group].replace("\\\n", "  ")
            for offset, line in enumerate(joined.split("\n")):
                yield first + offset, line.strip()


def _mentions() -> Iterator[Shown]:
    for line, code in _codes():
        command = _PROGRAM.match(_ENVIRONMENT.sub("", code).strip()) or re.match(
            r"docker compose exec bot secretary\s+(.*)", code
        )
        if command is not None:
            written = command[1].replace("\\|", "|")
            usage = "[" in written or "|" in written
            words = shlex.split(re.sub(r"[\[\]]", " ", written), comments=True)
            yield Shown(line, tuple(words), usage)


def _variants(shown: Shown) -> Iterator[Shown]:
    for words in itertools.product(*(word.split("|") for word in shown.words)):
        yield Shown(shown.line, words, shown.usage)
