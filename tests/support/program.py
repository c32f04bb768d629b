"""The installed program as its users meet it: a command, or a server, in a folder of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "adapters.cli.main")
PATIENCE_S = 120.0
"""For machines that are busy with something else."""


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The only line of stdout, which `--json` promises."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def sentence(self) -> str:
        """The one line on stderr that explains a failure."""
        (line,) = self.err.splitlines()
        return line


@dataclass(frozen=True, slots=True)
class Home:
    """A folder in which commands run; words only and no model, unless settings say otherwise."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    """Put before the command, such as `setpriv`."""

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        plain = {"EMBEDDING_ENGINE": "none", "DATA_DIR": "data", "PYTHONPATH": str(ROOT)}
        if "LLM_BASE_URL" not in {**self.settings, **more}:
            plain["LLM_ENGINE"] = "none"
        return {**kept, "HOME": str(self.folder), **plain, **self.settings, **more}

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.prefix, *COMMAND, *arguments], cwd=self.folder, env=self.environment(**more), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def __call__(self, *arguments: str, **more: str) -> Done:
        with self.start(*arguments, **more) as process:
            return finish(process)

    def batch(self, *rows: dict[str, Any] | str) -> str:
        """A file of such lines; its path."""
        path = self.folder / f"{time.monotonic_ns()}.jsonl"
        lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return str(path)


def finish(process: subprocess.Popen[str]) -> Done:
    try:
        out, err = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Done(process.returncode, out, err)


@dataclass(slots=True)
class Running:
    """`secretary run` and a client for it."""

    process: subprocess.Popen[str]
    client: httpx.Client
    started: float

    def status(self, path: str) -> int | None:
        """None while nobody listens."""
        try:
            return self.client.get(path).status_code
        except httpx.TransportError:
            return None

    def ask(self, question: str) -> dict[str, Any]:
        body = {"model": "secretary", "messages": [{"role": "user", "content": question}]}
        reply = self.client.post("/v1/chat/completions", json=body)
        told: dict[str, Any] = reply.json()["secretary"]
        return told | {"text": reply.json()["choices"][0]["message"]["content"]}

    def stop(self) -> Done:
        self.process.send_signal(signal.SIGTERM)
        return finish(self.process)


@contextmanager
def running(home: Home, *, wait: bool = True, **more: str) -> Iterator[Running]:
    """`secretary run` on a free port; until `/readyz` says yes, unless told not to wait."""
    port = free_port()
    process = home.start("run", HTTP_PORT=str(port), **more)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
        run = Running(process, client, time.monotonic())
        try:
            if wait:
                until(lambda: run.status("/readyz") == 200, alive=process)
            yield run
        finally:
            if process.poll() is None:
                process.terminate()
                finish(process)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def until(
    condition: Callable[[], bool],
    seconds: float = PATIENCE_S,
    alive: subprocess.Popen[str] | None = None,
) -> None:
    """Waits; fails with what the process said when it ended, or when it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        if alive is not None and alive.poll() is not None:
            raise AssertionError(f"ended with {alive.returncode}: {finish(alive).err}")
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def store_pid(data_dir: Path) -> int | None:
    """The store process of a data folder; None where none has said that it is there."""
    try:
        return int(json.loads((data_dir / "store.json").read_text())["pid"])
    except (FileNotFoundError, ValueError):
        return None


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
