"""An OpenAI-compatible `/v1/embeddings`, or `/v1/rerank`, over one encoder.

``python -m bot.model.vectors MODEL --host … --port …``, started by `secretary model serve
--embeddings`. Requests that come while the model computes are computed together next.
"""

import argparse
import asyncio
import base64
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import uvicorn
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.errors import BotError
from bot.phrases import describe

MOST_INPUTS: Final = 2048
"""As OpenAI's own endpoint."""


class Model(Protocol):
    scores: bool
    """Whether it is a reranker."""

    @property
    def tokens_read(self) -> int:
        """Since it was opened."""

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]: ...
    def relevance(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class Computed:
    rows: NDArray[np.float32]
    tokens: int
    """Read for it; of what was computed together its share by length."""


@dataclass(frozen=True, slots=True)
class _Job:
    items: list[Any]
    done: "asyncio.Future[Computed]"

    @property
    def length(self) -> int:
        return sum(len(str(item)) for item in self.items)


class Together:
    """Computes what waits in one go, in a thread, one go at a time."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._compute = model.relevance if model.scores else model.vectors
        self._waiting: list[_Job] = []
        self._working: asyncio.Task[None] | None = None

    async def __call__(self, items: list[Any]) -> Computed:
        job = _Job(items, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await job.done

    async def _work(self) -> None:
        while self._waiting:
            jobs, self._waiting = self._waiting, []
            together = [item for job in jobs for item in job.items]
            before = self._model.tokens_read
            try:
                rows = await asyncio.to_thread(self._compute, together)
            except (RuntimeError, ValueError) as error:  # out of memory, most likely
                for job in jobs:
                    if not job.done.done():
                        job.done.set_exception(error)
                continue
            read = self._model.tokens_read - before
            start, whole = 0, sum(job.length for job in jobs) or 1
            for job in jobs:
                if not job.done.done():
                    share = round(read * job.length / whole)
                    job.done.set_result(Computed(rows[start : start + len(job.items)], share))
                start += len(job.items)


def build_app(name: str, model: Model) -> Starlette:
    together = Together(model)

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def models(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"}]})

    async def embeddings(request: Request) -> Response:
        body = await _body(request)
        texts = _texts(body.get("input"))
        if model.scores or not texts:
            return _refuse("input: a text or a list of 1 to 2048 texts, to a model for vectors")
        computed = await together([text or " " for text in texts])
        plain = body.get("encoding_format") != "base64"
        data = [
            {"object": "embedding", "index": at, "embedding": _written(row, plain)}
            for at, row in enumerate(computed.rows)
        ]
        counted = {"prompt_tokens": computed.tokens, "total_tokens": computed.tokens}
        return JSONResponse({"object": "list", "model": name, "data": data, "usage": counted})

    async def rerank(request: Request) -> Response:
        body = await _body(request)
        query, documents = body.get("query"), _texts(body.get("documents"))
        if not (model.scores and isinstance(query, str) and documents):
            return _refuse("query: a text; documents: a list of texts; to a model for scores")
        scores = (await together([(query, document) for document in documents])).rows
        found = [{"index": at, "relevance_score": float(row)} for at, row in enumerate(scores)]
        found.sort(key=lambda each: -each["relevance_score"])
        return JSONResponse({"model": name, "results": found[: body.get("top_n") or None]})

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/v1/models", models),
            Route("/v1/embeddings", embeddings, methods=["POST"]),
            Route("/v1/rerank", rerank, methods=["POST"]),
        ],
        exception_handlers={RuntimeError: _failed, ValueError: _failed},
    )


async def _body(request: Request) -> dict[str, Any]:
    try:
        loaded = await request.json()
    except ValueError:
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _texts(value: Any) -> list[str]:
    """Empty where it is neither a text nor a list of them."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or len(listed) > MOST_INPUTS:
        return []
    return listed if all(isinstance(text, str) for text in listed) else []


def _written(row: NDArray[np.float32], plain: bool) -> Any:
    return row.tolist() if plain else base64.b64encode(row.astype("<f4").tobytes()).decode()


def _refuse(message: str) -> Response:
    error = {"message": message, "type": "invalid_request_error", "code": None}
    return JSONResponse({"error": error}, 400)


async def _failed(_: Request, error: Exception) -> Response:
    message = f"{type(error).__name__}: {error}"[:300]
    return JSONResponse({"error": {"message": message, "type": "server_error"}}, 500)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    from bot.model.encoding import Encoder

    try:
        encoder = Encoder(given.model)
    except BotError as error:
        print(f"ERROR {describe(error, 'en')}", file=sys.stderr, flush=True)
        return 1
    app = build_app(given.model, encoder)
    uvicorn.run(app, host=given.host, port=given.port, log_level="warning")
    return 0


if __name__ == "__main__":
    sys.exit(main())
