"""What the library holds, and putting it right: list, find by name, remove, verify.

The ledger is the truth. What it does not name is deleted from the index; what the index has
lost is read from its source again.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.errors import StoreError
from knowledge.index import PassageIndex
from knowledge.ingest import Progress
from knowledge.ledger import Ledger, SourceRow
from knowledge.passages import Failure
from knowledge.sources.base import Change, KnownFile, Notice, Source, source_of
from knowledge.sweeping import clear

PAGE = 1000
"""Points in one step through the index; some two megabytes."""
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")


def kind_of(root: str) -> str:
    """`files`, `sample`, or the name of the source that the root stands for."""
    return "files" if Path(root).is_absolute() else root


def named(rows: Iterable[SourceRow], name: str) -> list[SourceRow]:
    """The documents that a person means: by source, by whole root or folder, by path, or by
    the id in a page's address."""
    return [row for row in rows if _is_meant(row, name.strip())]


def _is_meant(row: SourceRow, name: str) -> bool:
    if not name:
        return False
    if name in (row.source, row.root, kind_of(row.root)):
        return True
    ids = _UUID.findall(name.split("?")[0].lower())
    if ids and row.source.startswith("http"):
        return ids[-1].replace("-", "") in row.source.replace("-", "")
    return _is_below(row, name)


def _is_below(row: SourceRow, name: str) -> bool:
    """By folder within the root, or by a path on this machine however it is written."""
    if row.source.startswith(f"{name.rstrip('/')}/"):
        return True
    if kind_of(row.root) != "files":
        return False
    path, root = Path(name).resolve(), Path(row.root)
    at = root if root.name == row.source and not (root / row.source).exists() else root / row.source
    return path == at or path in at.parents


@dataclass(frozen=True, slots=True)
class Removal:
    """What was taken out; none of it answers from this moment, whatever became of its points."""

    documents: tuple[SourceRow, ...]
    problem: StoreError | None = None
    """Why points are left in the index; `verify` deletes them later."""

    @property
    def passages(self) -> int:
        return sum(row.passages for row in self.documents)


def remove(ledger: Ledger, index: PassageIndex, rows: Sequence[SourceRow]) -> Removal:
    """Raises LedgerError: nothing was removed."""
    died = ledger.remove([(row.root, row.source) for row in rows])
    try:
        left = None if clear(ledger, index, died) else StoreError("store.remains")
    except StoreError as error:
        left = error
    return Removal(tuple(rows), left)


@dataclass(frozen=True, slots=True)
class Findings:
    """Ledger and index, compared both ways."""

    documents: int
    passages: int
    """As the ledger has them."""
    orphans: int
    """Points of no live document, deleted now."""
    lost: tuple[SourceRow, ...]
    """Documents whose points are not all there."""


@dataclass(frozen=True, slots=True)
class Verification:
    findings: Findings
    mended: int = 0
    """Lost documents that were read again, or are gone where they came from."""
    unmended: tuple[Failure, ...] = ()

    @property
    def was_in_step(self) -> bool:
        return not (self.findings.orphans or self.findings.lost)


def compare(ledger: Ledger, index: PassageIndex, progress: Callable[[Progress], None]) -> Findings:
    """Deletes the orphans. The caller holds the ledger's writer, so that nothing is half-way.

    Raises StoreError, also `store.remains` where what was deleted is still counted.
    """
    rows = ledger.all()
    stored = _stored(index, progress)
    alive = {row.version for row in rows}
    orphans = {version: points for version, points in stored.items() if version not in alive}
    if not clear(ledger, index, sorted(orphans.keys() | ledger.rubbish())):
        raise StoreError("store.remains")
    return Findings(
        documents=len(rows),
        passages=sum(row.passages for row in rows),
        orphans=sum(orphans.values()),
        lost=tuple(row for row in rows if stored[row.version] != row.passages),
    )


def _stored(index: PassageIndex, progress: Callable[[Progress], None]) -> Counter[int]:
    """Version → points."""
    total, after = index.count(), None
    stored: Counter[int] = Counter()
    while True:
        hits, after = index.scroll(after, PAGE)
        stored.update(hit.payload["version"] for hit in hits)
        progress(Progress(min(stored.total(), total), total, ""))
        if after is None:
            return stored


class Only(Source):
    """A source of which nothing but the named documents is taken."""

    def __init__(self, source: Source, names: frozenset[str]) -> None:
        self._source = source
        self._names = names

    def changes(self, known: Mapping[str, KnownFile]) -> Iterator[Change]:
        for change in self._source.changes(known):
            if not isinstance(change, Notice) and source_of(change) in self._names:
                yield change

    def count(self) -> int:
        return self._source.count()
