"""A model's dimensions from its config, and what follows from them; pure arithmetic.

Parameters are summed over the matrices that the dimensions give; for kinds of models whose
matrices are not known here the sum is None, never a guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

GATED: Final = frozenset(
    [
        "llama",
        "mistral",
        "mixtral",
        "qwen2",
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
    ]
)
"""Decoders with a gate, an up and a down matrix."""
ENCODERS: Final = frozenset({"bert", "roberta", "xlm-roberta"})
_FOUR_NORMS: Final = frozenset({"gemma2", "gemma3", "gemma3_text", "glm4"})
_BIASED: Final = frozenset({"qwen2", "qwen2_moe", "chatglm"})
"""Query, key and value have a bias where the config does not say so."""
_TIED: Final = frozenset({"gemma", "gemma2", "gemma3", "gemma3_text"})
"""One matrix for reading and writing tokens where the config does not say so."""
_NORMED_HEADS: Final = frozenset({"qwen3", "qwen3_moe", "gemma3", "gemma3_text"})


@dataclass(frozen=True, slots=True)
class Shape:
    kind: str
    """`model_type` of the config, or the architecture of a GGUF file."""
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    context: int
    """Longest that the model was made for, in tokens."""
    window: int | None = None
    """Tokens that sliding layers look back."""
    sliding_layers: int = 0
    latent: int | None = None
    """Numbers kept a token and layer where keys and values are compressed (DeepSeek's MLA)."""
    parameters: int | None = None

    def kv_bytes_per_token(self, number_bytes: float = 2.0) -> float:
        """Of a layer-complete token: keys and values of every layer."""
        each = self.latent or 2 * self.kv_heads * self.head_dim
        return self.layers * each * number_bytes

    def kv_bytes(self, context: int, concurrency: int = 1, number_bytes: float = 2.0) -> float:
        """The cache of so many conversations of so many tokens."""
        full = self.layers - self.sliding_layers
        short = min(context, self.window or context)
        tokens = (full * context + self.sliding_layers * short) / max(self.layers, 1)
        return self.kv_bytes_per_token(number_bytes) * tokens * concurrency

    def lora_parameters(self, rank: int = 16) -> int:
        """What LoRA on all linear layers adds."""
        q, kv = self.heads * self.head_dim, self.kv_heads * self.head_dim
        pairs = [(self.hidden, q), (self.hidden, kv), (self.hidden, kv), (q, self.hidden)]
        pairs += [(self.hidden, self.intermediate)] * 2 + [(self.intermediate, self.hidden)]
        return self.layers * rank * sum(rows + columns for rows, columns in pairs)

    def activations(self, tokens: int) -> float:
        """Bytes while training on so many tokens at once, checkpointed: each layer's input, one
        layer in full, and the logits in 32 bits with their gradient."""
        inputs = self.layers * tokens * self.hidden * 2
        layer = tokens * (18 * self.hidden + 4 * self.intermediate) * 2
        return inputs + layer + tokens * self.vocabulary * 4 * 2


def from_config(config: Mapping[str, Any]) -> Shape | None:
    """None where the config does not give the dimensions."""
    outer = config
    config = config.get("text_config") or config
    pick = _Picker({**outer, **config})
    kind = str(config.get("model_type") or outer.get("model_type") or "")
    layers = pick.number("num_hidden_layers", "n_layer", "num_layers", "n_layers")
    hidden = pick.number("hidden_size", "n_embd", "d_model")
    heads = pick.number("num_attention_heads", "n_head", "n_heads")
    if not (layers and hidden and heads):
        return None
    head_dim = pick.number("head_dim", "kv_channels") or hidden // heads
    kv_heads = pick.number("num_key_value_heads", "multi_query_group_num", "n_head_kv") or heads
    window, sliding = _sliding(config, layers, kind)
    shape = Shape(
        kind=kind,
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        intermediate=pick.number("intermediate_size", "ffn_hidden_size", "n_inner") or 4 * hidden,
        vocabulary=pick.number("vocab_size", "padded_vocab_size") or 0,
        context=pick.number("max_position_embeddings", "seq_length", "n_positions") or 0,
        window=window,
        sliding_layers=sliding,
        latent=_latent(pick),
    )
    return _with_parameters(shape, pick)


class _Picker:
    """The first of several names under which configs say the same."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config

    def number(self, *names: str) -> int | None:
        for name in names:
            value = self.config.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
        return None

    def flag(self, name: str, default: bool) -> bool:
        value = self.config.get(name)
        return value if isinstance(value, bool) else default


def _sliding(config: Mapping[str, Any], layers: int, kind: str) -> tuple[int | None, int]:
    window = config.get("sliding_window")
    if not isinstance(window, int) or config.get("use_sliding_window") is False:
        return None, 0
    if isinstance(types := config.get("layer_types"), list):
        return window, types.count("sliding_attention")
    if isinstance(pattern := config.get("sliding_window_pattern"), int) and pattern > 1:
        return window, layers - layers // pattern
    return window, layers - layers // {"gemma2": 2, "gemma3_text": 6, "gemma3": 6}.get(
        kind, layers + 1
    )


def _latent(pick: _Picker) -> int | None:
    rank, rope = pick.number("kv_lora_rank"), pick.number("qk_rope_head_dim")
    return rank + (rope or 0) if rank else None


def _with_parameters(shape: Shape, pick: _Picker) -> Shape:
    from dataclasses import replace

    if shape.latent is not None or "vision_config" in pick.config:
        return shape
    if shape.kind in GATED:
        return replace(shape, parameters=_decoder(shape, pick))
    if shape.kind in ENCODERS:
        return replace(shape, parameters=_encoder(shape, pick))
    return shape


def _decoder(shape: Shape, pick: _Picker) -> int:
    tied = pick.flag("tie_word_embeddings", shape.kind in _TIED)
    embeddings = shape.vocabulary * shape.hidden * (1 if tied else 2)
    norms = (4 if shape.kind in _FOUR_NORMS else 2) * shape.hidden
    layer = _attention(shape, pick) + _feed_forward(shape, pick) + norms
    return embeddings + shape.layers * layer + shape.hidden


def _attention(shape: Shape, pick: _Picker) -> int:
    q, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    count = shape.hidden * (q + 2 * kv) + q * shape.hidden
    biased = pick.flag("add_qkv_bias", pick.flag("attention_bias", shape.kind in _BIASED))
    if biased:
        count += q + 2 * kv
    return count + (2 * shape.head_dim if shape.kind in _NORMED_HEADS else 0)


def _feed_forward(shape: Shape, pick: _Picker) -> int:
    experts = pick.number("num_experts", "num_local_experts")
    if not experts:
        return 3 * shape.hidden * shape.intermediate
    each = pick.number("moe_intermediate_size") or shape.intermediate
    count = experts * 3 * shape.hidden * each + shape.hidden * experts
    if shared := pick.number("shared_expert_intermediate_size"):
        count += 3 * shape.hidden * shared + shape.hidden
    return count


def _encoder(shape: Shape, pick: _Picker) -> int:
    hidden, types = shape.hidden, pick.number("type_vocab_size") or 0
    embeddings = (shape.vocabulary + shape.context + types) * hidden + 2 * hidden
    attention = 4 * (hidden * hidden + hidden)
    feed_forward = 2 * hidden * shape.intermediate + shape.intermediate + hidden
    pooler = hidden * hidden + hidden
    return embeddings + shape.layers * (attention + feed_forward + 4 * hidden) + pooler
