"""What both ends of a shared service agree on: frames, files, and the lock."""

import fcntl
import json
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack

FRAME_LIMIT = 64 * 1024 * 1024
"""Bytes; a batch of passages with their vectors is a few megabytes."""
GREETING_LIMIT = 4096
"""Bytes; all that a stranger may send before the token is proven."""
_LOG_TAIL = 8192
ALREADY_RUNNING = 75
"""Exit status of a child that found the lock taken (EX_TEMPFAIL)."""
FAILURE_MARK = "service failed: "
"""Begins the log line in which a child that cannot start leaves its error code."""


class Hangup(ConnectionError):
    """The peer closed the connection, or sent what is not a frame."""


def send(sock: socket.socket, message: dict[str, Any]) -> None:
    """Write one frame; raises `OSError` when the peer is gone."""
    body: bytes = msgpack.packb(message)
    if len(body) > FRAME_LIMIT:
        raise ValueError(f"frame of {len(body)} bytes is over the limit of {FRAME_LIMIT}")
    sock.sendall(len(body).to_bytes(4, "big") + body)


def receive(sock: socket.socket, limit: int = FRAME_LIMIT) -> dict[str, Any]:
    """Read one frame; raises `Hangup` at its end, `TimeoutError` by the socket's timeout."""
    size = int.from_bytes(_exactly(sock, 4), "big")
    if size > limit:
        raise Hangup(f"frame of {size} bytes is over the limit of {limit}")
    try:
        message = msgpack.unpackb(_exactly(sock, size))
    except (ValueError, msgpack.UnpackException) as error:
        raise Hangup("not a frame") from error
    if not isinstance(message, dict):
        raise Hangup("not a frame")
    return message


def _exactly(sock: socket.socket, size: int) -> bytearray:
    buffer = bytearray(size)
    view, got = memoryview(buffer), 0
    while got < size:
        count = sock.recv_into(view[got:])
        if not count:
            raise Hangup("connection closed")
        got += count
    return buffer


@dataclass(frozen=True, slots=True)
class Address:
    """Where a living service listens, and what proves that a client may use it."""

    port: int
    token: str
    pid: int
    version: str


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one service in one data directory."""

    data_dir: Path
    name: str

    @property
    def lock(self) -> Path:
        return self.data_dir / f"{self.name}.lock"

    @property
    def address(self) -> Path:
        return self.data_dir / f"{self.name}.json"

    @property
    def log(self) -> Path:
        return self.data_dir / f"{self.name}.log"

    def read_address(self) -> Address | None:
        """None where the file is missing or half a file."""
        try:
            return Address(**json.loads(self.address.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def write_address(self, address: Address) -> None:
        """Replace the file in one step, readable by its owner only."""
        temporary = self.address.with_suffix(f".{address.pid}.tmp")
        temporary.unlink(missing_ok=True)
        fields = {name: getattr(address, name) for name in Address.__slots__}
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(fields, file)
        temporary.replace(self.address)

    def log_tail(self, start: int) -> list[str]:
        """The last lines of the log that were written after byte `start`, blank ones left out."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(start, self.log.stat().st_size - _LOG_TAIL))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return []
        return [line.strip() for line in lines if line.strip()]

    def take_lock(self, kind: int = fcntl.LOCK_EX) -> int | None:
        """The descriptor that holds the lock until it is closed; None where it is taken.

        Raises `OSError` where the directory cannot be written.
        """
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def sign_lock(self, descriptor: int) -> None:
        """Write into the lock which host holds it, for the one who finds it taken."""
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{socket.gethostname()} {os.getpid()}".encode(), 0)

    def lock_holder(self) -> tuple[str, str]:
        """Host and process id that the holder wrote; empty strings where unknown."""
        with suppress(OSError, UnicodeDecodeError, ValueError):
            host, pid = self.lock.read_text("utf-8").split()
            return host, pid
        return "", ""

    def lock_is_free(self) -> bool:
        """Whether no service lives; an answer for this instant only."""
        descriptor = self.take_lock(fcntl.LOCK_SH)
        if descriptor is None:
            return False
        os.close(descriptor)
        return True
