"""What the headers of safetensors files say: parameters by type, without the weights."""

import json
import math
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from bot.errors import ConfigError

_LONGEST_HEADER: Final = 100 * 2**20
_POINTER: Final = b"version https://git-lfs"
DTYPES: Final = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8",
    "F8_E5M2": "float8",
    "I8": "int8",
    "U8": "int8",
}


def count(files: Iterable[Path]) -> Counter[str]:
    """Numbers by their type (`BF16`, `I32`, …).

    Raises ConfigError `check.weights_pointer` for what is only a pointer of git-lfs,
    `check.weights_damaged` for what is no such file, `check.unreadable`.
    """
    counted: Counter[str] = Counter()
    for file in files:
        for tensor in _header(file).values():
            counted[str(tensor["dtype"])] += math.prod(tensor["shape"])
    return counted


INDEX: Final = "model.safetensors.index.json"


def missing(folder: Path) -> list[str]:
    """Files that the index names and that are not there."""
    names = set(_index(folder).get("weight_map", {}).values())
    return sorted(name for name in names if not (folder / name).is_file())


def total_size(folder: Path) -> int | None:
    """Bytes of all weights as the index says."""
    return size_in(_index(folder))


def size_in(index: Mapping[str, Any]) -> int | None:
    total = (index.get("metadata") or {}).get("total_size")
    return int(total) if isinstance(total, int | float) and total > 0 else None


def _index(folder: Path) -> dict[str, Any]:
    path = folder / INDEX
    if not path.is_file():
        return {}
    try:
        loaded: dict[str, Any] = json.loads(path.read_bytes())
        loaded.get("weight_map", {}).values()
    except (ValueError, AttributeError, OSError) as error:
        raise ConfigError("check.weights_damaged", path=str(path)) from error
    return loaded


def _header(path: Path) -> dict[str, dict[str, Any]]:
    try:
        with path.open("rb") as file:
            start = file.read(8)
            if _POINTER.startswith(start) and len(start) == 8:
                raise ConfigError("check.weights_pointer", path=str(path))
            (length,) = struct.unpack("<Q", start)
            if length > _LONGEST_HEADER:
                raise ValueError("length")
            header: dict[str, Any] = json.loads(file.read(length))
        header.pop("__metadata__", None)
        expected = (
            8 + length + max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
        )
    except (struct.error, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ConfigError("check.weights_damaged", path=str(path)) from error
    except OSError as error:
        problem = error.strerror or str(error)
        raise ConfigError("check.unreadable", path=str(path), problem=problem) from error
    if path.stat().st_size < expected:
        raise ConfigError("check.weights_damaged", path=str(path))
    return header
