"""One model before it is loaded: from a folder, a GGUF file, or a hub's name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from bot.errors import ConfigError
from bot.model import gguf, safetensors
from bot.model.configs import from_config
from bot.model.needs import BYTES
from bot.model.quantising import quantised_bytes
from bot.model.shape import Shape

Source = Literal["files", "index", "config"]
NO_WEIGHTS: Final = ("*.safetensors",)
"""What is missing where no file says which there ought to be."""
ROLE_REFUSALS: Final = ("System role not supported", "system role is not supported")


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of a model without its weights in memory."""

    name: str
    form: str
    """`folder`, `gguf` or `hub`."""
    shape: Shape | None
    parameters: int | None
    weights: float | None
    """Bytes on the disk, and so in memory as it is."""
    dtype: str
    """`bfloat16`, `float32`, …; a GGUF file's quantisation, or a method such as `awq`."""
    chat_template: str | None
    config: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    """Files that ought to be there and are not."""
    downloads: bool = False
    """Whether the weights still have to be fetched."""
    source: Source = "files"
    """Where the size of the weights is from."""

    @property
    def kind(self) -> str:
        return self.shape.kind if self.shape else str(self.config.get("model_type") or "")

    @property
    def is_quantised(self) -> bool:
        return self.form == "gguf" or "quantization_config" in self.config

    @property
    def is_adapter(self) -> bool:
        return "peft_type" in self.config

    @property
    def runs_own_code(self) -> bool:
        return "auto_map" in self.config

    @property
    def is_encoder(self) -> bool:
        """Makes vectors or scores, and does not talk."""
        architectures = self.config.get("architectures") or [""]
        talks = ("CausalLM", "LMHeadModel", "ConditionalGeneration", "ForChat")
        return bool(self.config) and not any(word in str(architectures[0]) for word in talks)

    @property
    def refuses_system_role(self) -> bool:
        return any(words in (self.chat_template or "") for words in ROLE_REFUSALS)


def describe_path(path: Path) -> Described:
    """A GGUF file or a folder. Raises ConfigError of the `check.` family."""
    if path.is_file():
        return _gguf(path)
    if not (path / "config.json").is_file():
        if (path / "adapter_config.json").is_file():
            return _adapter(path)
        files = sorted(path.glob("*.gguf"))
        if len(files) == 1 or (files and gguf.parts(files[0]) == files):
            return _gguf(files[0])
        names = ", ".join(file.name for file in files[:8])
        code = "check.which_gguf" if files else "check.no_config"
        raise ConfigError(code, path=str(path), names=names)
    return _folder(path)


def _gguf(path: Path) -> Described:
    lost = tuple(part.name for part in gguf.parts(path) if not part.is_file())
    if lost:
        raise ConfigError("check.parts_missing", path=str(path.parent), names=", ".join(lost))
    header = gguf.read_header(path)
    size = sum(part.stat().st_size for part in gguf.parts(path))
    shape, quantisation = header.shape, header.quantisation
    return Described(
        path.name, "gguf", shape, header.parameters, size, quantisation, header.chat_template
    )


def _adapter(path: Path) -> Described:
    config = read_json(path / "adapter_config.json")
    return Described(path.name, "folder", None, None, None, "lora", None, config)


def _folder(path: Path) -> Described:
    config = read_json(path / "config.json")
    shape = from_config(config)
    files = sorted(path.glob("*.safetensors")) or sorted(path.glob("pytorch_model*.bin"))
    counted = safetensors.count(file for file in files if file.suffix == ".safetensors")
    parameters = sum(counted.values()) or (shape.parameters if shape else None)
    if quantisation(config):  # packed numbers hold several parameters each
        parameters = shape.parameters if shape else None
    dtype = quantisation(config) or safetensors.DTYPES.get(_most(counted), "") or dtype_of(config)
    lost = tuple(safetensors.missing(path)) or (() if files else NO_WEIGHTS)
    size = 0.0 if lost else float(sum(file.stat().st_size for file in files))
    weights, source = sized(size, safetensors.total_size(path), shape, parameters, dtype, config)
    return Described(
        name=path.resolve().name,
        form="folder",
        shape=shape,
        parameters=parameters,
        weights=weights,
        dtype=dtype,
        chat_template=_template(path),
        config=config,
        missing=lost,
        source=source,
    )


def _most(counted: Mapping[str, int]) -> str:
    return max(counted, key=lambda name: counted[name], default="")


def _template(path: Path) -> str | None:
    plain = path / "chat_template.jinja"
    if plain.is_file():
        return plain.read_text("utf-8", "replace") or None
    for name in ("chat_template.json", "tokenizer_config.json"):
        if (path / name).is_file() and (found := template_in(read_json(path / name))):
            return found
    return None


def template_in(config: Mapping[str, Any]) -> str | None:
    """A text, or a list of named ones."""
    template = config.get("chat_template")
    if isinstance(template, list):
        named = {str(entry.get("name")): entry.get("template") for entry in template}
        template = named.get("default") or next(iter(named.values()), None)
    return template if isinstance(template, str) and template else None


def dtype_of(config: Mapping[str, Any]) -> str:
    """As the config says, under its old or its new name; float32 is what transformers assume."""
    inner = config.get("text_config") or {}
    for source in (config, inner):
        for name in ("dtype", "torch_dtype"):
            if isinstance(value := source.get(name), str):
                return value.removeprefix("torch.")
    return "float32"


def quantisation(config: Mapping[str, Any]) -> str:
    """`awq`, `gptq`, `fp8`, …; empty where the weights are whole."""
    method = (config.get("quantization_config") or {}).get("quant_method")
    return str(method) if method else ""


def sized(
    files: float,
    index: int | None,
    shape: Shape | None,
    parameters: int | None,
    dtype: str,
    config: Mapping[str, Any],
) -> tuple[float | None, Source]:
    """Bytes of the weights by the best that is known: the files themselves, what their index
    says, or the sum over the config's dimensions. None where it cannot be known."""
    if files:
        return files, "files"
    if index:
        return float(index), "index"
    if told := config.get("quantization_config"):
        return quantised_bytes(shape.parts, told) if shape and shape.parts else None, "config"
    return parameters * BYTES[dtype] if parameters and dtype in BYTES else None, "config"


def read_json(path: Path) -> dict[str, Any]:
    """Raises ConfigError `check.bad_json` or `check.unreadable`."""
    try:
        loaded = json.loads(path.read_bytes())
    except ValueError as error:
        raise ConfigError("check.bad_json", path=str(path)) from error
    except OSError as error:
        problem = error.strerror or str(error)
        raise ConfigError("check.unreadable", path=str(path), problem=problem) from error
    if not isinstance(loaded, dict):
        raise ConfigError("check.bad_json", path=str(path))
    return loaded
