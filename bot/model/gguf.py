"""The header of a GGUF file: what the model is, without its weights.

Format: the magic, version, counts of tensors and of metadata, key/value pairs, then name,
dimensions, type and offset of every tensor (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
"""

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from bot.errors import ConfigError
from bot.model.configs import sliding_layers
from bot.model.shape import Shape

_MAGIC: Final = b"GGUF"
_SCALARS: Final = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
_STRING: Final = 8
_ARRAY: Final = 9
_LONGEST_TEXT: Final = 16 * 2**20
_MOST_ENTRIES: Final = 10_000_000
_PART: Final = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")
_FILE_TYPES: Final = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 24: "IQ1_S", 30: "IQ4_XS", 32: "BF16",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Header:
    metadata: dict[str, Any]
    """Arrays by their length alone."""
    parameters: int

    @property
    def shape(self) -> Shape | None:
        """None where the file does not hold the dimensions of a language model."""
        kind = str(self.metadata.get("general.architecture", ""))
        layers, hidden = self._number(kind, "block_count"), self._number(kind, "embedding_length")
        heads = self._number(kind, "attention.head_count")
        if not (layers and hidden and heads):
            return None
        window = self._number(kind, "attention.sliding_window")
        rank = self._number(kind, "attention.kv_lora_rank")
        return Shape(
            kind=kind,
            layers=layers,
            hidden=hidden,
            heads=heads,
            kv_heads=self._number(kind, "attention.head_count_kv") or heads,
            head_dim=self._number(kind, "attention.key_length") or hidden // heads,
            intermediate=self._number(kind, "feed_forward_length") or 4 * hidden,
            vocabulary=self._number("tokenizer", "ggml.tokens") or 0,
            context=self._number(kind, "context_length") or 0,
            window=window,
            sliding_layers=sliding_layers(kind, layers) if window else 0,
            latent=rank + (self._number(kind, "rope.dimension_count") or 0) if rank else None,
            parameters=self.parameters,
        )

    @property
    def chat_template(self) -> str | None:
        template = self.metadata.get("tokenizer.chat_template")
        return template if isinstance(template, str) and template else None

    @property
    def quantisation(self) -> str:
        return _FILE_TYPES.get(self.metadata.get("general.file_type", -1), "GGUF")

    def _number(self, kind: str, name: str) -> int | None:
        value = self.metadata.get(f"{kind}.{name}")
        return value if isinstance(value, int) else None


def read_header(path: Path) -> Header:
    """Of all parts where the file is split. Raises ConfigError `check.gguf_damaged` or
    `check.unreadable`."""
    try:
        headers = [_read(part) for part in parts(path)]
    except (struct.error, ValueError, EOFError) as error:
        raise ConfigError("check.gguf_damaged", path=str(path)) from error
    except OSError as error:
        problem = error.strerror or str(error)
        raise ConfigError("check.unreadable", path=str(path), problem=problem) from error
    return Header(headers[0].metadata, sum(header.parameters for header in headers))


def parts(path: Path) -> list[Path]:
    """The files that make up the model; only itself where it is not split."""
    match = _PART.search(path.name)
    if match is None:
        return [path]
    stem, count = path.name[: match.start()], int(match[2])
    return [path.with_name(f"{stem}-{n:05}-of-{count:05}.gguf") for n in range(1, count + 1)]


def _read(path: Path) -> Header:
    with path.open("rb") as file:
        if file.read(4) != _MAGIC:
            raise ValueError("magic")
        (version,) = _unpack(file, "I")
        if version not in (2, 3):
            raise ValueError("version")
        tensors, entries = _unpack(file, "QQ")
        if max(tensors, entries) > _MOST_ENTRIES:
            raise ValueError("counts")
        metadata = {_text(file): _value(file, *_unpack(file, "I")) for _ in range(entries)}
        return Header(metadata, sum(_tensor(file) for _ in range(tensors)))


def _tensor(file: BinaryIO) -> int:
    _text(file)
    (dimensions,) = _unpack(file, "I")
    if dimensions > 8:
        raise ValueError("dimensions")
    count = 1
    for size in _unpack(file, "Q" * dimensions):
        count *= size
    _unpack(file, "IQ")  # type and offset
    return count


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _STRING:
        return _text(file)
    if kind == _ARRAY:
        return _skip_array(file)
    return _unpack(file, _SCALARS[kind] if kind in _SCALARS else _unknown())[0]


def _skip_array(file: BinaryIO) -> int:
    """Reads past the array; its length."""
    kind, count = _unpack(file, "IQ")
    if count > _MOST_ENTRIES:
        raise ValueError("array")
    if kind in (_STRING, _ARRAY):
        for _ in range(count):
            _value(file, kind)
    else:
        file.seek(count * struct.calcsize(_SCALARS.get(kind) or _unknown()), 1)
    return int(count)


def _text(file: BinaryIO) -> str:
    (length,) = _unpack(file, "Q")
    if length > _LONGEST_TEXT:
        raise ValueError("text")
    data = file.read(length)
    if len(data) < length:
        raise EOFError
    return data.decode("utf-8", "replace")


def _unpack(file: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(f"<{form}", file.read(struct.calcsize(f"<{form}")))


def _unknown() -> str:
    raise ValueError("type")
