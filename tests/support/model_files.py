"""Small model files of the real formats, a loopback hub that gives them, and an nvidia-smi."""

import json
import math
import struct
import threading
from collections.abc import Mapping, Sequence
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.http_handler import QuickHandler

QWEN7: dict[str, Any] = {
    "model_type": "qwen2",
    "architectures": ["Qwen2ForCausalLM"],
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_attention_heads": 28,
    "num_hidden_layers": 28,
    "num_key_value_heads": 4,
    "vocab_size": 152064,
    "max_position_embeddings": 32768,
    "tie_word_embeddings": False,
    "sliding_window": 131072,
    "use_sliding_window": False,
    "torch_dtype": "bfloat16",
}
"""The published config of a 7B model: 7,615,616,512 parameters."""
TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"


def gguf(
    path: Path, metadata: Mapping[str, Any], tensors: Mapping[str, Sequence[int]] | None = None
) -> Path:
    """A file with such a header and no weights."""
    tensors = tensors or {"token_embd.weight": (8, 16)}
    body = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        body += _text(key) + _value(value)
    for name, dimensions in tensors.items():
        body += _text(name) + struct.pack("<I", len(dimensions))
        body += struct.pack(f"<{len(dimensions)}Q", *dimensions) + struct.pack("<IQ", 0, 0)
    path.write_bytes(body)
    return path


def _value(value: Any) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case float():
            return struct.pack("<If", 6, value)
        case str():
            return struct.pack("<I", 8) + _text(value)
        case [str(), *_]:
            return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_text, value))
        case [*numbers]:
            return struct.pack(f"<IIQ{len(numbers)}i", 9, 5, len(numbers), *numbers)
    raise TypeError(type(value))


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def safetensors(path: Path, shapes: Mapping[str, Sequence[int]], dtype: str = "BF16") -> Path:
    """A sparse file of the right length."""
    size = {"BF16": 2, "F32": 4, "I32": 4}[dtype]
    header, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + size * math.prod(shape)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    return path


def folder(path: Path, config: Mapping[str, Any], *, template: str | None = TEMPLATE) -> Path:
    """A model folder with one file of weights."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "config.json").write_text(json.dumps(config))
    (path / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}))
    safetensors(path / "model.safetensors", {"a": (100, 50), "b": (10,)})
    return path


def nvidia_smi(folder: Path, *rows: str, cuda: str = "12.4", code: int = 0) -> Path:
    """An executable that answers as nvidia-smi does; the folder is to go on PATH."""
    folder.mkdir(exist_ok=True)
    listed = "\n".join(rows)
    program = folder / "nvidia-smi"
    program.write_text(
        "#!/bin/sh\n"
        f'case "$1" in --query-gpu*) cat <<E\n{listed}\nE\n;; *) echo "CUDA Version: {cuda}";; esac\n'
        f"exit {code}\n"
    )
    program.chmod(0o755)
    return folder


class Hub:
    """Gives files by their path, as the hub does; a context manager.

    `files` are texts by URL path; `status` is what is answered instead, by the beginning of the
    path; `seen` are the Authorization headers.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = dict(files)
        self.status: dict[str, int] = {}
        self.seen: list[str | None] = []
        hub = self

        class Handler(QuickHandler):
            def log_message(self, format: str, *args: Any) -> None:
                """The tests' output stays clean."""

            def do_GET(self) -> None:
                hub.seen.append(self.headers.get("Authorization"))
                path = self.path.partition("?")[0]
                text = hub.files.get(path)
                refused = next((n for p, n in hub.status.items() if path.startswith(p)), None)
                self.send_response(refused or (404 if text is None else 200))
                self.end_headers()
                self.wfile.write((text or "").encode())

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()


def published(name: str, config: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, str]:
    """What the hub has of one model."""
    siblings = [{"rfilename": file, "size": size} for file, size in sizes.items()]
    return {
        f"/api/models/{name}": json.dumps({"id": name, "siblings": siblings}),
        f"/{name}/resolve/main/config.json": json.dumps(config),
        f"/{name}/resolve/main/tokenizer_config.json": json.dumps({"chat_template": TEMPLATE}),
    }
