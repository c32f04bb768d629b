"""The engines for vectors that are not built in: a server, and a model through torch."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledge.embedding import HuggingFace, OpenAICompatible
from knowledge.errors import EmbeddingError
from tests.support import tiny_encoders

INSTRUCTION = "Instruct: Given a web search query, retrieve relevant passages that answer the query"


@contextmanager
def server(name: str) -> Iterator[tuple[str, list[str]]]:
    """Embeds a text as its length; what it was given is listed."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """The tests' output stays clean."""

        def do_GET(self) -> None:
            self._answer({"data": [{"id": name}]})

        def do_POST(self) -> None:
            texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
            seen.extend(texts)
            rows = [{"index": at, "embedding": [1, len(text)]} for at, text in enumerate(texts)]
            self._answer({"data": rows})

        def _answer(self, body: dict[str, Any]) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}/v1", seen
    finally:
        http.shutdown()
        http.server_close()


def test_a_server_gets_queries_and_passages_as_the_model_wants_them() -> None:
    with server("intfloat/multilingual-e5-large") as (url, seen):
        embedder = OpenAICompatible(url, None, None)
        seen.clear()
        embedder.passages(["十點開門"])
        embedder.query("幾點開門")
        assert seen == ["passage: 十點開門", "query: 幾點開門"]
        assert embedder.model_id == "openai-intfloat/multilingual-e5-large-prompts"


def test_a_model_without_prompts_gets_the_text_alone() -> None:
    with server("bge-m3") as (url, seen):
        embedder = OpenAICompatible(url, None, None)
        seen.clear()
        embedder.passages(["十點開門"])
        embedder.queries(["幾點開門"])
        assert seen == ["十點開門", "幾點開門"]
        assert embedder.model_id == "openai-bge-m3"


# ---- with torch


def test_qwen3_takes_the_last_token_and_instructs_queries(tmp_path: Path) -> None:
    name = tiny_encoders.qwen(tmp_path / "Qwen3-Embedding-tiny")
    embedder = HuggingFace(name)
    bare = tmp_path / "bare"
    last = tiny_encoders.qwen(bare)
    tiny_encoders.beside(bare, "lasttoken")
    plain = HuggingFace(last)
    texts = ["幾點開門", "週日公休十點開門"]
    assert np.allclose(embedder.passages(texts), plain.passages(texts), atol=1e-6)
    asked = [f"{INSTRUCTION}\nQuery:{text}" for text in texts]
    assert np.allclose(embedder.queries(texts), plain.passages(asked), atol=1e-6)
    assert not np.allclose(embedder.queries(texts), embedder.passages(texts), atol=1e-3)
    assert embedder.model_id.endswith("-last-prompts")


def test_threads_of_torch_do_not_spin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    HuggingFace(tiny_encoders.bert(tmp_path))
    assert os.environ["OMP_WAIT_POLICY"] == "passive"


def test_a_long_text_is_cut_before_the_positions_end(tmp_path: Path) -> None:
    """RoBERTa's first position is after the padding's number, so its last one is too."""
    name = tiny_encoders.roberta(tmp_path, max_position_embeddings=66)
    embedder = HuggingFace(name)
    assert np.isfinite(embedder.passages(["店" * 400])).all()


def test_a_model_whose_pooling_is_not_computed_here_is_one_error(tmp_path: Path) -> None:
    name = tiny_encoders.bert(tmp_path)
    tiny_encoders.beside(tmp_path, "weightedmean_tokens")
    with pytest.raises(EmbeddingError) as caught:
        HuggingFace(name)
    assert (caught.value.code, caught.value.detail["how"]) == (
        "embedding.hf_pooling",
        "weightedmean",
    )


@pytest.mark.parametrize("mode", ["cls_token", "mean_tokens", "lasttoken"])
@pytest.mark.parametrize("kind", [tiny_encoders.bert, tiny_encoders.roberta, tiny_encoders.qwen])
def test_it_gives_what_sentence_transformers_gives(
    tmp_path: Path, kind: Callable[[Path], str], mode: str
) -> None:
    name = kind(tmp_path)
    reference = pytest.importorskip("sentence_transformers").SentenceTransformer
    tiny_encoders.beside(tmp_path, mode, query="查詢:", document="文章:")
    model, embedder = reference(name, device="cpu"), HuggingFace(name)
    texts = ["幾點開門", "店", "週日公休十點開門" * 5] * 7
    far = np.abs(embedder.passages(texts) - model.encode_document(texts)).max()
    asked = np.abs(embedder.queries(texts) - model.encode_query(texts)).max()
    assert max(far, asked) < 1e-5, (far, asked)
