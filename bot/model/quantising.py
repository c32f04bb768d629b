"""Bytes of quantised weights before they are here, from what the config says of them."""

from collections.abc import Mapping
from typing import Any, Final

from bot.model.shape import Parts

WHOLE: Final = 2.0
"""Bytes a parameter that stays as it is: embeddings and norms, in 16 bits."""
_MXFP4_BITS: Final = 4.25
"""Blocks of 32 numbers of 4 bits share a scale of 8."""
_NF4_BITS: Final = 4.13
"""With constants that are quantised in turn."""


def quantised_bytes(parts: Parts, told: Mapping[str, Any]) -> float | None:
    """`told`: the config's `quantization_config`. None for methods not known here."""
    bits = _bits(told)
    if bits is None:
        return None
    packed = parts.experts + (0 if told.get("quant_method") == "mxfp4" else parts.other)
    return packed * bits / 8 + (parts.total - packed) * WHOLE


def _bits(told: Mapping[str, Any]) -> float | None:
    match told.get("quant_method"):
        case "mxfp4":
            return _MXFP4_BITS
        case "fp8" | "fbgemm_fp8":
            return 8.0
        case "bitsandbytes":
            return _NF4_BITS if told.get("load_in_4bit") else 8.0
        case "awq" | "gptq":
            bits = int(told.get("bits") or told.get("w_bit") or 4)
            return _grouped(bits, told.get("group_size") or told.get("q_group_size") or 128)
        case "compressed-tensors":
            return _compressed(told)
    return None


def _grouped(bits: int, group: int) -> float:
    """A group shares a scale of 16 bits and a zero of its own size."""
    return bits + ((16 + bits) / group if group > 0 else 0)


def _compressed(told: Mapping[str, Any]) -> float | None:
    groups = told.get("config_groups")
    first: Any = next(iter(groups.values()), None) if isinstance(groups, Mapping) else None
    weights = (first or {}).get("weights") or {}
    bits, group = weights.get("num_bits"), weights.get("group_size")
    if not isinstance(bits, int):
        return None
    return _grouped(bits, group) if isinstance(group, int) else float(bits)
