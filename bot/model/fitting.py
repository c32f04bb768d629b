"""Whether weights and conversations fit the memory here, and what would; pure arithmetic."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.model.described import Described
from bot.model.machine import Machine
from bot.model.needs import BYTES, Method, Training
from bot.model.quantising import quantised_bytes

USABLE: Final = 0.9
"""Of what is free; vLLM's own default too."""
GPU_OVERHEAD: Final = 1.5 * 2**30
"""CUDA's own memory, activations of one step, captured graphs."""
HOST_OVERHEAD: Final = 0.5 * 2**30
LEAST_CONTEXT: Final = 2048
"""Tokens below which no five passages and an answer fit."""
LORA_RANK: Final = 16


@dataclass(frozen=True, slots=True)
class Room:
    """The memory that a model may take."""

    bytes: float
    overhead: float
    gpus: int
    """0: the host's memory."""

    @property
    def net(self) -> float:
        return self.bytes * USABLE - self.overhead


def rooms(machine: Machine) -> tuple[Room, ...]:
    """One GPU, then all of them together; the host where there is none."""
    largest = machine.largest
    if largest is None:
        return (Room(machine.memory_free, HOST_OVERHEAD, 0),)
    one = Room(largest.free, GPU_OVERHEAD, 1)
    if len(machine.gpus) == 1:
        return (one,)
    count = len(machine.gpus)
    # Split evenly, so the fullest one decides.
    least = min(gpu.free for gpu in machine.gpus)
    return (one, Room(least * count, GPU_OVERHEAD * count, count))


@dataclass(frozen=True, slots=True)
class Fit:
    weights: float
    cache: float
    room: Room
    context: int
    concurrency: int
    per_token: float
    """Bytes of cache a token; 0 where that is unknown."""

    @property
    def needed(self) -> float:
        return self.weights + self.cache + self.room.overhead

    @property
    def fits(self) -> bool:
        return self.weights + self.cache <= self.room.net

    @property
    def longest_context(self) -> int:
        """With as many conversations at once; 0 where not even the weights fit."""
        left = self.room.net - self.weights
        return max(0, int(left / (self.per_token * self.concurrency))) if self.per_token else 0

    @property
    def most_at_once(self) -> int:
        """Conversations of the length asked for."""
        left = self.room.net - self.weights
        return max(0, int(left * self.concurrency / self.cache)) if self.cache else 0


def fit(model: Described, room: Room, context: int, concurrency: int) -> Fit | None:
    """None where the weights' size cannot be known."""
    if model.weights is None:
        return None
    talks = model.shape if model.shape and not model.is_encoder else None
    cache = talks.kv_bytes(context, concurrency) * talks.kv_copies(room.gpus) if talks else 0.0
    return Fit(
        weights=model.weights,
        cache=cache,
        room=room,
        context=context,
        concurrency=concurrency,
        per_token=cache / (context * concurrency),
    )


@dataclass(frozen=True, slots=True)
class Way:
    """One change that makes it fit; the sentence is `bot.phrases` under the code."""

    code: str
    detail: dict[str, str]


def ways(model: Described, tight: Fit) -> Iterator[Way]:
    """From the least to the greatest change of what was asked for."""
    if tight.most_at_once >= 1:
        yield Way("check.way_fewer", {"count": str(tight.most_at_once)})
    if tight.longest_context >= LEAST_CONTEXT:
        yield Way("check.way_shorter", {"context": str(tight.longest_context // 256 * 256)})
    for bits in () if model.is_quantised else (8, 4):
        weights = _quantised(model, bits)
        if weights is not None and weights + tight.cache <= tight.room.net:
            detail = {"bits": str(bits), "weights": f"{weights / 2**30:.1f}"}
            yield Way("check.way_quantised", detail)
            return


def _quantised(model: Described, bits: int) -> float | None:
    """With its embeddings left as they are, where they are known."""
    if model.shape and model.shape.parts:
        return quantised_bytes(model.shape.parts, {"quant_method": "gptq", "bits": bits})
    return model.parameters * BYTES[f"int{bits}"] if model.parameters else None


def trainings(model: Described, tokens: int) -> Iterator[Training]:
    """LoRA, QLoRA and full fine-tuning of one sequence of so many tokens at a time."""
    if model.shape is None or not model.parameters or model.shape.latent:
        return  # of compressed attention LoRA's share is not summed here
    added, activations = model.shape.lora_parameters(LORA_RANK), model.shape.activations(tokens)
    methods: tuple[tuple[Method, int], ...] = (
        ("qlora", added),
        ("lora", added),
        ("full", model.parameters),
    )
    for method, trained in methods:
        yield Training(model.parameters, trained, method, activations)
