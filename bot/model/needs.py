"""How much memory weights, conversations and fine-tuning take: arithmetic only, in bytes.

Figures a parameter: inference 2 bytes (16 bit). Full fine-tuning with Adam in mixed precision
16: weights 2, gradients 2, master weights 4, Adam's two moments 8; all in 16 bit it is 8, the
often told "three to four times the weights". LoRA leaves the weights as they are (2) and pays
16 only for the parameters it adds; QLoRA holds the weights in about 4.5 bits.
"""

from dataclasses import dataclass
from typing import Final, Literal

GIB: Final = 2**30
ADAM_MIXED: Final = 16.0
"""Bytes a trained parameter in mixed precision."""
QLORA_WEIGHT: Final = 0.57
"""Bytes a parameter of NF4 with its doubly quantised constants (4.13 bits) and what stays in
16 bits."""
DEEPSPEED_BUFFERS: Final = 1.5
"""By how much DeepSpeed's own estimator multiplies for buffers and fragments."""

Method = Literal["lora", "qlora", "full"]

BYTES: Final = {
    "float32": 4.0,
    "float16": 2.0,
    "bfloat16": 2.0,
    "float8": 1.0,
    "int8": 1.0,
    "int4": 0.56,
}
"""Bytes a parameter; int4 with its scales (4.5 bits)."""


def gib(size: float) -> str:
    return f"{size / GIB:.1f} GiB"


def billions(parameters: float) -> str:
    return f"{parameters / 1e9:.2f} B"


@dataclass(frozen=True, slots=True)
class Training:
    """One fine-tuning run on one GPU, activations checkpointed."""

    parameters: int
    trained: int
    """Parameters that learn: all of them, or LoRA's."""
    method: Method
    activations: float
    """Bytes."""

    @property
    def weights(self) -> float:
        each = {"full": 0.0, "lora": BYTES["bfloat16"], "qlora": QLORA_WEIGHT}[self.method]
        return self.parameters * each

    @property
    def total(self) -> float:
        return self.weights + self.trained * ADAM_MIXED + self.activations


def rule_of_thumb(weights: float) -> tuple[float, float]:
    """Full fine-tuning all in the weights' own precision: three to four times as much."""
    return 3 * weights, 4 * weights


@dataclass(frozen=True, slots=True)
class HostNeed:
    """What a run asks of the host's memory, in bytes."""

    least: float
    with_buffers: float


def host_memory(
    parameters: float,
    precision: str,
    *,
    trained: float | None = None,
    offload: bool = False,
    zero_stage: int = 0,
    processes: int = 1,
) -> HostNeed:
    """Every process loads the weights into host memory first; DeepSpeed's offload then keeps
    master weights, gradients and Adam's moments there (16 bytes a trained parameter, 18 with
    the parameters of stage 3), buffers on top."""
    loading = parameters * BYTES.get(precision, 4.0) * processes
    if not offload:
        return HostNeed(loading, loading)
    each = ADAM_MIXED + (2.0 if zero_stage == 3 else 0.0)
    kept = (parameters if trained is None else trained) * each
    return HostNeed(max(loading, kept), max(loading, kept * DEEPSPEED_BUFFERS))
