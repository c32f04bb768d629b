"""Tells when something under some paths has changed."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

from watchfiles import watch

from knowledge.sources.walk import is_passed_over

_QUIET_MS = 400
"""Nothing may have changed for so long, for somebody may still be copying."""
_BUSY_MS = 5_000
"""…but after so long of never being quiet it is told all the same."""
_LOOK_MS = 500
_RESCAN_S = 600.0
"""Network drives tell nothing of what other machines do, so all is looked at so often anyway."""
_RETRY_S = 3.0
"""Until a path that is not there is looked for again."""


def rounds(paths: Sequence[Path], without: Path, stop: Event) -> Iterator[None]:
    """One at the start and one after each change below the paths, until `stop` is set.

    What changes while the caller is busy with one round gives another round at once.
    `without` is our own folder, in which every round writes.
    """
    own = str(without.resolve())

    def matters(_change: object, path: str) -> bool:
        if path == own or path.startswith(f"{own}/"):
            return False
        return not any(is_passed_over(part) for part in _below(path, paths))

    told: object = None
    polling = False
    while not stop.is_set():
        begun, there = time.monotonic(), _identities(paths)
        try:
            for changes in watch(
                *paths, watch_filter=matters, debounce=_BUSY_MS, step=_QUIET_MS, stop_event=stop,
                rust_timeout=_LOOK_MS, yield_on_timeout=True, ignore_permission_denied=True,
                force_polling=polling or None,
            ):  # fmt: skip
                if told != there or changes:  # the first comes once the paths are being watched
                    told = there
                    yield
                late = time.monotonic() - begun > _RESCAN_S
                if late or _identities(paths) != there:
                    told = None
                    break
        except OSError:  # a path is not there, or the system has no more watches to give
            polling = all(there)
            if told != there:
                told = there
                yield
            stop.wait(_RETRY_S)


def _identities(paths: Sequence[Path]) -> list[tuple[int, int] | None]:
    """Which folder is behind each path: one that was moved away is watched under its new name."""
    return [_identity(path) for path in paths]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return (state.st_dev, state.st_ino)


def _below(path: str, roots: Sequence[Path]) -> tuple[str, ...]:
    """The parts of a path under the root that it is in: the folders above may have any name."""
    for root in roots:
        place = str(root.absolute())
        if path.startswith(f"{place}/"):
            return Path(path[len(place) + 1 :]).parts
    return ()
