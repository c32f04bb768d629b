"""Which existing server runs a model here, and with which arguments."""

import importlib.util
import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from packaging.version import Version

from bot.errors import ConfigError
from bot.model.check import Wish
from bot.model.described import Described
from bot.model.fitting import fit, rooms
from bot.model.machine import Machine
from bot.model.software import Installed

BFLOAT16_CAPABILITY: Final = (8, 0)
TRANSFORMERS_SERVES: Final = Version("5.0")
_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server is to listen."""

    host: str = "127.0.0.1"
    port: int = 8080

    @property
    def url(self) -> str:
        """As this machine reaches it."""
        return f"http://{_LOOPBACK.get(self.host, self.host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class Launch:
    engine: str
    """`vllm`, `transformers`, `llama.cpp` or `vectors`."""
    command: tuple[str, ...]
    place: Place
    health: str
    """Path that answers 200 once the model is loaded."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tools:
    """What could serve; looked for once, given by tests."""

    python: str
    vllm: str | None
    transformers: str | None
    has_torch: bool
    has_llama: bool


def find_tools(packages: Installed) -> Tools:
    """Programs beside this Python come before those on the PATH."""
    modern = packages.versions.get("transformers", Version("0")) >= TRANSFORMERS_SERVES
    torch = _has("torch")
    serves = modern and torch and _has("accelerate")  # it places the weights
    return Tools(
        python=sys.executable,
        vllm=_program("vllm"),
        transformers=_program("transformers") if serves else None,
        has_torch=torch and _has("transformers"),
        has_llama=_has("xllamacpp"),
    )


def plan(
    name: str, model: Described, machine: Machine, wish: Wish, place: Place, tools: Tools
) -> Launch:
    """vLLM where it and a GPU are there, else transformers; GGUF goes to llama.cpp.

    `name`: what the owner called it. Raises ConfigError `serve.…` where nothing here can.
    """
    if model.form == "gguf":
        return _llama(name, wish, place, tools)
    if model.is_encoder:
        raise ConfigError("serve.encoder", name=model.name)
    if machine.gpus and tools.vllm:
        return _vllm(tools.vllm, name, model, machine, wish, place)
    if tools.transformers:
        command = (tools.transformers, "serve", name, *_listen(place))
        return Launch("transformers", command, place, "/health")
    code = "serve.no_engine_gpu" if machine.gpus else "serve.no_engine"
    raise ConfigError(code, name=model.name, python=tools.python)


def plan_vectors(name: str, place: Place, tools: Tools) -> Launch:
    """Embeddings, or scores of a reranker, by torch. Raises ConfigError `serve.no_torch`."""
    if not tools.has_torch:
        raise ConfigError("serve.no_torch", python=tools.python)
    command = (tools.python, "-m", "bot.model.vectors", name, *_listen(place))
    return Launch("vectors", command, place, "/health")


def _llama(name: str, wish: Wish, place: Place, tools: Tools) -> Launch:
    if not tools.has_llama:
        raise ConfigError("model.extra_missing", python=tools.python)
    path = Path(name).expanduser().absolute()
    if path.is_dir():
        path = sorted(path.glob("*.gguf"))[0]
    told = {
        "path": str(path),
        "host": place.host,
        "port": place.port,
        "context": wish.context,
        "slots": wish.concurrency,
    }
    command = (tools.python, "-m", "bot.llm.gguf_server", json.dumps(told))
    return Launch("llama.cpp", command, place, "/health")


def _vllm(
    program: str, name: str, model: Described, machine: Machine, wish: Wish, place: Place
) -> Launch:
    command = [program, "serve", name, *_listen(place)]
    command += ["--max-model-len", str(wish.context), "--max-num-seqs", str(wish.concurrency)]
    if (machine.capability or BFLOAT16_CAPABILITY) < BFLOAT16_CAPABILITY:
        command += ["--dtype", "half"]
    if (count := _gpus_needed(model, machine, wish)) > 1:
        command += ["--tensor-parallel-size", str(count)]
    return Launch("vllm", tuple(command), place, "/health")


def _gpus_needed(model: Described, machine: Machine, wish: Wish) -> int:
    for room in rooms(machine):
        found = fit(model, room, wish.context, wish.concurrency)
        if found is None or found.fits:
            return room.gpus
    return len(machine.gpus)


def _listen(place: Place) -> tuple[str, ...]:
    return ("--host", place.host, "--port", str(place.port))


def _program(name: str) -> str | None:
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.is_file() else shutil.which(name)


def _has(module: str, find: Callable[[str], object] = importlib.util.find_spec) -> bool:
    return find(module) is not None
