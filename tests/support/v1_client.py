"""What the tests of /v1 share: a served script, request bodies, and reading a stream."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from adapters.http import build_app
from adapters.settings import Settings
from tests.support.fake_assistant import FakeAssistant, FakeReadiness, Step, grounded, spoken
from tests.support.web_server import web_server

PATH = "/v1/chat/completions"
ANSWER = grounded("幾點開門？")


@contextmanager
def serving(*script: Step, **options: Any) -> Iterator[tuple[httpx.Client, FakeAssistant]]:
    assistant = FakeAssistant(default=script or spoken(ANSWER))
    with web_server(assistant, **options) as url, httpx.Client(base_url=url, timeout=10) as client:
        yield client, assistant


def body(*texts: str, **more: Any) -> dict[str, Any]:
    """Texts alternate between user and assistant."""
    roles = ("user", "assistant")
    messages = [
        {"role": roles[i % 2], "content": text} for i, text in enumerate(texts or ("幾點開門？",))
    ]
    return {"model": "secretary", "messages": messages, **more}


def frames(text: str) -> list[dict[str, Any]]:
    lines = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def streamed(client: httpx.Client) -> tuple[str, list[dict[str, Any]]]:
    chunks = frames(client.post(PATH, json=body(stream=True)).text)
    deltas = [choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"]]
    return "".join(deltas), chunks


@contextmanager
def asking(
    *,
    client: str = "127.0.0.1",
    base: str = "http://127.0.0.1:8000",
    readiness: FakeReadiness | None = None,
    **settings: Any,
) -> Iterator[httpx.AsyncClient]:
    app = build_app(
        FakeAssistant(default=spoken(grounded("幾點開門？"))),
        readiness or FakeReadiness(),
        settings=Settings.model_construct(**settings),
        suggestions=lambda: ["今天有開嗎？"],
    )
    yield httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(client, 5000)), base_url=base
    )
