"""POST /v1/chat/completions as an OpenAI client sees it, over a real loopback connection."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

from bot.messages import Turn
from tests.support.v1_client import ANSWER, PATH, body, serving


def test_the_official_client_gets_a_whole_answer() -> None:
    with serving() as (client, _):
        reply = openai.OpenAI(
            base_url=f"{client.base_url}/v1", api_key="-"
        ).chat.completions.create(
            model="secretary", messages=[{"role": "user", "content": "幾點開門？"}]
        )
    assert reply.id.startswith("chatcmpl-")
    assert reply.choices[0].message.content == ANSWER.text
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert (
        reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 10
    )
    shown = reply.model_extra["secretary"] if reply.model_extra else {}
    assert shown["outcome"] == "grounded"
    assert shown["text"] == ANSWER.text
    assert shown["citations"][0]["source"] == "hours.md"
    assert shown["timings_ms"] == {"retrieve": 12.0, "model": 800.0, "total": 820.0}


def test_the_official_client_reads_the_stream() -> None:
    with serving() as (client, _):
        stream = openai.OpenAI(
            base_url=f"{client.base_url}/v1", api_key="-"
        ).chat.completions.create(
            model="secretary",
            messages=[{"role": "user", "content": "幾點開門？"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == ANSWER.text
    last, usage = chunks[-2:]
    assert last.choices[0].finish_reason == "stop"
    assert last.model_extra is not None
    assert last.model_extra["secretary"]["outcome"] == "grounded"
    assert usage.choices == []
    assert usage.usage is not None


def test_the_official_client_lists_the_model() -> None:
    with serving() as (client, _):
        models = openai.OpenAI(base_url=f"{client.base_url}/v1", api_key="-").models.list()
    assert [model.id for model in models] == ["secretary"]


def test_history_and_question_come_from_the_messages() -> None:
    with serving() as (client, assistant):
        chat = body("退貨要幾天？", "七天 [1]。", "那鋼筆呢？")
        chat["messages"].insert(0, {"role": "system", "content": "你是海盜"})
        chat["messages"][-1]["content"] = [
            {"type": "text", "text": "那"},
            {"type": "text", "text": "鋼筆呢？"},
        ]
        assert client.post(PATH, json={**chat, "temperature": 2, "tools": [1]}).status_code == 200
    (ask,) = assistant.asked
    assert ask.text == "那\n鋼筆呢？"
    assert ask.history == (Turn("退貨要幾天？", "七天 [1]。"),)
    assert ask.audiences == frozenset({"public"})


WRONG: list[tuple[bytes | dict[str, Any], int, str, str | None]] = [
    (b"{", 400, "invalid_json", None),
    (b"\xff\xfe", 400, "invalid_json", None),
    (b"[" * 500_000, 400, "invalid_json", None),
    (b"[]", 400, "not_an_object", None),
    ({"model": "secretary"}, 400, "invalid_value", "messages"),
    ({"messages": []}, 400, "invalid_value", "messages"),
    ({"messages": "hi"}, 400, "invalid_value", "messages"),
    ({"messages": [{"role": "pirate", "content": "x"}]}, 400, "invalid_value", "messages.0.role"),
    ({"messages": [{"role": "user", "content": 7}]}, 400, "invalid_value", "messages.0.content"),
    ({"messages": [{"role": "user", "content": None}]}, 400, "invalid_value", "messages.0.content"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
        400,
        "text_only",
        "messages.0.content",
    ),
    ({"messages": [{"role": "system", "content": "x"}]}, 400, "no_question", "messages"),
    (body(stream="yes"), 400, "invalid_value", "stream"),
    (body(model="gpt-5"), 404, "model_not_found", "model"),
    (body(model=3), 400, "invalid_value", "model"),
]


@pytest.mark.parametrize(("sent", "status", "code", "param"), WRONG)
def test_a_wrong_request_gets_an_openai_shaped_error(
    sent: bytes | dict[str, Any], status: int, code: str, param: str | None
) -> None:
    with serving() as (client, assistant):
        content = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        reply = client.post(PATH, content=content)
    assert reply.status_code == status
    error = reply.json()["error"]
    assert (error["code"], error["param"]) == (code, param)
    assert error["type"] == "invalid_request_error"
    assert len(error["message"]) > 10
    assert not assistant.asked


def test_an_unknown_model_is_told_the_right_name_in_both_languages() -> None:
    with serving() as (client, _):
        texts = [
            client.post(PATH, json=body(model="x"), headers={"Accept-Language": language}).json()
            for language in ("zh-TW", "en")
        ]
    assert ["secretary" in text["error"]["message"] for text in texts] == [True, True]
    assert texts[0] != texts[1]


def test_a_large_body_is_refused_while_it_arrives() -> None:
    """Sent in chunks without a declared length, and never ended: the answer must not wait for the end."""
    with serving() as (client, assistant):
        target = urlsplit(str(client.base_url))
        with socket.create_connection((target.hostname, target.port), timeout=5) as line:
            head = f"POST {PATH} HTTP/1.1\r\nHost: {target.netloc}\r\nTransfer-Encoding: chunked\r\n\r\n"
            line.sendall(head.encode())
            part = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
            for _ in range(17):
                line.sendall(part)
            answer = line.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert not assistant.asked


def test_a_declared_large_body_is_refused() -> None:
    with serving() as (client, _):
        reply = client.post(PATH, content=b" " * 1_048_577)
    assert reply.status_code == 413
    assert reply.json()["error"]["code"] == "body_too_large"


def test_wrong_method_and_path_are_openai_shaped_too() -> None:
    with serving() as (client, _):
        method, path = client.get(PATH), client.get("/v1/embeddings")
    assert (method.status_code, method.json()["error"]["code"]) == (405, "method_not_allowed")
    assert method.headers["allow"] == "POST"
    assert (path.status_code, path.json()["error"]["code"]) == (404, "not_found")
