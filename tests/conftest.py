"""What holds for every test: no network beyond this machine, and nobody's settings but its own."""

import ipaddress
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.settings import Settings

_OURS = frozenset(name.upper() for name in Settings.model_fields)
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "FTP_PROXY"})
_RESERVED = (".invalid", ".test", ".localhost")
"""Names that by RFC 2606 and 6761 never reach anybody."""


@pytest.fixture(autouse=True)
def _own_world(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting, `.env`, key, proxy or home of whoever runs the tests has a say in them."""
    for name in list(os.environ):
        if name.upper() in _OURS | _PROXIES or name.startswith(("OPENAI_", "LANGCHAIN_")):
            monkeypatch.delenv(name)
    world = tmp_path_factory.mktemp("world")
    monkeypatch.setenv("DATA_DIR", str(world / "data"))
    monkeypatch.setenv("HOME", str(world))
    monkeypatch.chdir(world)


@pytest.fixture(autouse=True)
def _log_level() -> Iterator[None]:
    """Commands set it when they run inside the tests' own process."""
    before = logging.getLogger().level
    yield
    logging.getLogger().setLevel(before)


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that calls out fails, even where the code under test would swallow the refusal."""
    refused: list[str] = []
    guard = _Guard(refused)
    monkeypatch.setattr(socket.socket, "connect", guard.wrap(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guard.wrap(socket.socket.connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", guard.wrap_lookup(socket.getaddrinfo))
    yield
    if refused:
        pytest.fail(f"tried to reach {', '.join(refused)}: tests stay on this machine")


class _Guard:
    def __init__(self, refused: list[str]) -> None:
        self._refused = refused

    def wrap(self, connect: Any) -> Any:
        def guarded(sock: socket.socket, address: Any) -> Any:
            if sock.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
                self._refused.append(str(address[0]))
                raise OSError("the tests have no network")
            return connect(sock, address)

        return guarded

    def wrap_lookup(self, lookup: Any) -> Any:
        def guarded(host: Any, *args: Any, **options: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else host
            if not _is_here(name):
                if not name.endswith(_RESERVED):
                    self._refused.append(name)
                raise socket.gaierror(socket.EAI_NONAME, "the tests look up no names")
            return lookup(host, *args, **options)

        return guarded


def _is_here(host: str | None) -> bool:
    if host in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for documents."""
    made = tmp_path / "docs"
    made.mkdir()
    return made
