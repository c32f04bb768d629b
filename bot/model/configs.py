"""What a `config.json` says of a model's dimensions, under the names that different kinds use."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bot.model.counting import count
from bot.model.picking import Picker
from bot.model.shape import Shape

_DEFAULTS: Final[Mapping[str, Mapping[str, int]]] = {
    "gemma3_text": {
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "vocab_size": 262208,
        "sliding_window": 4096,
        "max_position_embeddings": 131072,
    },
    "deepseek_v2": {"qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128},
    "deepseek_v3": {"qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128},
    "gpt_oss": {"num_key_value_heads": 8, "head_dim": 64, "sliding_window": 128},
}
"""What transformers' own config classes fill in where the published file leaves it out, as
Gemma 3's does."""
_FULL_EVERY: Final = {"gemma2": 2, "gemma3": 6, "gemma3_text": 6, "gpt_oss": 2, "gpt-oss": 2}
"""One layer in so many sees the whole text, where the config does not list them."""


def from_config(config: Mapping[str, Any]) -> Shape | None:
    """None where the config does not give the dimensions."""
    inner = config.get("text_config") or config
    kind = str(inner.get("model_type") or config.get("model_type") or "")
    pick = Picker({**_DEFAULTS.get(kind, {}), **config, **inner})
    layers = pick.number("num_hidden_layers", "n_layer", "num_layers", "n_layers")
    hidden = pick.number("hidden_size", "n_embd", "d_model")
    heads = pick.number("num_attention_heads", "n_head", "n_heads")
    if not (layers and hidden and heads):
        return None
    window, sliding = _sliding(pick, layers, kind)
    shape = Shape(
        kind=kind,
        layers=layers,
        hidden=hidden,
        heads=heads,
        kv_heads=pick.number("num_key_value_heads", "multi_query_group_num", "n_head_kv") or heads,
        head_dim=pick.number("head_dim", "kv_channels") or hidden // heads,
        intermediate=pick.number("intermediate_size", "ffn_hidden_size", "n_inner") or 4 * hidden,
        vocabulary=pick.number("vocab_size", "padded_vocab_size") or 0,
        context=pick.number("max_position_embeddings", "seq_length", "n_positions") or 0,
        window=window,
        sliding_layers=sliding,
        latent=_latent(pick),
    )
    parts = count(shape, pick, config)
    return replace(shape, parts=parts, parameters=parts.total) if parts else shape


def sliding_layers(kind: str, layers: int, pattern: int | None = None) -> int:
    """Of a model that has a window: all, but for one in so many."""
    every = pattern or _FULL_EVERY.get(kind)
    return layers - layers // every if every else layers


def _sliding(pick: Picker, layers: int, kind: str) -> tuple[int | None, int]:
    window = pick.number("sliding_window")
    if window is None or not pick.flag("use_sliding_window", not kind.startswith("qwen")):
        return None, 0
    if isinstance(types := pick.config.get("layer_types"), list):
        return window, types.count("sliding_attention")
    return window, sliding_layers(kind, layers, pick.number("sliding_window_pattern"))


def _latent(pick: Picker) -> int | None:
    rank, rope = pick.number("kv_lora_rank"), pick.number("qk_rope_head_dim")
    return rank + (rope or 0) if rank else None
