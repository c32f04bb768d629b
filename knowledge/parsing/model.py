"""What every parser takes and gives."""

from collections.abc import Callable
from dataclasses import dataclass

from knowledge.passages import Block

PARSER_VERSION = "1"
"""Raise it when a parser gives other blocks for the same bytes: every file is then parsed again."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """One file as title and blocks; there is always at least one block."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes. What exceeds them is refused with `file.too_large`."""

    file: int = 50 * 1024 * 1024
    unpacked: int = 256 * 1024 * 1024
    """Of everything inside an Office file: a few kilobytes of zip can hold gigabytes."""
    markup: int = 64 * 1024 * 1024
    """Of the XML of a document or a presentation, which is held in memory as a tree."""


@dataclass(frozen=True, slots=True)
class Source:
    """What one parser gets to see."""

    data: bytes
    name: str
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Draft:
    """What one parser found, before a title is chosen."""

    blocks: tuple[Block, ...]
    titles: tuple[str, ...] = ()
    """Candidates, best first; the file's name is the last resort and not listed."""


Parser = Callable[[Source], Draft]
