"""Files and folders on this machine as a source of documents."""

import hashlib
import os
import stat
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from knowledge.errors import DocumentError
from knowledge.parsing import PARSER_VERSION, Limits, Parsed, Part, parts
from knowledge.parsing.crew import Crew
from knowledge.parsing.readers import Readers
from knowledge.parsing.sniff import too_large
from knowledge.parsing.tools import ocr_installed
from knowledge.passages import PUBLIC, Document, Failure
from knowledge.sources.base import Change, Found, KnownFile, Removed, Skipped, Unchanged
from knowledge.sources.past import Past
from knowledge.sources.walk import GONE, Entry, label, name_of, walk

_SETTLED_NS = 2_000_000_000
"""A file younger than this may change again within one tick of its file system's clock,
so its stamp is not trusted: the next run compares the content."""
_MOST_BYTES = 64 * 1024 * 1024
"""Of files in the readers' hands at once."""
_PARTIAL = ":partial"
"""Ends the hash of a document that wants text recognition where there was none."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A file, or a part of one, that is to be parsed."""

    source: str
    data: bytes
    stamp: str
    content_hash: str


class FileSource:
    """One file, or a folder with all that is below it.

    `source` of a document is its path below the folder with `/`, or the name of the single
    file; what lies in an archive or is attached to a mail is named `archive.zip/inner/path`.
    """

    def __init__(
        self,
        root: Path,
        audience: str = PUBLIC,
        max_bytes: int = Limits().file,
        without: Collection[Path] = (),
        readers: Readers | None = None,
    ) -> None:
        """`without` is passed over: our own data may lie within the root. Where no
        `readers` are given, each run over the files has a crew of its own."""
        self._root = root
        self._audience = audience
        self._limits = Limits(file=max_bytes)
        self._without = without
        self._readers = readers

    def changes(self, known: Mapping[str, KnownFile]) -> Iterator[Change]:
        """See `Source`; in no order but that `Removed` comes last. A single file reports nothing
        removed but its own parts: it says nothing of other files.

        Raises:
            DocumentError: `path.missing`, `path.unreadable`, before the first change is given.
        """
        entries = self._entries()
        return self._changes(entries, Past(known, self._audience))

    def count(self) -> int:
        """Raises DocumentError `path.missing`, `path.unreadable`."""
        return sum(isinstance(entry, Entry) for entry in self._entries())

    def _entries(self) -> Iterator[Entry | Skipped | Failure]:
        name = name_of(self._root.name)
        try:
            mode = self._root.stat().st_mode
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DocumentError("path.missing", source=name_of(str(self._root))) from error
        except OSError as error:
            raise DocumentError("path.unreadable", source=name_of(str(self._root))) from error
        if stat.S_ISDIR(mode):
            return walk(self._root, self._without)
        if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
            return iter([Failure(name, "file.not_regular", {"source": name})])
        return iter([Entry(str(self._root), name)])

    def _changes(
        self, entries: Iterator[Entry | Skipped | Failure], past: Past
    ) -> Iterator[Change]:
        seen: set[str] = set()
        unseen: list[str] = []
        for change in self._parsed(self._looked_at(entries, past, seen)):
            if isinstance(change, Failure):
                # What is in it may still be there; a folder's name ends with the slash already.
                unseen.append(change.source.rstrip("/") + "/")
                if change.code in GONE:
                    seen.discard(change.source)
            yield change
        if label(self._root) in unseen:
            return
        own = "" if self._root.is_dir() else f"{name_of(self._root.name)}/"
        for source in sorted(past.known.keys() - seen):
            if source.startswith(own) and not source.startswith(tuple(unseen)):
                yield Removed(source)

    def _looked_at(
        self, entries: Iterator[Entry | Skipped | Failure], past: Past, seen: set[str]
    ) -> Iterator[Change | _Job]:
        """Everything under the root, told at once or to be parsed first; `seen` gets its names."""
        for entry in entries:
            for step in self._steps(entry, past) if isinstance(entry, Entry) else [entry]:
                source = step.document.source if isinstance(step, Found) else step.source
                if isinstance(step, Skipped):
                    yield step
                elif source in seen:
                    yield Skipped(source, "file.same_name")
                else:
                    seen.add(source)
                    yield step

    def _steps(self, entry: Entry, past: Past) -> Iterator[Change | _Job]:
        try:
            unchanged = past.untouched(entry.source, self._stamp(entry))
            if unchanged:
                yield from unchanged
                return
            data, stamp = self._read(entry)
            inside = parts(data, entry.source, self._limits)
        except DocumentError as error:
            yield Failure(entry.source, error.code, error.detail)
        except FileNotFoundError:
            yield Failure(entry.source, "file.vanished", {"source": entry.source})
        except OSError:
            yield Failure(entry.source, "file.unreadable", {"source": entry.source})
        else:
            if inside is None:
                yield self._step(entry.source, data, stamp, past)
                return
            yield from self._inner_steps(inside, stamp, past)

    def _inner_steps(self, inside: list[Part], stamp: str, past: Past) -> Iterator[Change | _Job]:
        stamp = past.stamp(stamp, sum(part.wanted for part in inside))
        for part in inside:
            if not part.wanted:
                yield Skipped(part.name, "file.unsupported")
                continue
            try:
                yield self._step(part.name, part.read(), stamp, past)
            except DocumentError as error:
                yield Failure(part.name, error.code, error.detail)

    def _step(self, source: str, data: bytes, stamp: str, past: Past) -> Unchanged | _Job:
        content_hash = f"{PARSER_VERSION}:{hashlib.sha256(data).hexdigest()}"
        if past.holds(source, content_hash):
            return Unchanged(source, stamp)
        if past.holds(source, content_hash + _PARTIAL) and not ocr_installed():
            return Unchanged(source, "")
        return _Job(source, data, stamp, content_hash)

    def _parsed(self, steps: Iterator[Change | _Job]) -> Iterator[Change]:
        with nullcontext(self._readers) if self._readers else Crew() as readers:
            yield from self._read_by(readers, steps)

    def _read_by(self, readers: Readers, steps: Iterator[Change | _Job]) -> Iterator[Change]:
        """Hands on jobs, as many as there is room for, and gives what comes back."""
        flying: dict[Future[Parsed], _Job] = {}
        for step in steps:
            if not isinstance(step, _Job):
                yield step
                continue
            flying[readers.submit(step.data, step.source, self._limits)] = step
            while (
                len(flying) > readers.room
                or sum(len(job.data) for job in flying.values()) > _MOST_BYTES
            ):
                yield from self._landed(flying)
        while flying:
            yield from self._landed(flying)

    def _landed(self, flying: dict[Future[Parsed], _Job]) -> Iterator[Change]:
        done, _ = wait(flying, return_when=FIRST_COMPLETED)
        for future in done:
            yield from self._result(future, flying.pop(future))

    def _result(self, future: Future[Parsed], job: _Job) -> Iterator[Change]:
        try:
            parsed = future.result()
        except DocumentError as error:
            yield Failure(job.source, error.code, error.detail)
            return
        partly = bool(parsed.lacking)
        content_hash = job.content_hash + (_PARTIAL if partly else "")
        yield Found(
            Document(job.source, parsed.title, parsed.blocks, content_hash, self._audience),
            "" if partly else job.stamp,
        )
        yield from parsed.lacking

    def _read(self, entry: Entry) -> tuple[bytes, str]:
        """Content and stamp that belong together; a file that is being written is read once more."""
        data = b""
        for _ in range(2):
            before = self._stamp(entry)
            with open(entry.path, "rb", opener=_without_waiting) as file:
                self._check(os.fstat(file.fileno()), entry)
                data = file.read(self._limits.file + 1)
            if len(data) > self._limits.file:
                raise too_large(entry.source, self._limits.file)
            if self._stamp(entry) == before:
                return data, before if self._settled(entry) else ""
        return data, ""

    def _check(self, state: os.stat_result, entry: Entry) -> None:
        """Before a byte is read: a pipe has no end, and a huge file need not be read to be refused."""
        if not stat.S_ISREG(state.st_mode):
            raise DocumentError("file.not_regular", source=entry.source)
        if state.st_size > self._limits.file:
            raise too_large(entry.source, self._limits.file)

    def _stamp(self, entry: Entry) -> str:
        state = os.stat(entry.path)
        # ctime tells of a file replaced by one of the same size and date.
        return f"{PARSER_VERSION}:{state.st_size}:{state.st_mtime_ns}:{state.st_ctime_ns}"

    def _settled(self, entry: Entry) -> bool:
        return time.time_ns() - os.stat(entry.path).st_mtime_ns > _SETTLED_NS


def _without_waiting(path: str, flags: int) -> int:
    """Opening a pipe that took a file's place would wait for ever."""
    return os.open(path, flags | os.O_NONBLOCK)
