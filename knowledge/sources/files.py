"""Files and folders on this machine as a source of documents."""

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from knowledge.errors import DocumentError
from knowledge.parsing import PARSER_VERSION, Limits, parse
from knowledge.parsing.sniff import too_large
from knowledge.passages import PUBLIC, Document, Failure
from knowledge.sources.base import Change, Found, KnownFile, Removed, Skipped, Unchanged
from knowledge.sources.walk import Entry, label, name_of, walk

_SETTLED_NS = 2_000_000_000
"""A file younger than this may change again within one tick of its file system's clock,
so its stamp is not trusted: the next run compares the content."""


class FileSource:
    """One file, or a folder with all that is below it.

    `source` of a document is its path below the folder with `/`, or the name of the single file.
    """

    def __init__(self, root: Path, audience: str = PUBLIC, max_bytes: int = Limits().file) -> None:
        self._root = root
        self._audience = audience
        self._limits = Limits(file=max_bytes)

    def changes(self, known: Mapping[str, KnownFile]) -> Iterator[Change]:
        """See `Source`. A single file reports nothing removed: it says nothing of other files.

        Raises:
            DocumentError: `path.missing`, `path.unreadable`, before the first change is given.
        """
        entries = self._entries()
        return self._changes(entries, known)

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
            return walk(self._root)
        if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
            return iter([Failure(name, "file.not_regular", {"source": name})])
        return iter([Entry(str(self._root), name)])

    def _changes(
        self, entries: Iterator[Entry | Skipped | Failure], known: Mapping[str, KnownFile]
    ) -> Iterator[Change]:
        seen: set[str] = set()
        unseen: list[str] = []
        for entry in entries:
            if isinstance(entry, Entry):
                yield self._change(entry, known.get(entry.source), entry.source in seen)
                seen.add(entry.source)
                continue
            if isinstance(entry, Failure):
                seen.add(entry.source)
                unseen += [entry.source] if entry.code == "folder.unreadable" else []
            yield entry
        if not self._root.is_dir() or label(self._root) in unseen:
            return
        for source in sorted(known.keys() - seen):
            if not source.startswith(tuple(unseen)):
                yield Removed(source)

    def _change(self, entry: Entry, known: KnownFile | None, repeated: bool) -> Change:
        if repeated:
            return Skipped(entry.source, "file.same_name")
        try:
            if known and known.audience == self._audience and self._stamp(entry) == known.stamp:
                return Unchanged(entry.source, known.stamp)
            data, stamp = self._read(entry)
            content_hash = f"{PARSER_VERSION}:{hashlib.sha256(data).hexdigest()}"
            if known and (known.content_hash, known.audience) == (content_hash, self._audience):
                return Unchanged(entry.source, stamp)
            parsed = parse(data, entry.source, self._limits)
        except DocumentError as error:
            return Failure(entry.source, error.code, error.detail)
        except OSError:
            return Failure(entry.source, "file.unreadable", {"source": entry.source})
        document = Document(entry.source, parsed.title, parsed.blocks, content_hash, self._audience)
        return Found(document, stamp)

    def _read(self, entry: Entry) -> tuple[bytes, str]:
        """Content and stamp that belong together; a file that is being written is read once more."""
        data = b""
        for _ in range(2):
            before = self._stamp(entry)
            with open(entry.path, "rb") as file:
                data = file.read(self._limits.file + 1)
            if len(data) > self._limits.file:
                raise too_large(entry.source, self._limits.file)
            if self._stamp(entry) == before:
                return data, before if self._settled(entry) else ""
        return data, ""

    def _stamp(self, entry: Entry) -> str:
        state = os.stat(entry.path)
        # ctime tells of a file replaced by one of the same size and date.
        return f"{PARSER_VERSION}:{state.st_size}:{state.st_mtime_ns}:{state.st_ctime_ns}"

    def _settled(self, entry: Entry) -> bool:
        return time.time_ns() - os.stat(entry.path).st_mtime_ns > _SETTLED_NS
