"""The Hugging Face hub as an origin, and the cache that its own tools keep."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx

from bot.model.modelfile import ModelFile, Progress

_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
_ATTEMPTS: Final = 5
HUGGING_FACE: Final = "https://huggingface.co"


class Unreachable(Exception):
    """This origin cannot give the file now; the next one may. The text says why."""


class Hub:
    """Downloads by HTTPS and resumes a partial file."""

    name = "hub"
    extra_space = 0

    def __init__(
        self,
        transport: httpx.BaseTransport | None = None,
        pause: float = 1.0,
        endpoint: str = HUGGING_FACE,
    ) -> None:
        self._endpoint = endpoint
        self._transport = transport
        self._pause = pause

    def write(self, partial: Path, model: ModelFile, progress: Progress) -> None:
        """Make `partial` complete. Raises `Unreachable`, or `OSError` when the disk fails."""
        with httpx.Client(
            timeout=_TIMEOUT, follow_redirects=True, transport=self._transport
        ) as client:
            self._persist(client, partial, model, progress)

    def _persist(
        self, client: httpx.Client, partial: Path, model: ModelFile, progress: Progress
    ) -> None:
        for attempt in range(_ATTEMPTS):
            before = _size(partial)
            try:
                return self._resume(client, partial, model, progress)
            except httpx.HTTPError as error:
                # A line that breaks again and again without a byte is a line that is down.
                if attempt == _ATTEMPTS - 1 or _size(partial) == before:
                    raise Unreachable(str(error) or type(error).__name__) from error
                time.sleep(self._pause)
        return None

    def _resume(
        self, client: httpx.Client, partial: Path, model: ModelFile, progress: Progress
    ) -> None:
        done = _size(partial)
        if done >= model.size:
            return
        headers = {"Range": f"bytes={done}-"} if done else {}
        with client.stream("GET", model.url(self._endpoint), headers=headers) as reply:
            if reply.status_code not in (200, 206):
                raise Unreachable(f"HTTP {reply.status_code}")
            if reply.status_code == 200:  # the server does not resume: from the start
                done = 0
            with partial.open("r+b" if done else "wb") as file:
                file.seek(done)
                for block in self._blocks(reply, model.size - done):
                    file.write(block)
                    done += len(block)
                    progress(done, model.size, self.name)

    def _blocks(self, reply: httpx.Response, room: int) -> Iterator[bytes]:
        for block in reply.iter_bytes(1024 * 1024):
            room -= len(block)
            if room < 0:
                raise Unreachable("the file there is larger than the published one")
            yield block


def cached(model: ModelFile, cache: Path) -> Path | None:
    """The file in the cache of `huggingface_hub` (``<cache>/models--…/snapshots/…``), if whole."""
    snapshots = cache / f"models--{model.repo.replace('/', '--')}" / "snapshots"
    for path in sorted(snapshots.glob(f"*/{model.name}")):
        if path.is_file() and path.stat().st_size == model.size:
            return path.resolve()
    return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
