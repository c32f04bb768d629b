"""What follows from a config's dimensions, against what publishers state."""

from typing import Any

import pytest

from bot.model.configs import from_config
from bot.model.fitting import GPU_OVERHEAD, USABLE
from bot.model.needs import GIB, Training, host_memory
from bot.model.quantising import quantised_bytes
from bot.model.recommended import (
    TYPICAL_CONCURRENCY,
    TYPICAL_CONTEXT,
    Recommended,
    best_for,
    recommended,
)
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


def gemma3(**text: int) -> dict[str, Any]:
    """As published: without what is as in transformers' own defaults."""
    text_config = {"model_type": "gemma3_text", "sliding_window": 1024, **text}
    vision = {
        "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27,
        "image_size": 896, "patch_size": 14, "vision_use_head": False,
    }  # fmt: skip
    return {"model_type": "gemma3", "text_config": text_config, "vision_config": vision}


QWEN3 = {"head_dim": 128, "attention_bias": False}
MLA = {"kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128}
EYES = {
    "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16,
    "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2, "out_hidden_size": 3584,
}  # fmt: skip
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
    "Qwen1.5-MoE-A2.7B": (
        dims("qwen2_moe", 2048, 5632, 16, 16, 24, 151936, tie_word_embeddings=False,
             num_experts=60, moe_intermediate_size=1408, shared_expert_intermediate_size=5632),
        14_315_784_192,
    ),
    "DeepSeek-V3": (
        dims("deepseek_v3", 7168, 18432, 128, 128, 61, 129280, tie_word_embeddings=False,
             n_routed_experts=256, n_shared_experts=1, moe_intermediate_size=2048,
             first_k_dense_replace=3, q_lora_rank=1536, **MLA),
        671_026_404_352,
    ),
    "DeepSeek-V2": (
        dims("deepseek_v2", 5120, 12288, 128, 128, 60, 102400, tie_word_embeddings=False,
             n_routed_experts=160, n_shared_experts=2, moe_intermediate_size=1536,
             first_k_dense_replace=1, q_lora_rank=1536, **MLA),
        235_741_434_880,
    ),
    "DeepSeek-V2-Lite": (
        dims("deepseek_v2", 2048, 10944, 16, 16, 27, 102400, tie_word_embeddings=False,
             n_routed_experts=64, n_shared_experts=2, moe_intermediate_size=1408,
             first_k_dense_replace=1, q_lora_rank=None, **MLA),
        15_706_484_224,
    ),
    "gpt-oss-20b": (
        dims("gpt_oss", 2880, 2880, 64, 8, 24, 201088, head_dim=64, num_local_experts=32,
             attention_bias=True, tie_word_embeddings=False, sliding_window=128),
        20_914_757_184,
    ),
    "gpt-oss-120b": (
        dims("gpt_oss", 2880, 2880, 64, 8, 36, 201088, head_dim=64, num_local_experts=128,
             attention_bias=True, tie_word_embeddings=False, sliding_window=128),
        116_829_156_672,
    ),
    "gemma-3-1b": (
        dims("gemma3_text", 1152, 6912, 4, 1, 26, 262144, head_dim=256, sliding_window=512),
        999_885_952,
    ),
    "gemma-3-4b": (gemma3(hidden_size=2560, intermediate_size=10240, num_hidden_layers=34),
                   4_300_079_472),
    "gemma-3-12b": (
        gemma3(hidden_size=3840, intermediate_size=15360, num_hidden_layers=48,
               num_attention_heads=16, num_key_value_heads=8),
        12_187_325_040,
    ),
    "gemma-3-27b": (
        gemma3(hidden_size=5376, intermediate_size=21504, num_hidden_layers=62,
               num_attention_heads=32, num_key_value_heads=16, head_dim=128),
        27_432_406_640,
    ),
    "Qwen2.5-VL-7B": ({**QWEN7, "model_type": "qwen2_5_vl", "vision_config": EYES},
                      8_292_166_656),
    "Qwen2.5-VL-3B": (
        {"model_type": "qwen2_5_vl", "vision_config": {**EYES, "out_hidden_size": 2048},
         "text_config": dims("qwen2_5_vl_text", 2048, 11008, 16, 2, 36, 151936),
         "tie_word_embeddings": True},
        3_754_622_976,
    ),
    "Qwen2.5-VL-72B": (
        dims("qwen2_5_vl", 8192, 29568, 64, 8, 80, 152064, tie_word_embeddings=False,
             vision_config={**EYES, "intermediate_size": 3456, "out_hidden_size": 8192}),
        73_410_777_344,
    ),
    "bge-m3": (
        dims("xlm-roberta", 1024, 4096, 16, 16, 24, 250002, max_position_embeddings=8194,
             type_vocab_size=1),
        567_754_752,
    ),
}  # fmt: skip


STATED = {
    "DeepSeek-V3": 671e9,
    "DeepSeek-V2": 236e9,
    "DeepSeek-V2-Lite": 15.7e9,
    "gpt-oss-20b": 20.91e9,
    "gpt-oss-120b": 116.83e9,
    "gemma-3-1b": (302 + 698) * 1e6,
    "gemma-3-4b": (417 + 675 + 3_209) * 1e6,
    "gemma-3-12b": (417 + 1_012 + 10_759) * 1e6,
    "gemma-3-27b": (417 + 1_416 + 25_600) * 1e6,
    "Mixtral-8x7B": 46.7e9,
    "Qwen3-30B-A3B": 30.5e9,
    "Qwen1.5-MoE-A2.7B": 14.3e9,
}
"""In the publishers' own words: README of DeepSeek-V3 and -V2, paper of V2 for Lite, OpenAI's
gpt-oss model card (table 1), the Gemma 3 technical report (table 1: vision, embedding and other
parameters), Mistral's and Qwen's announcements. The numbers above are what transformers 5.24
counts in its own model of that config (on torch's meta device)."""


@pytest.mark.parametrize("name", STATED)
def test_the_parameters_are_what_the_publisher_says(name: str) -> None:
    shape = from_config(PUBLISHED[name][0])
    assert shape is not None
    assert shape.parameters == pytest.approx(STATED[name], rel=0.005)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_parameters_are_those_that_are_published(name: str) -> None:
    config, count = PUBLISHED[name]
    shape = from_config(config)
    assert shape is not None
    assert shape.parameters == count


TALKING = [row for row in recommended() if row.role in ("chat", "taiwan")]


@pytest.mark.parametrize("row", TALKING, ids=lambda row: row.name)
def test_the_recommended_sizes_are_computed_ones(row: Recommended) -> None:
    """And two conversations fit the memory that the row is for."""
    counts = {count for _, count in PUBLISHED.values()} | {1_777_088_000}
    assert row.parameters in counts or "B parameters" in row.source
    needed = row.weights + row.cache(TYPICAL_CONTEXT, TYPICAL_CONCURRENCY)
    if row.memory_gib:
        assert needed <= row.memory_gib * GIB * USABLE - GPU_OVERHEAD
    assert row.source


@pytest.mark.parametrize("row", [row for row in TALKING if row.form in ("AWQ", "FP8")])
def test_the_recommended_quantised_sizes_are_summed(row: Recommended) -> None:
    told = {"quant_method": row.form.lower(), "bits": 4, "group_size": 128}
    config = next(config for config, count in PUBLISHED.values() if count == row.parameters)
    shape = from_config(config)
    assert shape is not None
    assert shape.parts is not None
    assert row.weights == pytest.approx(quantised_bytes(shape.parts, told), rel=0.02)


@pytest.mark.parametrize("row", TALKING, ids=lambda row: row.name)
def test_the_recommended_caches_are_those_of_the_shape(row: Recommended) -> None:
    found = [config for config, count in PUBLISHED.values() if count == row.parameters]
    if "TAIDE-12b" in row.name:
        found = [PUBLISHED["gemma-3-12b"][0]]
    for shape in filter(None, map(from_config, found)):
        assert row.cache(32768, 3) == shape.kv_bytes(32768, 3)


def test_the_best_for_a_memory_is_the_largest_that_fits() -> None:
    assert best_for(31.3 * GIB).name == "Qwen/Qwen3-32B-AWQ"
    assert best_for(23.5 * GIB).memory_gib == 20
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


def test_of_alternating_layers_half_slide() -> None:
    """gpt-oss: 12 layers of 24 keep 128 tokens, the others all."""
    shape = from_config(PUBLISHED["gpt-oss-20b"][0])
    assert shape is not None
    assert (shape.window, shape.sliding_layers) == (128, 12)
    assert shape.kv_bytes(8192) == 2 * 8 * 64 * 2 * (12 * 8192 + 12 * 128)


def test_gemma_3_keeps_a_sixth_of_its_layers_whole() -> None:
    shape = from_config(PUBLISHED["gemma-3-27b"][0])
    assert shape is not None
    assert (shape.window, shape.sliding_layers) == (1024, 52)
    assert shape.kv_bytes(32768) == 2 * 16 * 128 * 2 * (10 * 32768 + 52 * 1024)


def test_compressed_keys_and_values() -> None:
    """DeepSeek keeps 512 + 64 numbers a token and layer, on every GPU that takes part."""
    shape = from_config(PUBLISHED["DeepSeek-V3"][0])
    assert shape is not None
    assert shape.kv_bytes_per_token() == 61 * 576 * 2
    assert (shape.kv_copies(1), shape.kv_copies(8)) == (1, 8)


def test_more_gpus_than_heads_keep_some_twice() -> None:
    shape = from_config(QWEN7)
    assert shape is not None
    assert [shape.kv_copies(gpus) for gpus in (1, 2, 4, 8)] == [1, 1, 1, 2]


@pytest.mark.parametrize(
    ("name", "told", "size"),
    [
        ("gpt-oss-20b", {"quant_method": "mxfp4"}, 12.8 * GIB),
        ("gpt-oss-120b", {"quant_method": "mxfp4"}, 60.8 * GIB),
        ("Qwen3-8B", {"quant_method": "awq", "bits": 4, "group_size": 128}, 6.1e9),
        ("Qwen3-8B", {"quant_method": "fp8", "weight_block_size": [128, 128]}, 9.4e9),
    ],
)
def test_quantised_weights_are_summed_as_they_are_packed(
    name: str, told: dict[str, Any], size: float
) -> None:
    """The first two as OpenAI's model card states the checkpoints."""
    shape = from_config(PUBLISHED[name][0])
    assert shape is not None
    assert shape.parts is not None
    assert quantised_bytes(shape.parts, told) == pytest.approx(size, rel=0.02)
    assert quantised_bytes(shape.parts, {"quant_method": "unheard-of"}) is None


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


def test_what_sees_in_an_unknown_way_has_no_sum() -> None:
    config = {"model_type": "llava", "vision_config": {}, "text_config": QWEN7}
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
