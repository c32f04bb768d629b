"""Files that an admin sends to the bot: kept aside, and taken into the knowledge once confirmed."""

import secrets
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bot.errors import BotError
from knowledge.ingest import IngestReport
from knowledge.ledger import OnWait, nobody_told
from knowledge.library import Library

_KEPT_S = 24 * 3600.0
"""How long a file waits for its confirmation."""
MAX_NAME = 120
"""Characters; a file system takes 255 bytes."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in a chat; `read` fetches it. Raises BotError `upload.unreadable`, `upload.large`."""

    name: str
    read: Callable[[], Awaitable[bytes]]


class Uploads:
    """A folder of its own in DATA_DIR; what is in `kept` is knowledge."""

    def __init__(self, folder: Path, library: Library) -> None:
        self._kept = folder / "kept"
        self._waiting = folder / "waiting"
        self._library = library

    def put_aside(self, files: list[tuple[str, bytes]]) -> str:
        """Gives the token under which they wait. Raises BotError `upload.disk`."""
        token = secrets.token_hex(8)
        folder = self._waiting / token
        try:
            self._drop_old()
            folder.mkdir(parents=True)
            for name, content in files:
                (folder / safe_name(name)).write_bytes(content)
        except OSError as error:
            raise BotError("upload.disk", problem=error.strerror or "") from error
        return token

    def take_in(
        self, token: str, on_wait: OnWait = nobody_told
    ) -> tuple[list[str], IngestReport] | None:
        """The names, and what came of them; None where nothing waits under this token (any more).

        Raises KnowledgeError, BotError `upload.disk`.
        """
        folder = self._waiting / Path(token).name
        if not token or not folder.is_dir():
            return None
        try:
            self._kept.mkdir(parents=True, exist_ok=True)
            names = sorted(path.name for path in folder.iterdir())
            for name in names:
                (folder / name).replace(self._kept / name)
            folder.rmdir()
        except OSError as error:
            raise BotError("upload.disk", problem=error.strerror or "") from error
        return names, self._library.ingest((self._kept,), on_wait=on_wait)

    def drop(self, token: str) -> bool:
        folder = self._waiting / Path(token).name
        if not token or not folder.is_dir():
            return False
        shutil.rmtree(folder, ignore_errors=True)
        return True

    def _drop_old(self) -> None:
        if not self._waiting.is_dir():
            return
        for folder in self._waiting.iterdir():
            if time.time() - folder.stat().st_mtime > _KEPT_S:
                shutil.rmtree(folder, ignore_errors=True)


def safe_name(name: str) -> str:
    """The last part of a path, without what a file system refuses; never empty or hidden."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(one for one in last if one.isprintable() and one not in '<>:"|?*').strip(" .")
    stem, dot, ending = plain.rpartition(".")
    short = f"{stem[: MAX_NAME - len(ending)]}.{ending}" if dot else plain[:MAX_NAME]
    return short if short.strip(".") else "file"
