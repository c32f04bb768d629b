"""Parameters, summed over the matrices that a model's dimensions give.

For kinds of models whose matrices are not known here the sum is None, never a guess; the tests
hold the sums against those that the publishers state.
"""

from collections.abc import Mapping
from typing import Any, Final

from bot.model import seeing
from bot.model.picking import Picker
from bot.model.shape import Parts, Shape

GATED: Final = frozenset(
    [
        "llama",
        "mistral",
        "mixtral",
        "qwen2",
        "qwen2_5_vl",
        "qwen2_5_vl_text",
        "qwen3",
        "qwen2_moe",
        "qwen3_moe",
        "gemma",
        "gemma2",
        "gemma3",
        "gemma3_text",
        "phi3",
        "internlm2",
        "yi",
        "glm",
        "glm4",
        "mistral3",
        "chatglm",
        "baichuan",
        "deepseek_v2",
        "deepseek_v3",
        "kimi_k2",
    ]
)
"""Decoders with a gate, an up and a down matrix."""
ENCODERS: Final = frozenset({"bert", "roberta", "xlm-roberta"})
_FOUR_NORMS: Final = frozenset({"gemma2", "gemma3", "gemma3_text", "glm4"})
_BIASED: Final = frozenset({"qwen2", "qwen2_5_vl", "qwen2_5_vl_text", "qwen2_moe", "chatglm"})
"""Query, key and value have a bias where the config does not say so."""
_TIED: Final = frozenset({"gemma", "gemma2", "gemma3", "gemma3_text"})
"""One matrix for reading and writing tokens where the config does not say so."""
_NORMED_HEADS: Final = frozenset({"qwen3", "qwen3_moe", "gemma3", "gemma3_text"})


def count(shape: Shape, pick: Picker, config: Mapping[str, Any]) -> Parts | None:
    """`config`: the whole of it, with the part that sees."""
    seen = 0
    if isinstance(vision := config.get("vision_config"), Mapping):
        eyes = seeing.count(str(config.get("model_type")), Picker(vision), shape.hidden)
        if eyes is None:
            return None
        seen = eyes
    if shape.kind in ENCODERS:
        return _encoder(shape, pick)
    parts = _decoder(shape, pick)
    return Parts(parts.embeddings + seen, parts.other, parts.experts) if parts else None


def _decoder(shape: Shape, pick: Picker) -> Parts | None:
    if shape.kind not in GATED and shape.kind != "gpt_oss":
        return None
    tied = pick.flag("tie_word_embeddings", shape.kind in _TIED)
    embeddings = shape.vocabulary * shape.hidden * (1 if tied else 2)
    norms = (4 if shape.kind in _FOUR_NORMS else 2) * shape.hidden
    attention = _compressed(shape, pick) if shape.latent else _attention(shape, pick)
    dense, sparse = _dense_layers(shape, pick), shape.layers - _dense_layers(shape, pick)
    experts, router = _experts(shape, pick) if sparse else (0, 0)
    other = shape.layers * (attention + norms) + shape.hidden + sparse * router
    other += dense * 3 * shape.hidden * shape.intermediate
    return Parts(embeddings, other, sparse * experts)


def _attention(shape: Shape, pick: Picker) -> int:
    q, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    count = shape.hidden * (q + 2 * kv) + q * shape.hidden
    if shape.kind == "gpt_oss":  # biases everywhere, and a sink for each head
        return count + q + 2 * kv + shape.hidden + shape.heads
    if pick.flag("add_qkv_bias", pick.flag("attention_bias", shape.kind in _BIASED)):
        count += q + 2 * kv
    return count + (2 * shape.head_dim if shape.kind in _NORMED_HEADS else 0)


def _compressed(shape: Shape, pick: Picker) -> int:
    """Multi-head latent attention: down to a latent, normed, up to the heads."""
    plain, rope = pick.number("qk_nope_head_dim") or 0, pick.number("qk_rope_head_dim") or 0
    value, rank = pick.number("v_head_dim") or 0, pick.number("kv_lora_rank") or 0
    query = shape.heads * (plain + rope)
    count = shape.hidden * (rank + rope) + rank + rank * shape.heads * (plain + value)
    count += shape.heads * value * shape.hidden
    if down := pick.number("q_lora_rank"):
        return count + shape.hidden * down + down + down * query
    return count + shape.hidden * query


def _dense_layers(shape: Shape, pick: Picker) -> int:
    if not _expert_count(pick):
        return shape.layers
    return pick.number("first_k_dense_replace") or 0


def _expert_count(pick: Picker) -> int | None:
    return pick.number("num_experts", "num_local_experts", "n_routed_experts")


def _experts(shape: Shape, pick: Picker) -> tuple[int, int]:
    """Of one layer: its experts, and what chooses among them."""
    number, hidden = _expert_count(pick) or 0, shape.hidden
    each = pick.number("moe_intermediate_size") or shape.intermediate
    experts, router = number * 3 * hidden * each, hidden * number
    if shape.kind == "gpt_oss":
        return experts + number * (2 * each + hidden), router + number
    experts += (pick.number("n_shared_experts") or 0) * 3 * hidden * each
    if shared := pick.number("shared_expert_intermediate_size"):
        experts, router = experts + 3 * hidden * shared, router + hidden
    return experts, router


def _encoder(shape: Shape, pick: Picker) -> Parts:
    hidden, types = shape.hidden, pick.number("type_vocab_size") or 0
    embeddings = (shape.vocabulary + shape.context + types) * hidden + 2 * hidden
    attention = 4 * (hidden * hidden + hidden)
    feed_forward = 2 * hidden * shape.intermediate + shape.intermediate + hidden
    pooler = hidden * hidden + hidden
    return Parts(embeddings, shape.layers * (attention + feed_forward + 4 * hidden) + pooler)
