"""The child's side of a shared service: leases, requests in order, and a quiet end."""

import argparse
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any, Protocol

from knowledge.errors import KnowledgeError
from knowledge.process.frames import (
    ALREADY_RUNNING,
    FAILURE_MARK,
    GREETING_LIMIT,
    Address,
    Files,
    Hangup,
    receive,
    send,
)
from knowledge.process.house import House, Task

_LOCK_PATIENCE_S = 1.0  # a client that probes the lock holds it for an instant
_GREETING_S = 5.0
_LOG_LIMIT = 1024 * 1024


class Worker(Protocol):
    """What a service does; every method is called on the child's main thread."""

    def start(self) -> Mapping[str, Any]:
        """Get ready, and return what every client is told as `Link.extra`."""
        ...

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one request; a `KnowledgeError` travels to the client as itself."""
        ...

    def tick(self) -> bool:
        """Do a bounded piece of work while nobody waits; whether to be called again at once.

        Otherwise it is called again after the next request, or after half a second.
        """
        ...

    def stop(self) -> None:
        """Make everything durable and let go of it."""
        ...


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse what `connect` passes to a child: ``data_dir``, ``linger`` (seconds), ``rest``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--linger", type=float, required=True)
    parser.add_argument("rest", nargs="*")
    return parser.parse_args(argv)


def serve(worker: Worker, *, name: str, version: str, data_dir: Path, linger: float) -> int:
    """Run the service until nobody has used it for `linger` seconds; the exit status."""
    files = Files(data_dir, name)
    lock = _take_lock(files)
    if lock is None:
        return ALREADY_RUNNING
    try:
        files.sign_lock(lock)
        files.address.unlink(missing_ok=True)  # of one that was killed
        house = House(version, worker.start(), linger)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            _open_doors(house, listener, files, version)
            _work(worker, house)
        files.address.unlink(missing_ok=True)
        worker.stop()
    except KnowledgeError as error:
        _confess(error)
        return 1
    finally:
        os.close(lock)
    return 0


def _take_lock(files: Files) -> int | None:
    deadline = time.monotonic() + _LOCK_PATIENCE_S
    while (lock := files.take_lock()) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return lock


def _confess(error: KnowledgeError) -> None:
    line = json.dumps({"code": error.code, "detail": error.detail}, ensure_ascii=False)
    print(FAILURE_MARK + line, file=sys.stderr, flush=True)


def _open_doors(house: House, listener: socket.socket, files: Files, version: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: house.close())
    threading.Thread(target=_receive_guests, args=(house, listener), daemon=True).start()
    port = listener.getsockname()[1]
    files.write_address(Address(port, house.token, os.getpid(), version))


def _receive_guests(house: House, listener: socket.socket) -> None:
    with suppress(OSError):  # the listener was closed: the service ends
        while True:
            guest, _ = listener.accept()
            threading.Thread(target=_attend, args=(house, guest), daemon=True).start()


def _attend(house: House, guest: socket.socket) -> None:
    """One connection: greeting, then request and reply in turn until it hangs up."""
    with guest, suppress(Hangup, OSError):
        guest.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        guest.settimeout(_GREETING_S)
        answer = house.admit(receive(guest, GREETING_LIMIT))
        try:
            send(guest, answer)
            guest.settimeout(None)
            while "error" not in answer:
                house.tasks.put(task := Task(receive(guest)))
                send(guest, task.reply.get())
        finally:
            if "error" not in answer:
                house.leave()


def _work(worker: Worker, house: House) -> None:
    """Do what is asked in order, and the worker's own chores while nobody asks."""
    more, pause = True, 0.0
    while not house.is_over():
        try:
            task = house.tasks.get(timeout=pause) if pause else house.tasks.get_nowait()
        except Empty:
            more = worker.tick()
            _trim_log()
        else:
            if task is not None:
                task.reply.put(_answer(worker, task.request))
                more = True
        pause = 0.0 if more else 0.5


def _answer(worker: Worker, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return worker.handle(request)
    except KnowledgeError as error:
        return {"error": error.code, "detail": error.detail}


def _trim_log() -> None:
    # stdout and stderr append to one file; cutting it here keeps a chatty library bounded.
    with suppress(OSError):
        if os.fstat(2).st_size > _LOG_LIMIT:
            os.ftruncate(2, 0)
