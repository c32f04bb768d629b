"""Model files are described from their headers, and broken ones in one sentence."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bot.errors import ConfigError
from bot.model.described import describe_path
from bot.model.modelfile import EMBEDDED
from tests.support import model_files
from tests.support.model_files import QWEN7, TEMPLATE

METADATA: dict[str, Any] = {
    "general.architecture": "qwen2",
    "general.file_type": 15,
    "qwen2.block_count": 28,
    "qwen2.embedding_length": 1536,
    "qwen2.attention.head_count": 12,
    "qwen2.attention.head_count_kv": 2,
    "qwen2.context_length": 32768,
    "qwen2.rope.freq_base": 1e6,
    "tokenizer.ggml.tokens": ["a", "b", "c"],
    "tokenizer.ggml.token_type": [1, 1, 1],
    "tokenizer.ggml.add_bos_token": False,
    "tokenizer.chat_template": TEMPLATE,
}


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        describe_path(path)
    return caught.value.code


def test_a_gguf_file(tmp_path: Path) -> None:
    tensors = {"a": (1536, 100), "b": (7,)}
    path = model_files.gguf(tmp_path / "m.gguf", METADATA, tensors)
    model = describe_path(path)
    assert model.shape is not None
    assert (model.form, model.dtype, model.chat_template) == ("gguf", "Q4_K_M", TEMPLATE)
    assert model.parameters == 1536 * 100 + 7
    assert model.weights == path.stat().st_size
    assert model.shape.kv_bytes_per_token() == 28 * 2 * 2 * 128 * 2
    assert (model.shape.vocabulary, model.shape.context) == (3, 32768)
    assert not model.is_encoder


def test_sliding_layers_and_compressed_attention_of_a_gguf(tmp_path: Path) -> None:
    named = {"general.architecture": "gpt-oss", "gpt-oss.attention.sliding_window": 128}
    named |= {
        f"gpt-oss.{name.removeprefix('qwen2.')}": value
        for name, value in METADATA.items()
        if name.startswith("qwen2.")
    }
    shape = describe_path(model_files.gguf(tmp_path / "s.gguf", named)).shape
    assert shape is not None
    assert (shape.window, shape.sliding_layers) == (128, 14)
    more = {"qwen2.attention.kv_lora_rank": 512, "qwen2.rope.dimension_count": 64}
    latent = describe_path(model_files.gguf(tmp_path / "l.gguf", {**METADATA, **more})).shape
    assert latent is not None
    assert latent.kv_bytes_per_token() == 28 * 576 * 2


def test_a_folder_without_weights_is_sized_by_the_best_that_is_known(tmp_path: Path) -> None:
    """The index before the sum over the dimensions, and that before nothing."""
    (tmp_path / "config.json").write_text(json.dumps(QWEN7))
    summed = describe_path(tmp_path)
    assert (summed.weights, summed.source) == (7_615_616_512 * 2, "config")
    awq = {**QWEN7, "quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128}}
    (tmp_path / "config.json").write_text(json.dumps(awq))
    assert describe_path(tmp_path).weights == pytest.approx(5.57e9, rel=0.01)
    (tmp_path / "config.json").write_text(json.dumps({**QWEN7, "model_type": "brandnew"}))
    assert describe_path(tmp_path).weights is None
    index = {"metadata": {"total_size": 12345}, "weight_map": {"a": "model-1.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    indexed = describe_path(tmp_path)
    assert (indexed.weights, indexed.source, indexed.parameters) == (12345, "index", None)
    assert indexed.missing == ("model-1.safetensors",)


def test_a_split_gguf_is_summed_and_needs_all_its_parts(tmp_path: Path) -> None:
    first = model_files.gguf(tmp_path / "m-00001-of-00002.gguf", METADATA, {"a": (10,)})
    assert refusal(first) == "check.parts_missing"
    model_files.gguf(tmp_path / "m-00002-of-00002.gguf", {}, {"b": (5,)})
    assert describe_path(first).parameters == 15
    assert describe_path(tmp_path).parameters == 15


@pytest.mark.parametrize("cut", [3, 6, 20, 60, 200])
def test_a_gguf_cut_anywhere_is_damaged(tmp_path: Path, cut: int) -> None:
    path = model_files.gguf(tmp_path / "m.gguf", METADATA)
    path.write_bytes(path.read_bytes()[:cut])
    assert refusal(path) == "check.gguf_damaged"


def test_a_gguf_of_absurd_lengths_is_damaged_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF\x03\0\0\0" + b"\xff" * 64)
    assert refusal(path) == "check.gguf_damaged"


def test_something_else_is_no_gguf(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"PK\x03\x04 zip")
    assert refusal(path) == "check.gguf_damaged"


def test_a_folder_is_counted_from_the_headers_of_its_weights(tmp_path: Path) -> None:
    model = describe_path(model_files.folder(tmp_path / "mine", QWEN7))
    assert (model.name, model.form, model.dtype) == ("mine", "folder", "bfloat16")
    assert model.parameters == 5010
    assert model.weights is not None
    assert model.weights > 5010 * 2
    assert model.chat_template == TEMPLATE
    assert model.missing == ()


def test_a_folder_without_weights_is_computed_from_its_config(tmp_path: Path) -> None:
    path = model_files.folder(tmp_path / "m", QWEN7, template=None)
    (path / "model.safetensors").unlink()
    model = describe_path(path)
    assert (model.parameters, model.weights) == (7_615_616_512, 7_615_616_512 * 2)
    assert model.missing == ("*.safetensors",)
    assert model.chat_template is None


def test_a_chat_template_of_its_own_file(tmp_path: Path) -> None:
    path = model_files.folder(tmp_path / "m", QWEN7, template=None)
    (path / "chat_template.jinja").write_text("{{ raise_exception('System role not supported') }}")
    assert describe_path(path).refuses_system_role


def test_named_chat_templates(tmp_path: Path) -> None:
    path = model_files.folder(tmp_path / "m", QWEN7)
    named = [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]
    (path / "tokenizer_config.json").write_text(json.dumps({"chat_template": named}))
    assert describe_path(path).chat_template == "d"


def test_weights_that_the_index_names_and_are_not_there(tmp_path: Path) -> None:
    path = model_files.folder(tmp_path / "m", QWEN7)
    files = {"a": "model.safetensors", "b": "model-00002.safetensors"}
    (path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))
    assert describe_path(path).missing == ("model-00002.safetensors",)


def test_packed_weights_are_not_counted_as_parameters(tmp_path: Path) -> None:
    config = {**QWEN7, "quantization_config": {"quant_method": "awq", "bits": 4}}
    model = describe_path(model_files.folder(tmp_path / "m", config))
    assert (model.dtype, model.parameters) == ("awq", 7_615_616_512)
    assert model.is_quantised


def test_an_adapter_is_told_from_a_model(tmp_path: Path) -> None:
    config = {"peft_type": "LORA", "base_model_name_or_path": "Qwen/Qwen3-8B"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    assert describe_path(tmp_path).is_adapter


def test_an_encoder_is_told_from_a_model_that_talks(tmp_path: Path) -> None:
    config = {**QWEN7, "model_type": "xlm-roberta", "architectures": ["XLMRobertaModel"]}
    assert describe_path(model_files.folder(tmp_path / "m", config)).is_encoder
    assert not describe_path(model_files.folder(tmp_path / "n", QWEN7)).is_encoder


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "check.weights_pointer"),
        (b"\xff" * 64, "check.weights_damaged"),
        (b"", "check.weights_damaged"),
        (b"\x02\0\0\0\0\0\0\0[]", "check.weights_damaged"),
    ],
)
def test_weights_that_are_none(tmp_path: Path, content: bytes, code: str) -> None:
    path = model_files.folder(tmp_path / "m", QWEN7)
    (path / "model.safetensors").write_bytes(content)
    assert refusal(path) == code


def test_a_download_that_stopped_half_way(tmp_path: Path) -> None:
    path = model_files.folder(tmp_path / "m", QWEN7)
    weights = path / "model.safetensors"
    os.truncate(weights, weights.stat().st_size - 1)
    assert refusal(path) == "check.weights_damaged"


def test_folders_that_are_no_model(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "check.no_config"
    model_files.gguf(tmp_path / "a.gguf", METADATA)
    assert describe_path(tmp_path).form == "gguf"
    model_files.gguf(tmp_path / "b.gguf", METADATA)
    assert refusal(tmp_path) == "check.which_gguf"
    (tmp_path / "config.json").write_text("{")
    assert refusal(tmp_path) == "check.bad_json"


@pytest.mark.model
def test_the_embedded_model_is_described_truly() -> None:
    path = Path(__file__).parents[2] / "models" / EMBEDDED.name
    if not path.is_file():
        pytest.skip(f"no model file at {path}: run `secretary model fetch`")
    model = describe_path(path)
    assert model.shape is not None
    assert (model.parameters, model.weights) == (1_777_088_000, EMBEDDED.size)
    assert (model.dtype, model.kind) == ("Q4_K_M", "qwen2")
    assert (model.shape.layers, model.shape.kv_heads, model.shape.context) == (28, 2, 32768)
    assert model.chat_template is not None
