"""What a source of documents offers, whatever lies behind it.

To add one: a module in this folder with a class that is a `Source` and a function
`configured`, and a line in `registry.py`. `tests/conformance/test_sources.py` then holds it to
what is said below.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from knowledge.passages import PUBLIC, Document, Failure


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the ledger remembers of one document."""

    content_hash: str
    stamp: str = ""
    """Opaque and cheap to compare; equal means unchanged. Empty is never equal."""
    audience: str = PUBLIC


@dataclass(frozen=True, slots=True)
class Found:
    """A new or changed document."""

    document: Document
    stamp: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A known document with the content that is known; the ledger keeps the new stamp."""

    source: str
    stamp: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A known document that is no longer there."""

    source: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is no document, left out on purpose."""

    source: str
    code: str
    """Key of a sentence in `bot/phrases.py`."""
    detail: dict[str, str] = field(default_factory=dict)
    stamp: str | None = None
    """What the ledger remembers from now on, of a document that it knows."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the source as a whole, beside what is told of each document."""

    code: str
    """Key of a sentence in `bot/phrases.py`."""
    detail: dict[str, str] = field(default_factory=dict)


Change = Found | Unchanged | Removed | Skipped | Failure
"""Of one document."""


def source_of(change: Change) -> str:
    return change.document.source if isinstance(change, Found) else change.source


class Source(Protocol):
    """A folder, a workspace, … that can be read again and again."""

    def changes(self, known: Mapping[str, KnownFile]) -> Iterator[Change | Notice]:
        """What is there now, against what is known; one document is in memory at a time.

        `known` holds what came from this source and no other: what is in it and
        no longer there comes last, as `Removed`. Where it cannot be told whether a
        document is still there (an unreadable folder, a listing that broke off), it is not
        reported removed. Each document is told of once; one that cannot be read is a
        `Failure` (its last text stays known) and the rest goes on.

        Raises:
            DocumentError: the source as a whole is not there.
        """
        ...

    def count(self) -> int:
        """How many documents `changes` will look at: the length of a progress bar."""
        ...
