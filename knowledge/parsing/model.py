"""What every parser takes and gives."""

from collections.abc import Callable
from dataclasses import dataclass, field

from knowledge.errors import DocumentError
from knowledge.parsing.tools import Tools
from knowledge.passages import Block, Failure

PARSER_VERSION = "2"
"""Raise it when a parser gives other blocks for the same bytes: every file is then parsed again."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """One file as title and blocks; there is always at least one block."""

    title: str
    blocks: tuple[Block, ...]
    lacking: tuple[Failure, ...] = ()
    """What of the file could not be read on this machine, such as scanned pages without OCR."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes. What exceeds them is refused with `file.too_large`."""

    file: int = 15 * 1024 * 1024
    unpacked: int = 256 * 1024 * 1024
    """Of everything inside an archive or Office file: a few kilobytes of zip can hold gigabytes."""
    markup: int = 64 * 1024 * 1024
    """Of the XML of a document or a presentation, which is held in memory as a tree."""
    pixels: int = 100_000_000
    """Of a picture, which is held in memory unpacked."""


@dataclass(frozen=True, slots=True)
class Source:
    """What one parser gets to see."""

    data: bytes
    name: str
    limits: Limits = Limits()
    tools: Tools = field(default_factory=Tools)


@dataclass(frozen=True, slots=True)
class Draft:
    """What one parser found, before a title is chosen."""

    blocks: tuple[Block, ...]
    titles: tuple[str, ...] = ()
    """Candidates, best first; the file's name is the last resort and not listed."""
    lacking: tuple[DocumentError, ...] = ()
    """Why parts of the file are missing, where the rest could be read."""


Parser = Callable[[Source], Draft]
