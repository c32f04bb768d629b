"""Files within a file: members of a zip, attachments of a mail. Each becomes a source of its own."""

import io
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from knowledge.errors import DocumentError
from knowledge.parsing import mail, outlook
from knowledge.parsing.guard import damage
from knowledge.parsing.model import Limits, Source
from knowledge.parsing.registry import SUFFIXES, kind_of
from knowledge.parsing.sniff import kind, too_large
from knowledge.parsing.text import clean, decode

_DEEPEST = 3
"""Containers within containers; a zip that holds itself goes on for ever."""
_MOST_ENTRIES = 20_000
_CLUTTER = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
_UTF8_NAME = 0x800


@dataclass(frozen=True, slots=True)
class Part:
    """Something inside a container, or the container's own text."""

    name: str
    """The container's name and the path below it: `archive.zip/inner/path`."""
    read: Callable[[], bytes]
    """Raises DocumentError: the reason why it cannot be taken out."""
    wanted: bool = True
    """False for what is of no format that can be read."""


def parts(data: bytes, name: str, limits: Limits | None = None) -> list[Part] | None:
    """What a container holds; None for a file that is none, or that cannot be opened at all.

    A mail is its own first part.

    Raises:
        DocumentError: `file.damaged`, `file.too_large` for the container as a whole.
    """
    return _Unpacking(limits or Limits()).parts(data, name, 0)


class _Unpacking:
    """One container with all that is inside it; counts what is taken out of it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.unpacked

    def parts(self, data: bytes, name: str, depth: int) -> list[Part] | None:
        source = Source(data, name, self._limits)
        match _kind(source):
            case "zip":
                return self._opened(self._zip(source), depth)
            case "eml":
                inside: Iterator[tuple[str, bytes | None]] = mail.attachments(source)
            case "msg":
                inside = outlook.attachments(source)
            case _:
                return None
        found = [
            Part(
                _below(name, title),
                partial(self._attached, content, _below(name, title)),
                _is_known(title),
            )
            for title, content in inside
        ]
        return [Part(name, lambda: data), *self._opened(found, depth)]

    def _opened(self, found: list[Part], depth: int) -> list[Part]:
        """The same with inner containers replaced by what is in them."""
        return [inner for part in found for inner in self._inner(part, depth + 1)]

    def _inner(self, part: Part, depth: int) -> list[Part]:
        if PurePosixPath(part.name).suffix.lower() not in (".zip", ".eml", ".msg", ".mht"):
            return [part]
        try:
            if depth >= _DEEPEST:
                raise DocumentError("file.nested", source=part.name)
            return self.parts(part.read(), part.name, depth) or [part]
        except DocumentError as error:
            return [Part(part.name, partial(_refuse, error))]

    def _attached(self, content: bytes | None, name: str) -> bytes:
        if content is None:
            raise DocumentError("file.unsupported", source=name)
        if len(content) > self._limits.file:
            raise too_large(name, self._limits.file)
        return content

    def _zip(self, source: Source) -> list[Part]:
        with damage(source.name):
            archive = zipfile.ZipFile(io.BytesIO(source.data))
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        claimed = sum(entry.file_size for entry in entries)
        if claimed > self._limits.unpacked or len(entries) > _MOST_ENTRIES:
            raise too_large(source.name, self._limits.unpacked)
        return [
            Part(name, partial(self._member, archive, entry, name, path), _is_known(path))
            for entry in entries
            for path in [_path(entry)]
            for name in [_below(source.name, path)]
            if not _is_clutter(path)
        ]

    def _member(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, path: str
    ) -> bytes:
        if _escapes(path):
            raise DocumentError("file.outside", source=name)
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise DocumentError("file.not_regular", source=name)
        if entry.flag_bits & 1:
            raise DocumentError("file.encrypted", source=name)
        room = min(self._limits.file, self._left)
        with damage(name), archive.open(entry) as file:
            data = file.read(room + 1)
        if len(data) > room:  # whatever its directory claims
            raise too_large(name, self._limits.file)
        self._left -= len(data)
        return data


def _kind(source: Source) -> str | None:
    with suppress(DocumentError):
        if len(source.data) <= source.limits.file:
            return kind(source, kind_of(source.name))
    return None


def _refuse(error: DocumentError) -> bytes:
    raise error


def _below(name: str, path: str) -> str:
    return f"{name}/{path}"


def _path(entry: zipfile.ZipInfo) -> str:
    r"""Its name; old programs write it in the system's encoding, and some with `\`."""
    name = entry.orig_filename
    if not entry.flag_bits & _UTF8_NAME:
        with suppress(UnicodeError, DocumentError):
            name = decode(name.encode("cp437"), name)
    return clean(name).replace("\\", "/")


def _escapes(path: str) -> bool:
    """Leads out of the archive, had somebody unpacked it."""
    return path.startswith("/") or ".." in path.split("/") or path[1:2] == ":"


def _is_clutter(path: str) -> bool:
    """Hidden files and other programs' leavings."""
    names = path.split("/")
    return any(
        (name.startswith((".", "~$")) and name != "..") or name in _CLUTTER for name in names
    )


def _is_known(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in SUFFIXES
