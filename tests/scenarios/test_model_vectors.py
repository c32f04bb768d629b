"""The server for vectors and scores: its protocol over a model of hashed letters, and, where
torch is installed, over a real encoder of random weights."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from bot.errors import ModelUnavailable
from bot.model.vectors import MOST_INPUTS, Model, build_app
from tests.support import tiny_encoders


class Letters(Model):
    """A vector counts the letters a and b; a score is the share of common letters."""

    def __init__(self, *, scores: bool = False) -> None:
        self.scores = scores
        self.goes: list[int] = []
        self._read = 0

    @property
    def tokens_read(self) -> int:
        return self._read

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        time.sleep(0.1)
        self.goes.append(len(texts))
        self._read += sum(map(len, texts))
        if "boom" in texts:
            raise RuntimeError("CUDA out of memory")
        return np.array([[text.count("a"), text.count("b")] for text in texts], np.float32)

    def relevance(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        shares = [len(set(a) & set(b)) / len(set(a) | set(b)) for a, b in pairs]
        return np.array(shares, np.float32)


def client(model: Model) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(build_app("letters", model))
    return httpx.AsyncClient(transport=transport, base_url="http://model")


@pytest.fixture
async def vectors() -> AsyncIterator[httpx.AsyncClient]:
    async with client(Letters()) as made:
        yield made


async def test_vectors_in_the_order_of_the_texts(vectors: httpx.AsyncClient) -> None:
    reply = await vectors.post("/v1/embeddings", json={"input": ["aab", "b"], "model": "x"})
    rows = reply.json()["data"]
    assert [(row["index"], row["embedding"]) for row in rows] == [(0, [2, 1]), (1, [0, 1])]
    one = await vectors.post("/v1/embeddings", json={"input": "a", "encoding_format": "base64"})
    coded = base64.b64decode(one.json()["data"][0]["embedding"])
    assert np.frombuffer(coded, "<f4").tolist() == [1, 0]


async def test_the_tokens_told_are_those_of_the_request(vectors: httpx.AsyncClient) -> None:
    """Alone, after another, and beside others that were computed together with it."""
    for text in ("aaaa", "bb"):
        reply = await vectors.post("/v1/embeddings", json={"input": text})
        assert reply.json()["usage"] == {"prompt_tokens": len(text), "total_tokens": len(text)}
    replies = await asyncio.gather(
        *(vectors.post("/v1/embeddings", json={"input": "a" * n}) for n in range(1, 9))
    )
    assert [reply.json()["usage"]["total_tokens"] for reply in replies] == list(range(1, 9))


async def test_it_says_its_name_and_that_it_is_well(vectors: httpx.AsyncClient) -> None:
    assert (await vectors.get("/health")).status_code == 200
    assert (await vectors.get("/v1/models")).json()["data"][0]["id"] == "letters"


@pytest.mark.parametrize("given", [None, [], [1], 7, ["a"] * (MOST_INPUTS + 1)])
async def test_what_is_no_text_is_refused(vectors: httpx.AsyncClient, given: object) -> None:
    reply = await vectors.post("/v1/embeddings", json={"input": given})
    assert reply.status_code == 400
    assert "input" in reply.json()["error"]["message"]


async def test_requests_that_wait_are_computed_together() -> None:
    model = Letters()
    async with client(model) as made:
        replies = await asyncio.gather(
            *(made.post("/v1/embeddings", json={"input": "a" * n}) for n in range(1, 9))
        )
    found = [reply.json()["data"][0]["embedding"] for reply in replies]
    assert found == [[n, 0] for n in range(1, 9)]
    assert sum(model.goes) == 8
    assert len(model.goes) <= 3


async def test_a_failure_is_told_and_the_next_request_works(vectors: httpx.AsyncClient) -> None:
    failed = await vectors.post("/v1/embeddings", json={"input": "boom"})
    assert failed.status_code == 500
    assert "CUDA out of memory" in failed.json()["error"]["message"]
    assert (await vectors.post("/v1/embeddings", json={"input": "a"})).status_code == 200


async def test_a_reranker_orders_the_documents() -> None:
    async with client(Letters(scores=True)) as made:
        body = {"query": "abc", "documents": ["xyz", "abc", "abz"], "top_n": 2}
        reply = await made.post("/v1/rerank", json=body)
        assert [row["index"] for row in reply.json()["results"]] == [1, 2]
        assert (await made.post("/v1/rerank", json={"query": "a"})).status_code == 400
        assert (await made.post("/v1/embeddings", json={"input": "a"})).status_code == 400


# ---- with torch


@pytest.mark.parametrize("mode", ["cls_token", "mean_tokens", "lasttoken"])
@pytest.mark.parametrize("kind", [tiny_encoders.bert, tiny_encoders.qwen])
def test_a_batch_gives_what_one_by_one_gives(
    tmp_path: Path, kind: Callable[[Path], str], mode: str
) -> None:
    """Padding must not be seen, whatever is pooled and on whichever side it stands."""
    from bot.model.encoding import Encoder

    name = kind(tmp_path)
    tiny_encoders.beside(tmp_path, mode)
    encoder = Encoder(name)
    texts = ["幾點開門", "店", "週日公休十點開門"] * 20
    together = encoder.vectors(texts)
    alone = np.concatenate([encoder.vectors([text]) for text in texts[:3]])
    assert not encoder.scores
    assert np.allclose(together[:3], alone, atol=1e-5)
    assert np.allclose(together[57:], alone, atol=1e-5)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert mode == "cls_token" or not np.allclose(alone[0], alone[1], atol=1e-3)


def test_each_pooling_is_another_vector(tmp_path: Path) -> None:
    from bot.model.encoding import Encoder

    name = tiny_encoders.bert(tmp_path)
    found = []
    for mode in ("cls_token", "mean_tokens", "lasttoken"):
        tiny_encoders.beside(tmp_path, mode)
        found.append(Encoder(name).vectors(["週日公休", "週日公休十點開門"])[0])
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not np.allclose(found[one], found[other], atol=1e-3)


def test_a_reranker_scores_pairs(tmp_path: Path) -> None:
    from bot.model.encoding import Encoder

    encoder = Encoder(tiny_encoders.reranker(tmp_path))
    scores = encoder.relevance([("幾點開門", "十點開門"), ("幾點開門", "公休")])
    assert encoder.scores
    assert scores.shape == (2,)
    assert ((scores > 0) & (scores < 1)).all()


def test_what_would_give_wrong_vectors_is_not_started(tmp_path: Path) -> None:
    from bot.model.encoding import Encoder

    name = tiny_encoders.bert(tmp_path)
    tiny_encoders.beside(tmp_path, "max_tokens")
    with pytest.raises(ModelUnavailable, match="max"):
        Encoder(name)
