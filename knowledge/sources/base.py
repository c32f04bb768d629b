"""What a source of documents offers, whatever lies behind it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


Change = Found | Unchanged | Removed | Skipped | Failure


class Source(Protocol):
    """A folder, a workspace, … that can be read again and again."""

    def changes(self, known: Mapping[str, KnownFile]) -> Iterator[Change]:
        """What is there now, against what is known; one document is in memory at a time.

        `known` holds what came from this source and no other: what is in it and
        no longer there comes last, as `Removed`. Where it cannot be told whether a
        document is still there (an unreadable folder), it is not reported removed.

        Raises:
            DocumentError: the source as a whole is not there.
        """
        ...

    def count(self) -> int:
        """How many documents `changes` will look at: the length of a progress bar."""
        ...
