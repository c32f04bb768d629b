"""A client's side of a shared service: find it, or start it, and hold on to it."""

import errno
import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from knowledge.process.frames import (
    ALREADY_RUNNING,
    FAILURE_MARK,
    Address,
    Files,
    Hangup,
    receive,
    send,
)
from knowledge.process.link import Link, Service

_ROOT: Final = Path(__file__).resolve().parents[2]
_GREETING_S = 20.0  # a service deep in a native call answers late
_FOREIGN_PATIENCE_S = 2.0
_POLL_S = 0.03


def connect(service: Service, data_dir: Path) -> Link:
    """A link to the living service, started first where there is none.

    Blocks until the service answers; raises `service.error`, see there.
    """
    files = Files(data_dir.absolute(), service.name)
    try:
        files.data_dir.mkdir(parents=True, exist_ok=True)
        return _Search(service, files).run()
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        code = "disk.full" if full else f"{service.name}.unwritable"
        detail = error.strerror or str(error)
        raise service.error(code, path=str(data_dir), detail=detail) from error


def last_words(service: Service, data_dir: Path) -> str:
    """The last line of the service's log, for the one who lost it; may be empty."""
    lines = Files(data_dir.absolute(), service.name).log_tail(0)
    return lines[-1] if lines else ""


class _Search:
    """The attempts of one `connect` until one succeeds."""

    def __init__(self, service: Service, files: Files) -> None:
        self._service, self._files = service, files
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._begun = time.monotonic()

    def run(self) -> Link:
        try:
            while True:
                if self._files.lock_is_free():
                    self._start()
                elif link := self._greet():
                    return link
                self._check_child()
                self._check_patience()
                time.sleep(_POLL_S)
        finally:
            self._let_go()

    def _start(self) -> None:
        if self._child is not None:
            return
        service = self._service
        command = [sys.executable, "-X", "utf8", "-m", service.module]
        command += ["--data-dir", str(self._files.data_dir), "--linger", str(service.linger)]
        with self._files.log.open("ab") as log:
            self._log_start = log.tell()
            self._child = subprocess.Popen(
                [*command, *(("--", *service.args) if service.args else ())],
                cwd=_ROOT,  # `-m` finds our packages here, wherever the program was started
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # the terminal's Ctrl-C is not meant for it
            )

    def _greet(self) -> Link | None:
        address = self._files.read_address()
        if address is None:
            return None
        try:
            return self._handshake(address)
        except (Hangup, OSError):
            return None

    def _handshake(self, address: Address) -> Link | None:
        with ExitStack() as stack:
            sock = socket.create_connection(("127.0.0.1", address.port), timeout=_GREETING_S)
            stack.enter_context(sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            send(sock, {"token": address.token, "version": self._service.version})
            answer = receive(sock)
            if answer.get("error") == "version":
                running = str(answer.get("version"))
                raise self._failure("version", running=running, wanted=self._service.version)
            if "error" in answer:  # it is closing, or not the one that wrote the address
                return None
            stack.pop_all()
            return Link(sock, answer["extra"])

    def _let_go(self) -> None:
        # Someone must collect the child's exit status when it ends before this program.
        if self._child is not None and self._child.poll() is None:
            threading.Thread(target=self._child.wait, daemon=True).start()

    def _check_child(self) -> None:
        status = self._child.poll() if self._child is not None else None
        if status is None:
            return
        if status not in (0, ALREADY_RUNNING):
            raise self._post_mortem(status)
        self._child = None  # another's child won the race, or ours came and went

    def _post_mortem(self, status: int) -> Exception:
        lines = self._files.log_tail(self._log_start)
        for line in reversed(lines):
            if line.startswith(FAILURE_MARK):
                with suppress(ValueError):
                    told = json.loads(line.removeprefix(FAILURE_MARK))
                    return self._service.error(told["code"], **told["detail"])
        last = lines[-1] if lines else f"exit status {status}"
        return self._failure("start_failed", detail=last, log=str(self._files.log))

    def _check_patience(self) -> None:
        waited = time.monotonic() - self._begun
        host, pid = self._files.lock_holder()
        foreign = host not in ("", socket.gethostname()) and not self._files.lock_is_free()
        if waited > self._service.start_timeout or (foreign and waited > _FOREIGN_PATIENCE_S):
            self._give_up(host, pid)

    def _give_up(self, host: str, pid: str) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            seconds = f"{self._service.start_timeout:g}"
            raise self._failure("start_timeout", seconds=seconds, log=str(self._files.log))
        raise self._failure("locked", path=str(self._files.lock), host=host, pid=pid)

    def _failure(self, code: str, **detail: str) -> Exception:
        return self._service.error(f"{self._service.name}.{code}", **detail)
