"""An executable named `vllm` that behaves as FAKE_VLLM says, for the tests of supervision.

ok          loads for a moment, then serves until SIGTERM
broken      says why and ends
crash:N     serves a moment and ends, N times; then serves
slow        as ok, but loads for seconds
deaf        as ok, but does not care for SIGTERM
"""

import sys
from pathlib import Path

PROGRAM = """#!{python}
import http.server, json, os, pathlib, signal, sys, threading, time
mode, folder = os.environ.get("FAKE_VLLM", "ok"), pathlib.Path(__file__).parent
with (folder / "calls.jsonl").open("a") as calls:
    told = {{"args": sys.argv[1:], "pid": os.getpid(), "endpoint": os.environ.get("HF_ENDPOINT")}}
    calls.write(json.dumps(told) + "\\\\n")
starts = len((folder / "calls.jsonl").read_text().splitlines())
print("INFO Loading weights", flush=True)
if mode == "broken":
    print("ValueError: The model's max seq len (8192) is larger than the maximum number of tokens"
          " that can be stored in KV cache (4096).", flush=True)
    sys.exit(1)
if mode == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self):
        self.send_response(200 if self.path in ("/health", "/v1/models") else 404)
        self.end_headers()

port = int(sys.argv[sys.argv.index("--port") + 1])
time.sleep(3 if mode == "slow" else 0.3)
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
if mode.startswith("crash") and starts <= int(mode.split(":")[1]):
    threading.Timer(1.5, lambda: os._exit(3)).start()
server.serve_forever()
"""


def fake_vllm(folder: Path) -> Path:
    """Puts it into `folder`; returns the program."""
    folder.mkdir(exist_ok=True)
    program = folder / "vllm"
    program.write_text(PROGRAM.format(python=sys.executable).replace("\\\\n", "\\n"))
    program.chmod(0o755)
    return program
