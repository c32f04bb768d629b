"""llama.cpp serving one GGUF file on a port of the owner's choice, until it is told to end.

``python -m bot.llm.gguf_server '{"path": …, "host": …, "port": …, "context": …, "slots": …}'``,
started by `secretary model serve`; the embedded engine's child is `embedded_server`.
"""

import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from bot.llm.embedded_server import Plan, load


def main() -> int:
    told: dict[str, Any] = json.loads(sys.argv[1])
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    plan = Plan(told["path"], "", told["context"], told["slots"])
    server = load(plan, None, told["host"], told["port"])
    print(f"serving {Path(plan.path).name} at {server.listening_address}", flush=True)
    while not ending.wait(3600):
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
