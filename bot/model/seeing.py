"""Parameters of what looks at pictures, and of what joins it to the language model."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.model.picking import Picker


def count(kind: str, vision: Picker, hidden: int) -> int | None:
    """`kind` of the whole model, `hidden` of its text part; None for kinds not known here."""
    found = _KINDS.get(kind)
    return found(vision, hidden) if found else None


def _qwen2_5(vision: Picker, text: int) -> int:
    """Qwen2.5-VL: patches over two frames, gated layers, a merger of 2 × 2 patches."""
    hidden = vision.number("hidden_size") or 1280
    wide = vision.number("intermediate_size") or 3420
    patch, frames = vision.number("patch_size") or 14, vision.number("temporal_patch_size") or 2
    merged = hidden * (vision.number("spatial_merge_size") or 2) ** 2
    attention = 4 * hidden * hidden + 4 * hidden
    gated = 3 * hidden * wide + 2 * wide + hidden
    layers = (vision.number("depth") or 32) * (attention + gated + 2 * hidden)
    merger = hidden + merged * merged + merged + merged * text + text
    return 3 * frames * patch * patch * hidden + layers + merger


def _gemma3(vision: Picker, text: int) -> int:
    """Gemma 3: SigLIP without its head, and one matrix to the language model."""
    hidden = vision.number("hidden_size") or 1152
    wide = vision.number("intermediate_size") or 4304
    patch, image = vision.number("patch_size") or 14, vision.number("image_size") or 896
    embeddings = 3 * patch * patch * hidden + hidden + (image // patch) ** 2 * hidden
    layer = 4 * (hidden * hidden + hidden) + 2 * hidden * wide + wide + hidden + 4 * hidden
    layers = (vision.number("num_hidden_layers") or 27) * layer
    return embeddings + layers + 2 * hidden + hidden * text + hidden


_KINDS: Final[Mapping[str, Callable[[Picker, int], int]]] = {
    "qwen2_5_vl": _qwen2_5,
    "gemma3": _gemma3,
}
