"""What a log tells about the run it is of: model, size, precision, optimiser, LoRA."""

import re
from dataclasses import dataclass
from typing import Final

_MODEL: Final = re.compile(
    r"(?:--model_name_or_path|--model|model_name_or_path:|model=|\bserve)[\s',\"=:]+([^\s',\"]+)"
)
_SIZE_IN_NAME: Final = re.compile(r"(?<![\d.A-Za-z])(\d+(?:\.\d+)?)\s*[bB](?![A-Za-z])")
_ALL_PARAMETERS: Final = re.compile(r"all params: ([\d,]+)")
_LLAMA_PARAMETERS: Final = re.compile(r"model params\s*=\s*([\d.]+) B")
_TRAINED: Final = re.compile(r"trainable params: ([\d,]+)")
_STAGE: Final = re.compile(r"(?:--?zero_stage|\"stage\"|zero_optimization\.stage)[\s',\":=]+(\d)")
_OFFLOAD: Final = re.compile(
    r"'--offload'|\s--offload\b|offload_optimizer[\"':\s{]+device[\"':\s]+cpu|cpu_adam|CPUAdam"
)
_WORLD: Final = re.compile(r"num_local_procs=(\d+)|--nproc[_-]per[_-]node[\s=]+(\d+)")
_HALF: Final = re.compile(r"--(?:bf16|fp16)\b|torch_dtype=torch\.(?:bfloat16|float16)|dtype: ?bf16")
_FOUR_BIT: Final = re.compile(r"load_in_4bit[=: ]+True|--quantization_bit[ =]4")
_EIGHT_BIT: Final = re.compile(r"load_in_8bit[=: ]+True|--quantization_bit[ =]8")
_NO_DTYPE: Final = "without specifying a torch dtype"
_TRAINS: Final = re.compile(r"--learning_rate|trainable params|per_device_train_batch_size|epoch")
_CAPABILITY: Final = re.compile(r"(?:sm_|compute_|compute capability )(\d)\.?(\d)")


@dataclass(frozen=True, slots=True)
class RunFacts:
    model: str | None
    parameters: float | None
    """From a count in the log, else from the name."""
    trained: float | None
    """LoRA's own, where the log counts them."""
    precision: str
    """As the weights are loaded; float32 where nothing says otherwise."""
    is_training: bool
    offload: bool
    zero_stage: int
    processes: int

    @property
    def how(self) -> str:
        """The run in technical words, the same in every language."""
        parts = [self.precision]
        if self.is_training:
            parts.append("LoRA" if self.trained is not None else "full fine-tuning, Adam")
        if self.zero_stage:
            parts.append(f"ZeRO-{self.zero_stage}")
        if self.offload:
            parts.append("CPU offload")
        if self.processes > 1:
            parts.append(f"{self.processes} processes")
        return ", ".join(parts)


def read_facts(text: str) -> RunFacts:
    model = _first(_MODEL, text)
    return RunFacts(
        model=model.rstrip("/").rsplit("/", 1)[-1] if model else None,
        parameters=_parameters(text, model),
        trained=_number(_first(_TRAINED, text)),
        precision=_precision(text),
        is_training=_TRAINS.search(text) is not None,
        offload=_OFFLOAD.search(text) is not None,
        zero_stage=int(_first(_STAGE, text) or 0),
        processes=int(_first(_WORLD, text) or 1),
    )


def capabilities(text: str) -> set[tuple[int, int]]:
    """Compute capabilities that the log names, as when an extension is compiled for them."""
    return {(int(major), int(minor)) for major, minor in _CAPABILITY.findall(text)}


def _parameters(text: str, model: str | None) -> float | None:
    if counted := _number(_first(_ALL_PARAMETERS, text)):
        return counted
    if billions := _first(_LLAMA_PARAMETERS, text):
        return float(billions) * 1e9
    named = _SIZE_IN_NAME.search((model or "").replace("-", " ").replace("_", " "))
    return float(named[1]) * 1e9 if named else None


def _precision(text: str) -> str:
    if _FOUR_BIT.search(text):
        return "int4"
    if _EIGHT_BIT.search(text):
        return "int8"
    if _NO_DTYPE in text or not _HALF.search(text):
        return "float32"
    return "bfloat16"


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return next((group for group in match.groups() if group), None) if match else None


def _number(text: str | None) -> float | None:
    return float(text.replace(",", "")) if text else None
