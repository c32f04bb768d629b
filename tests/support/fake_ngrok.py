"""Stands where the ngrok program would: pyngrok starts it, reads its log, and asks its API.

    path = install(folder)             # an executable; set PYNGROK_NGROK_PATH to it
    path = install(folder, fault="ERR_NGROK_4018 …")

What it was started with and asked for is in `folder / "ngrok.json"`, one line a call.
"""

import json
import os
import sys
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.http_handler import QuickHandler

URL = "https://leaf.ngrok.example"


def install(folder: Path, fault: str = "") -> Path:
    program = folder / "ngrok"
    lines = [
        f"#!{sys.executable}",
        f"import sys; sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})",
        "from pathlib import Path",
        "from tests.support.fake_ngrok import main",
        f"main(sys.argv[1:], Path({str(folder)!r}), {fault!r})",
    ]
    program.write_text("\n".join(lines), encoding="utf-8")
    program.chmod(0o755)
    return program


def asked(folder: Path) -> list[dict[str, Any]]:
    file = folder / "ngrok.json"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line) for line in lines]


def main(arguments: list[str], folder: Path, fault: str) -> None:
    _note(folder, {"arguments": arguments, "pid": os.getpid()})
    if fault:
        print(f'lvl=eror msg="failed to auth" err="{fault}"', flush=True)
        sys.exit(1)

    class Handler(QuickHandler):
        def do_GET(self) -> None:
            self._say({"endpoints": [], "tunnels": []})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            _note(folder, {"path": self.path, "body": body})
            url = body.get("url") or URL
            made = {"name": body.get("name"), "uri": f"{self.path}/1", "public_url": url}
            self._say({**made, "url": url, "proto": "https", "config": {}, "metrics": {}}, 201)

        def _say(self, body: dict[str, Any], status: int = 200) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Silent: stdout is the log that pyngrok reads."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"127.0.0.1:{server.server_address[1]}"
    print(f'lvl=info msg="starting web service" addr={address}', flush=True)
    print('lvl=info msg="tunnel session started"', flush=True)
    print('lvl=info msg="client session established"', flush=True)
    server.serve_forever()


def _note(folder: Path, what: dict[str, Any]) -> None:
    with (folder / "ngrok.json").open("a", encoding="utf-8") as file:
        file.write(json.dumps(what) + "\n")
