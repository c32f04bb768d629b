"""What follows from a config's dimensions, against what publishers state."""

from typing import Any

import pytest

from bot.model.fitting import GPU_OVERHEAD, USABLE
from bot.model.needs import GIB, Training, host_memory
from bot.model.recommended import (
    TYPICAL_CONCURRENCY,
    TYPICAL_CONTEXT,
    Recommended,
    best_for,
    recommended,
)
from bot.model.shape import from_config
from tests.support.model_files import QWEN7


def dims(kind: str, *numbers: int, **more: Any) -> dict[str, Any]:
    names = (
        "hidden_size",
        "intermediate_size",
        "num_attention_heads",
        "num_key_value_heads",
        "num_hidden_layers",
        "vocab_size",
    )
    return {"model_type": kind, **dict(zip(names, numbers, strict=True)), **more}


QWEN3 = {"head_dim": 128, "attention_bias": False}
PUBLISHED = {
    "Qwen2.5-7B": (QWEN7, 7_615_616_512),
    "Qwen3-4B": (
        dims("qwen3", 2560, 9728, 32, 8, 36, 151936, tie_word_embeddings=True, **QWEN3),
        4_022_468_096,
    ),
    "Qwen3-8B": (
        dims("qwen3", 4096, 12288, 32, 8, 36, 151936, tie_word_embeddings=False, **QWEN3),
        8_190_735_360,
    ),
    "Qwen3-14B": (
        dims("qwen3", 5120, 17408, 40, 8, 40, 151936, tie_word_embeddings=False, **QWEN3),
        14_768_307_200,
    ),
    "Qwen3-32B": (
        dims("qwen3", 5120, 25600, 64, 8, 64, 151936, tie_word_embeddings=False, **QWEN3),
        32_762_123_264,
    ),
    "Qwen3-30B-A3B": (
        dims("qwen3_moe", 2048, 6144, 32, 4, 48, 151936, tie_word_embeddings=False,
             num_experts=128, moe_intermediate_size=768, **QWEN3),
        30_532_122_624,
    ),
    "Llama-3.1-8B": (
        dims("llama", 4096, 14336, 32, 8, 32, 128256, tie_word_embeddings=False),
        8_030_261_248,
    ),
    "Yi-6B": (
        dims("llama", 4096, 11008, 32, 4, 32, 64000, tie_word_embeddings=False),
        6_061_035_520,
    ),
    "Mixtral-8x7B": (
        dims("mixtral", 4096, 14336, 32, 8, 32, 32000, num_local_experts=8),
        46_702_792_704,
    ),
    "gemma-2-9b": (
        dims("gemma2", 3584, 14336, 16, 8, 42, 256000, head_dim=256, sliding_window=4096),
        9_241_705_984,
    ),
    "bge-m3": (
        dims("xlm-roberta", 1024, 4096, 16, 16, 24, 250002, max_position_embeddings=8194,
             type_vocab_size=1),
        567_754_752,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_parameters_are_those_that_are_published(name: str) -> None:
    config, count = PUBLISHED[name]
    shape = from_config(config)
    assert shape is not None
    assert shape.parameters == count


@pytest.mark.parametrize("row", [row for row in recommended() if row.role == "chat"])
def test_the_recommended_sizes_are_computed_ones(row: Recommended) -> None:
    """And two conversations fit the memory that the row is for."""
    counts = {count for _, count in PUBLISHED.values()} | {1_777_088_000}
    assert row.parameters in counts
    needed = row.weights + row.cache(TYPICAL_CONTEXT, TYPICAL_CONCURRENCY)
    if row.memory_gib:
        assert needed <= row.memory_gib * GIB * USABLE - GPU_OVERHEAD


def test_the_best_for_a_memory_is_the_largest_that_fits() -> None:
    assert best_for(23.5 * GIB).memory_gib == 24
    assert best_for(22 * GIB).memory_gib == 20
    assert best_for(0).memory_gib == 0


def test_the_cache_of_a_conversation() -> None:
    """28 layers × 4 heads × 128 × keys and values × 2 bytes: 56 KiB a token."""
    shape = from_config(QWEN7)
    assert shape is not None
    assert shape.kv_bytes_per_token() == 57_344
    assert shape.kv_bytes(4096, 3) == 57_344 * 4096 * 3


def test_sliding_layers_keep_only_their_window() -> None:
    shape = from_config(PUBLISHED["gemma-2-9b"][0])
    assert shape is not None
    assert (shape.window, shape.sliding_layers) == (4096, 21)
    assert shape.kv_bytes(8192) == shape.kv_bytes_per_token() / 42 * (21 * 8192 + 21 * 4096)
    listed = dims("gemma3_text", 8, 8, 2, 1, 4, 10, sliding_window=16)
    listed["layer_types"] = ["sliding_attention"] * 3 + ["full_attention"]
    found = from_config(listed)
    assert found is not None
    assert found.sliding_layers == 3


def test_compressed_keys_and_values() -> None:
    """DeepSeek keeps 512 + 64 numbers a token and layer; its matrices are not summed here."""
    config = dims("deepseek_v3", 7168, 18432, 128, 128, 61, 129280)
    shape = from_config({**config, "kv_lora_rank": 512, "qk_rope_head_dim": 64})
    assert shape is not None
    assert shape.kv_bytes_per_token() == 61 * 576 * 2
    assert shape.parameters is None


def test_other_names_for_the_same() -> None:
    config = {
        "model_type": "chatglm", "num_layers": 28, "hidden_size": 4096, "ffn_hidden_size": 13696,
        "num_attention_heads": 32, "multi_query_group_num": 2, "kv_channels": 128,
        "padded_vocab_size": 65024, "seq_length": 8192, "add_qkv_bias": True,
    }  # fmt: skip
    shape = from_config(config)
    assert shape is not None
    assert (shape.kv_heads, shape.vocabulary, shape.context) == (2, 65024, 8192)
    assert shape.parameters == 6_243_584_000


def test_the_text_part_of_a_model_that_sees() -> None:
    config = {"model_type": "gemma3", "vision_config": {}, "text_config": QWEN7}
    shape = from_config(config)
    assert shape is not None
    assert shape.layers == 28
    assert shape.parameters is None


@pytest.mark.parametrize("config", [{}, {"model_type": "mamba", "hidden_size": 8}])
def test_what_gives_no_dimensions_gives_no_shape(config: dict[str, Any]) -> None:
    assert from_config(config) is None


def test_a_kind_that_is_not_known_is_not_guessed() -> None:
    shape = from_config(dims("brandnew", 8, 8, 2, 2, 2, 10))
    assert shape is not None
    assert shape.parameters is None


def test_what_lora_adds() -> None:
    """Rank 16 on all linear layers of a 7B model: 40.4 million, as PEFT counts them."""
    shape = from_config(QWEN7)
    assert shape is not None
    assert shape.lora_parameters(16) == 40_370_176


def test_fine_tuning_in_bytes_a_parameter() -> None:
    full = Training(10**9, 10**9, "full", 0.0)
    lora = Training(10**9, 10**7, "lora", 0.0)
    qlora = Training(10**9, 10**7, "qlora", 5.0)
    assert (full.total, lora.total) == (16e9, 2e9 + 16e7)
    assert qlora.total == 10**9 * 0.57 + 16e7 + 5


def test_what_the_host_holds() -> None:
    plain = host_memory(1e9, "bfloat16", processes=4)
    assert (plain.least, plain.with_buffers) == (8e9, 8e9)
    stage2 = host_memory(1e9, "float32", offload=True, zero_stage=2)
    assert (stage2.least, stage2.with_buffers) == (16e9, 24e9)
    assert host_memory(1e9, "float32", offload=True, zero_stage=3).least == 18e9
    assert host_memory(1e9, "bfloat16", trained=1e7, offload=True).least == 2e9
