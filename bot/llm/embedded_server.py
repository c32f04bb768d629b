"""The child process that runs llama.cpp: ``python -m bot.llm.embedded_server``.

llama.cpp serves the OpenAI protocol on a free loopback port behind a random key; both
are told to those who prove through the shared service that they may know them.
"""

import json
import os
import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bot.llm.cores import usable_cores
from knowledge.errors import KnowledgeError
from knowledge.process import arguments, serve

SERVICE: Final = "model"
_PROMPT_CACHE_MIB: Final = 256
"""Memory for prompts seen before; llama.cpp's own default is 8 GiB."""
_HTTP_THREADS: Final = 256
"""A thread waits with every request that waits for a slot. By llama.cpp's own default (slots + 4)
some thirty askers leave none to say that it is well, and it is restarted as if it were not."""
_HEALTH_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to load and how; travels to the child as one JSON argument."""

    path: str
    version: str
    context: int
    """Tokens of one conversation: prompt and reply together."""
    slots: int
    """Replies generated at the same time."""

    def to_argument(self) -> str:
        return json.dumps(asdict(self))


class Llama:
    """The service's worker: holds the server and otherwise has nothing to do."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._server: Any = None

    def start(self) -> Mapping[str, Any]:
        key = secrets.token_urlsafe(24)
        self._server = load(self._plan, key)
        base_url = str(self._server.listening_address)
        self._check_health(base_url)
        return {"base_url": f"{base_url}/v1", "api_key": key, "model": Path(self._plan.path).stem}

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        return {}

    def tick(self) -> bool:
        return False

    def stop(self) -> None:
        self._server = None  # waits until llama.cpp has ended its threads

    def _check_health(self, base_url: str) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{base_url}/health", timeout=_HEALTH_S) as reply:
                healthy = json.loads(reply.read()).get("status") == "ok"
        except (urllib.error.URLError, TimeoutError, ValueError):
            healthy = False
        if not healthy:
            raise KnowledgeError("model.load_failed", path=self._plan.path)


def load(plan: Plan, key: str | None, host: str = "127.0.0.1", port: int = 0) -> Any:
    """A running server; blocks until the weights are in memory.

    Without a `key` everybody who reaches it may use it. Raises KnowledgeError
    `model.load_failed`; the reason stands in what llama.cpp printed.
    """
    # Before llama.cpp's OpenMP is loaded: threads that wait by spinning starve each other
    # on a machine that does anything else (0.4 against 5 tokens a second were seen).
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import xllamacpp

    try:
        return xllamacpp.Server(_parameters(xllamacpp, plan, key, host, port))
    except RuntimeError as error:  # the reason stands above in the log
        raise KnowledgeError("model.load_failed", path=plan.path) from error


def _parameters(xllamacpp: Any, plan: Plan, key: str | None, host: str, port: int) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = plan.path
    params.model_alias = {Path(plan.path).stem}
    params.hostnames = [host]
    params.port = port
    params.api_keys = [key] if key else []
    params.n_parallel = plan.slots
    params.n_ctx = plan.context * plan.slots
    params.cpuparams.n_threads = usable_cores()
    params.n_threads_http = _HTTP_THREADS
    params.cache_prompt = True
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.warmup = False  # the first prompt warms as well; saves seconds at start
    params.ui = False
    params.endpoint_slots = False
    params.offline = True
    return params


def main() -> int:
    options = arguments()
    plan = Plan(**json.loads(options.rest[0]))
    return serve(
        Llama(plan),
        name=SERVICE,
        version=plan.version,
        data_dir=options.data_dir,
        linger=options.linger,
    )


if __name__ == "__main__":
    sys.exit(main())
