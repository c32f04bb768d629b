"""What an embedding model is given before a query and before a passage."""

import pytest

from knowledge.embedding_prompts import Prompts, prompts_for, prompts_told

INSTRUCTION = "Instruct: Given a web search query, retrieve relevant passages that answer the query"


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("Qwen/Qwen3-Embedding-0.6B", f"{INSTRUCTION}\nQuery:", ""),
        ("qwen3-embedding:0.6b", f"{INSTRUCTION}\nQuery:", ""),
        ("intfloat/multilingual-e5-small", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large-instruct", f"{INSTRUCTION}\nQuery: ", ""),
        ("google/embeddinggemma-300m", "task: search result | query: ", "title: none | text: "),
        ("BAAI/bge-m3", "", ""),
        ("text-embedding-3-small", "", ""),
        ("some/model-e512", "", ""),
    ],
)
def test_known_names(name: str, query: str, passage: str) -> None:
    assert prompts_for(name) == Prompts(query, passage)


@pytest.mark.parametrize(
    ("config", "prompts"),
    [
        ({"prompts": {"query": "問：", "document": "文："}}, Prompts("問：", "文：")),
        ({"prompts": {"query": "問：", "passage": "文："}}, Prompts("問：", "文：")),
        ({"prompts": {"query": "", "document": ""}}, Prompts()),
        ({"prompts": {"document": "文："}}, None),
        ({"prompts": {}}, None),
        ({"prompts": "query"}, None),
        ({}, None),
    ],
)
def test_the_file_beside_a_model(config: dict[str, object], prompts: Prompts | None) -> None:
    assert prompts_told(config) == prompts
