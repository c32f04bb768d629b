"""Walks a folder in a stable order and says what each entry is, reading no file."""

import os
import stat
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from knowledge.parsing import SUFFIXES
from knowledge.passages import Failure
from knowledge.sources.base import Skipped

GONE = frozenset({"file.broken_link", "file.not_regular", "file.outside", "file.vanished"})
"""Why there is no document under a name any more: what is known under it goes."""
_IGNORED = frozenset({"__pycache__", "node_modules", "__MACOSX", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A file to read."""

    path: str
    source: str


def name_of(path: str) -> str:
    """A name as text: one form of accents, and bytes that are no text written as `\\xNN`."""
    text = os.fsencode(path).decode("utf-8", errors="backslashreplace")
    return unicodedata.normalize("NFC", text)


def walk(root: Path, without: Collection[Path] = ()) -> Iterator[Entry | Skipped | Failure]:
    """Files below a folder, sorted by name; hidden ones and temporary ones are passed over.

    Links are followed, but neither out of the folder (a `Failure`, `file.outside`) nor into
    one that is being walked. A folder that cannot be listed is a `Failure` (`folder.unreadable`) whose source is its path
    with a slash at the end. The folders and files `without` are passed over.
    """
    passed_over = frozenset(identity for path in without for identity in _identity(path))
    yield from _Walk(os.path.realpath(root), passed_over).folder(str(root), "", frozenset())


def _identity(path: Path) -> Iterator[tuple[int, int]]:
    """What makes a folder or file the same under every name; nothing for what is not there."""
    with suppress(OSError):
        state = os.stat(path)
        yield state.st_dev, state.st_ino


def label(root: Path) -> str:
    """What the folder as a whole is called in a `Failure`."""
    return name_of(str(root)).rstrip("/") + "/"


class _Walk:
    def __init__(self, inside: str, passed_over: frozenset[tuple[int, int]]) -> None:
        self._inside = inside
        """The real path of the root, which nothing may lead out of."""
        self._passed_over = passed_over

    def folder(
        self, path: str, prefix: str, above: frozenset[tuple[int, int]]
    ) -> Iterator[Entry | Skipped | Failure]:
        try:
            state = os.stat(path)
            if (state.st_dev, state.st_ino) in above | self._passed_over:
                return
            with os.scandir(path) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            source = prefix or label(Path(path))
            yield Failure(source, "folder.unreadable", {"source": source})
            return
        within = above | {(state.st_dev, state.st_ino)}
        for entry in entries:
            if not is_passed_over(entry.name):
                yield from self._entry(entry, prefix + name_of(entry.name), within)

    def _entry(
        self, entry: os.DirEntry[str], source: str, above: frozenset[tuple[int, int]]
    ) -> Iterator[Entry | Skipped | Failure]:
        try:
            state = entry.stat()
        except FileNotFoundError:
            code = "file.broken_link" if entry.is_symlink() else "file.vanished"
            yield Failure(source, code, {"source": source})
            return
        except OSError:
            yield Failure(source, "file.unreadable", {"source": source})
            return
        if entry.is_symlink() and not self._is_inside(entry.path):
            yield Failure(source, "file.outside", {"source": source})
        elif stat.S_ISDIR(state.st_mode):
            yield from self.folder(entry.path, f"{source}/", above)
        elif not stat.S_ISREG(state.st_mode):  # opening a pipe would wait for ever
            yield Failure(source, "file.not_regular", {"source": source})
        elif (state.st_dev, state.st_ino) in self._passed_over:
            return
        elif PurePosixPath(source).suffix.lower() in SUFFIXES:
            yield Entry(entry.path, source)
        else:
            yield Skipped(source, "file.unsupported")

    def _is_inside(self, path: str) -> bool:
        return os.path.commonpath([os.path.realpath(path), self._inside]) == self._inside


def is_passed_over(name: str) -> bool:
    """Hidden files, other programs' folders, and the lock files that Office leaves beside open files."""
    return name.startswith((".", "~$")) or name in _IGNORED
