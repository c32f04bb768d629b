"""The tar file of a backup, plain or gzipped as its name says."""

import errno
import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final

from bot.backup.manifest import FORMAT, Manifest, Member, unpack
from bot.errors import BotError
from knowledge.errors import StoreError

MANIFEST: Final = "manifest.json"
_CHUNK: Final = 1 << 20
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class Writer:
    """Takes members one after the other; each is on disk once more while it is taken."""

    def __init__(self, tar: tarfile.TarFile, folder: Path) -> None:
        self._tar = tar
        self._folder = folder
        self.members: dict[str, Member] = {}

    def add(self, name: str, fill: Callable[[IO[bytes]], int]) -> int:
        """What `fill` writes becomes a member; gives what it gives."""
        with tempfile.TemporaryFile(dir=self._folder) as file:
            result = fill(file)
            size = file.tell()
            file.seek(0)
            self.members[name] = Member(hashlib.file_digest(file, "sha256").hexdigest(), size)
            file.seek(0)
            self._put(name, size, file)
        return result

    def add_file(self, name: str, path: Path) -> None:
        def copy(file: IO[bytes]) -> int:
            with path.open("rb") as source:
                shutil.copyfileobj(source, file, _CHUNK)
            return 1

        self.add(name, copy)

    def finish(self, manifest: Manifest) -> None:
        """The manifest is the last member: a file that was cut off has none."""
        with tempfile.TemporaryFile(dir=self._folder) as file:
            file.write(packed := manifest.pack())
            file.seek(0)
            self._put(MANIFEST, len(packed), file)

    def _put(self, name: str, size: int, file: IO[bytes]) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._tar.addfile(info, file)


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A backup at `path` once the block ended well, nothing otherwise; for its owner's eyes only.

    Raises StoreError `disk.full`, BotError `cli.write_failed`.
    """
    with writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        part = Path(name)
        try:
            with (
                os.fdopen(handle, "wb") as raw,
                tarfile.open(fileobj=raw, mode="w:gz" if _is_gzip(path) else "w") as tar,
            ):
                yield Writer(tar, path.parent)
            with part.open("rb") as written:
                os.fsync(written.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _is_gzip(path: Path) -> bool:
    return path.suffix in (".gz", ".tgz")


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Raises StoreError `disk.full`, BotError `cli.write_failed`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreError("disk.full", path=str(path.parent)) from error
        problem = error.strerror or type(error).__name__
        raise BotError("cli.write_failed", path=str(path), problem=problem) from error


def unpacked(path: Path, folder: Path) -> Manifest:
    """Every member as a file below `folder`, each proved by its sum.

    Raises BotError `backup.unreadable`, `backup.cut`, `backup.changed`, `backup.format`,
    `cli.write_failed`, StoreError `disk.full`.
    """
    if not path.is_file():
        raise BotError("backup.missing", path=str(path))
    try:
        with tarfile.open(path, "r:*") as tar:
            found = {name: _extract(tar, entry, folder) for name, entry in _entries(path, tar)}
    except (tarfile.TarError, EOFError, zlib.error, PermissionError) as error:
        raise BotError("backup.unreadable", path=str(path), problem=str(error)[:200]) from error
    manifest = _manifest(path, folder, found)
    for name, member in manifest.members.items():
        if found.get(name) != member:
            raise BotError("backup.changed", path=str(path), member=name)
    if extra := found.keys() - manifest.members.keys() - {MANIFEST}:
        raise BotError("backup.changed", path=str(path), member=min(extra))
    return manifest


def _entries(path: Path, tar: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    for entry in tar:
        parts = PurePosixPath(entry.name).parts
        if not entry.isreg() or not parts or parts[0] == "/" or ".." in parts:
            raise BotError("backup.changed", path=str(path), member=entry.name)
        yield entry.name, entry


def _extract(tar: tarfile.TarFile, entry: tarfile.TarInfo, folder: Path) -> Member:
    target = folder / entry.name
    source = tar.extractfile(entry)
    assert source is not None  # a regular file
    sums, size = hashlib.sha256(), 0
    with writable(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        file = target.open("wb")
    with file, source:
        while chunk := source.read(_CHUNK):
            with writable(target):
                file.write(chunk)
            sums.update(chunk)
            size += len(chunk)
    return Member(sums.hexdigest(), size)


def _manifest(path: Path, folder: Path, found: dict[str, Member]) -> Manifest:
    if MANIFEST not in found:
        raise BotError("backup.cut", path=str(path))
    try:
        manifest = unpack((folder / MANIFEST).read_bytes())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BotError("backup.changed", path=str(path), member=MANIFEST) from error
    if manifest.format != FORMAT:
        raise BotError("backup.format", path=str(path), program=manifest.program)
    return manifest
