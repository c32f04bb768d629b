"""A model and an embedder for load tests: slow as a GPU, cheap as an echo, and truthful.

    python -m tests.benchmarks.load_model --port 9100 [--seconds 2]

Speaks OpenAI's protocol. The model finds the drawer of the item that is asked about in the
passages it is given, waits, and says it in a few deltas; what it is not given it does not
know. Vectors are hashed bigrams, so that what shares words is near. `GET /_stats` counts.
"""

import argparse
import asyncio
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from aiohttp import web

ITEM = re.compile(r"編號([A-Z]\d{4})")
DIMENSION = 128
EMBEDDING_S = 0.005
DELTAS = 6


def documents(count: int) -> Iterator[tuple[str, str]]:
    """File names and texts: every item has a drawer that no other text tells."""
    for start in range(0, count, 20):
        lines = [f"編號{item(n)}的鋼筆放在第{drawer(n)}號抽屜。" for n in range(start, start + 20)]
        yield f"庫存{start // 20:04}.md", f"# 庫存清單{start // 20}\n\n" + "\n\n".join(lines) + "\n"


def item(number: int) -> str:
    return f"{'ABCDEFGH'[number % 8]}{number:04}"


def drawer(number: int) -> int:
    return 1000 + number * 7 % 8999


def question(number: int) -> str:
    return f"請問編號{item(number)}的鋼筆放在第幾號抽屜？"


def answer(prompt: str) -> str:
    """From the passages alone, with the number of the one that says it."""
    asked = ITEM.findall(prompt)[-1]
    for number, passage in re.findall(r"\[(\d+)\] (.*?)(?=\n\[\d+\] |\Z)", prompt, re.DOTALL):
        found = re.search(f"編號{asked}的鋼筆放在第(\\d+)號抽屜", passage)
        if found is not None:
            return f"編號{asked}的鋼筆放在第{found[1]}號抽屜。[{number}]"
    return "無資料"


def vector(text: str) -> list[float]:
    made = np.zeros(DIMENSION, np.float32)
    for at in range(len(text) - 1):
        made[zlib.crc32(text[at : at + 2].encode()) % DIMENSION] += 1
    return [round(float(value), 4) for value in made / (np.linalg.norm(made) or 1)]


class Model:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._counts: Counter[str] = Counter()
        self._active = 0

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        said = answer(str(body["messages"][-1]["content"]))
        self._counts["chats"] += 1
        self._counts["unknown"] += said == "無資料"
        self._active += 1
        self._counts["busiest"] = max(self._counts["busiest"], self._active)
        try:
            return await self._stream(request, said)
        finally:
            self._active -= 1

    async def _stream(self, request: web.Request, said: str) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await reply.prepare(request)
        size = -(-len(said) // DELTAS)
        pieces = [said[start : start + size] for start in range(0, len(said), size)]
        for piece in pieces:
            await asyncio.sleep(self._seconds / len(pieces))
            await reply.write(_event({"content": piece}))
        usage = {"prompt_tokens": 300, "completion_tokens": 30, "total_tokens": 330}
        await reply.write(_event({}, finish_reason="stop", usage=usage) + b"data: [DONE]\n\n")
        await reply.write_eof()
        return reply

    async def embeddings(self, request: web.Request) -> web.Response:
        body = await request.json()
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        await asyncio.sleep(EMBEDDING_S)
        self._counts["embedded"] += len(texts)
        rows = [{"index": at, "embedding": vector(text)} for at, text in enumerate(texts)]
        return web.json_response({"object": "list", "model": "load", "data": rows})

    async def models(self, _request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "load", "object": "model"}]})

    async def stats(self, _request: web.Request) -> web.Response:
        return web.json_response(self._counts)


def _event(
    delta: dict[str, str], finish_reason: str | None = None, usage: dict[str, int] | None = None
) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    chunk: dict[str, Any] = {"id": "c", "object": "chat.completion.chunk", "created": 0}
    chunk |= {"model": "load", "choices": [choice]}
    if usage is not None:
        chunk["usage"] = usage
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    model = Model(given.seconds)
    app = web.Application(client_max_size=16 << 20)
    app.router.add_post("/v1/chat/completions", model.chat)
    app.router.add_post("/v1/embeddings", model.embeddings)
    app.router.add_get("/v1/models", model.models)
    app.router.add_get("/_stats", model.stats)
    web.run_app(app, host="127.0.0.1", port=given.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
