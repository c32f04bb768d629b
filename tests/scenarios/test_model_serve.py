"""`secretary model serve`: which engine, started, restarted and ended; with a fake vLLM."""

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from bot.errors import ConfigError, ModelUnavailable
from bot.model.check import Wish
from bot.model.launching import Launch, Place, Tools, plan, plan_vectors
from bot.model.modelfile import EMBEDDED
from bot.model.supervising import Event, Patience, Supervisor, ensure_free
from tests.support import model_files
from tests.support.fake_vllm import fake_vllm
from tests.support.model_files import QWEN7
from tests.support.program import Done, Home, finish, free_port, is_alive, until
from tests.unit.test_model_check import SEVEN, gpu, machine

HASTE = Patience(
    start=30, stop=3, first_pause=0.05, longest_pause=0.1, restarts=3, watch=0.2, silent_looks=2
)
ALL = Tools("python", "/bin/vllm", "/bin/transformers", has_torch=True, has_llama=True)
CARD = "0, NVIDIA GeForce RTX 3090, 24576, 24110, 550.54, 8.6"


# ---- which engine


def launch(tools: Tools = ALL, here: Any = None, **changes: Any) -> Launch:
    here = here or machine(gpu(24))
    return plan("owner/name", replace(SEVEN, **changes), here, Wish(4096, 2), Place(), tools)


def test_vllm_where_it_and_a_gpu_are_there() -> None:
    made = launch()
    assert (made.engine, made.command) == (
        "vllm",
        ("/bin/vllm", "serve", "owner/name", "--host", "127.0.0.1", "--port", "8080",
         "--max-model-len", "4096", "--max-num-seqs", "2"),
    )  # fmt: skip


def test_an_old_gpu_gets_half_precision_and_two_small_ones_share() -> None:
    assert launch(here=machine(gpu(24, (7, 5)))).command[-2:] == ("--dtype", "half")
    shared = launch(here=machine(gpu(12), gpu(12)))
    assert shared.command[-2:] == ("--tensor-parallel-size", "2")


def test_transformers_where_vllm_or_a_gpu_lacks() -> None:
    for made in (launch(replace(ALL, vllm=None)), launch(here=machine(cuda=None))):
        assert made.engine == "transformers"
        assert made.command[:3] == ("/bin/transformers", "serve", "owner/name")


def test_gguf_goes_to_llama_cpp_with_or_without_a_gpu() -> None:
    made = launch(form="gguf")
    assert made.engine == "llama.cpp"
    assert made.command[:3] == ("python", "-m", "bot.llm.gguf_server")
    told = json.loads(made.command[3])
    assert (told["context"], told["slots"], told["port"]) == (4096, 2, 8080)


NOTHING = Tools("python", None, None, has_torch=False, has_llama=False)


@pytest.mark.parametrize(
    ("here", "changes", "code"),
    [
        (machine(), {}, "serve.no_engine"),
        (machine(gpu(24)), {}, "serve.no_engine_gpu"),
        (machine(), {"form": "gguf"}, "model.extra_missing"),
        (machine(), {"config": {"architectures": ["BertModel"]}}, "serve.encoder"),
    ],
)
def test_what_is_missing_is_one_sentence(here: Any, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        launch(NOTHING, here, **changes)
    assert caught.value.code == code


def test_vectors_need_torch() -> None:
    with pytest.raises(ConfigError) as caught:
        plan_vectors("BAAI/bge-m3", Place(), NOTHING)
    assert caught.value.code == "serve.no_torch"
    made = plan_vectors("BAAI/bge-m3", Place(port=9000), ALL)
    assert made.command[1:4] == ("-m", "bot.model.vectors", "BAAI/bge-m3")


def test_all_addresses_are_reached_by_loopback() -> None:
    assert Place("0.0.0.0", 9).url == "http://127.0.0.1:9"


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError) as caught:
        ensure_free(Place(port=taken.getsockname()[1]))
    assert caught.value.code == "serve.port_busy"
    with pytest.raises(ConfigError) as caught:
        ensure_free(Place("203.0.113.1", 9))
    assert caught.value.code == "serve.host"


# ---- supervision


class Kept:
    """A supervisor in a thread, and what it tells."""

    def __init__(self, folder: Path, mode: str, patience: Patience) -> None:
        self.events: list[Event] = []
        self.problem: ModelUnavailable | None = None
        self.folder = folder
        place = Place(port=free_port())
        command = (str(fake_vllm(folder)), "serve", "x", "--port", str(place.port))
        made = Launch("vllm", command, place, "/health", {"FAKE_VLLM": mode})
        self.supervisor = Supervisor(made, folder / "serve.log", self.events.append, patience)
        self.url = place.url
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.supervisor.run()
        except ModelUnavailable as error:
            self.problem = error

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events if event.kind != "starting"]

    def pids(self) -> list[int]:
        calls = (self.folder / "calls.jsonl").read_text().splitlines()
        return [json.loads(call)["pid"] for call in calls]

    def join(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive()


@contextmanager
def kept(folder: Path, mode: str, patience: Patience = HASTE) -> Iterator[Kept]:
    made = Kept(folder, mode, patience)
    try:
        yield made
    finally:
        made.supervisor.stop()
        made.join()
        assert not any(is_alive(pid) for pid in made.pids())


def test_it_waits_until_ready_and_ends_the_child(tmp_path: Path) -> None:
    with kept(tmp_path, "slow") as server:
        until(lambda: "ready" in server.kinds())
        assert httpx.get(f"{server.url}/health", trust_env=False).status_code == 200
    assert server.kinds() == ["ready"]
    assert any(event.line == "INFO Loading weights" for event in server.events)
    assert server.problem is None


def test_a_first_start_that_fails_is_not_repeated(tmp_path: Path) -> None:
    with kept(tmp_path, "broken") as server:
        server.join()
    assert server.problem is not None
    assert server.problem.code == "serve.start_failed"
    assert server.problem.detail["status"] == "1"
    assert len(server.pids()) == 1


def test_a_server_that_dies_is_started_again(tmp_path: Path) -> None:
    with kept(tmp_path, "crash:2") as server:
        until(lambda: server.kinds().count("ready") == 3)
    pauses = [event.seconds for event in server.events if event.kind == "restarting"]
    assert pauses == [0.05, 0.1]
    assert [event.code for event in server.events if event.kind == "ended"] == [3, 3]


def test_a_server_that_keeps_dying_is_given_up(tmp_path: Path) -> None:
    with kept(tmp_path, "crash:99", replace(HASTE, restarts=1)) as server:
        server.join()
    assert server.problem is not None
    assert server.problem.code == "serve.gave_up"


def test_a_server_that_falls_silent_is_started_again(tmp_path: Path) -> None:
    with kept(tmp_path, "ok") as server:
        until(lambda: "ready" in server.kinds())
        os.kill(server.pids()[0], signal.SIGSTOP)
        until(lambda: server.kinds().count("ready") == 2)
    assert "silent" in server.kinds()


def test_a_start_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with kept(tmp_path, "slow", replace(HASTE, start=0.0)) as server:
        server.join()
    assert server.problem is not None
    assert server.problem.code == "serve.start_slow"


def test_a_child_that_is_deaf_is_ended_by_force(tmp_path: Path) -> None:
    with kept(tmp_path, "deaf", replace(HASTE, stop=0.2)) as server:
        until(lambda: "ready" in server.kinds())


# ---- the command


@pytest.fixture
def home(tmp_path: Path) -> Home:
    fake_vllm(tmp_path / "bin")
    model_files.nvidia_smi(tmp_path / "bin", CARD)
    model_files.folder(tmp_path / "model", QWEN7)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return Home(tmp_path, {"PATH": path, "HF_ENDPOINT": "http://127.0.0.1:9"})


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def end(process: subprocess.Popen[str]) -> Done:
    process.send_signal(signal.SIGTERM)
    return finish(process)


def test_the_line_for_env_is_printed_and_sigterm_ends_all(home: Home) -> None:
    port = free_port()
    with home.start("model", "serve", "model", "--port", str(port)) as process:
        assert line_of(process) == f"LLM_BASE_URL=http://127.0.0.1:{port}/v1\n"
        call = json.loads((home.folder / "bin" / "calls.jsonl").read_text())
        assert is_alive(call["pid"])
        done = end(process)
    assert done.code == 0
    assert not is_alive(call["pid"])
    assert call["args"][:2] == ["serve", "model"]
    assert call["endpoint"] == "http://127.0.0.1:9"
    assert "放得下" in done.err
    assert "已停止" in done.err


def test_a_start_that_fails_is_explained(home: Home) -> None:
    done = home("model", "serve", "model", "--port", str(free_port()), FAKE_VLLM="broken")
    assert done.code == 1
    assert "--max-model-len 4096" in done.err
    assert "結束碼 1" in done.err.splitlines()[-1]
    assert done.out == ""


def test_nothing_starts_where_the_check_fails(home: Home) -> None:
    model_files.folder(home.folder / "base", QWEN7, template=None)
    port = str(free_port())
    refused = home("model", "serve", "base", "--port", port)
    assert refused.code == 1
    assert "--force" in refused.err
    assert not (home.folder / "bin" / "calls.jsonl").exists()
    with home.start("model", "serve", "base", "--port", port, "--force") as process:
        assert line_of(process).startswith("LLM_BASE_URL=")
        end(process)


def test_vectors_without_torch_are_one_clear_sentence(home: Home) -> None:
    done = home("model", "serve", "model", "--embeddings", "--port", str(free_port()))
    assert done.code == 1
    assert "torch" in done.err.splitlines()[-1]


@pytest.mark.model
@pytest.mark.slow
def test_a_gguf_file_is_served_for_real(tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "models" / EMBEDDED.name
    if not path.is_file():
        pytest.skip(f"no model file at {path}: run `secretary model fetch`")
    home, port = Home(tmp_path), str(free_port())
    arguments = ("model", "serve", str(path), "--port", port, "--context", "1024")
    with home.start(*arguments) as process:
        url = line_of(process).strip().partition("=")[2]
        body = {"messages": [{"role": "user", "content": "只回答一個字：好"}], "max_tokens": 4}
        reply = httpx.post(f"{url}/chat/completions", json=body, timeout=120, trust_env=False)
        status = health_while_many_wait(url)
        done = end(process)
    assert status == 200
    assert reply.json()["choices"][0]["message"]["content"]
    assert done.code == 0


def health_while_many_wait(url: str, many: int = 64) -> int | None:
    """Whoever watches the server restarts it when it does not say that it is well."""
    place = urlsplit(url)
    body = {"messages": [{"role": "user", "content": "從一數到一百"}], "max_tokens": 400}
    text = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: model\r\nContent-Length: {len(text)}\r\n"
    with ExitStack() as stack:
        for _ in range(many):
            address = (place.hostname or "", place.port or 0)
            connection = stack.enter_context(socket.create_connection(address, timeout=5))
            connection.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + text)
        try:
            health = url.removesuffix("/v1") + "/health"
            return httpx.get(health, timeout=10, trust_env=False).status_code
        except httpx.TimeoutException:
            return None
