"""The OpenAI-compatible engine against a server that is slow, broken or lying."""

import asyncio
import json
import logging
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from bot.errors import (
    ConfigError,
    ModelBusy,
    ModelError,
    ModelGarbage,
    ModelRejected,
    ModelTimeout,
    ModelUnavailable,
)
from bot.llm.base import Gate, Generation
from bot.llm.endpoint import Endpoint
from bot.llm.openai_compatible import OpenAICompatibleEngine
from tests.support.llm_reply import chunk
from tests.support.llm_server import Reply, ScriptedLLM

MESSAGES = [SystemMessage("你是小秘書。"), HumanMessage("幾點開門？")]
KEY = "sk-very-secret-key"


@pytest.fixture
def llm() -> Iterator[ScriptedLLM]:
    with ScriptedLLM() as server:
        yield server


@asynccontextmanager
async def engine(
    base_url: str, *, gate: Gate | None = None, **changes: Any
) -> AsyncIterator[OpenAICompatibleEngine]:
    endpoint = Endpoint(base_url, api_key=KEY, timeout_s=5.0)
    made = OpenAICompatibleEngine(replace(endpoint, **changes), gate or Gate(8))
    try:
        yield made
    finally:
        await made.aclose()


async def text_of(generation: Generation) -> str:
    async with aclosing(generation) as reply:
        return "".join([delta async for delta in reply])


async def ask(base_url: str, **changes: Any) -> str:
    async with engine(base_url, **changes) as made:
        return await text_of(made.stream(MESSAGES, max_tokens=50))


async def failure(base_url: str, kind: type[ModelError], **changes: Any) -> ModelError:
    with pytest.raises(kind) as caught:
        await ask(base_url, **changes)
    return caught.value


async def test_deltas_arrive_as_the_server_gives_them(llm: ScriptedLLM) -> None:
    llm.queue(Reply("十點開門 [1]", delay_s=0.1))
    arrivals = []
    async with engine(llm.base_url) as made:
        await made.check()  # opens the connection
        begun = time.monotonic()
        generation = made.stream(MESSAGES, max_tokens=50)
        async for delta in generation:
            arrivals.append((time.monotonic() - begun, delta))
    assert "".join(delta for _, delta in arrivals) == "十點開門 [1]"
    assert arrivals[0][0] < arrivals[-1][0] - 0.2
    assert generation.usage is not None
    assert generation.usage.prompt == 7
    assert not generation.truncated


async def test_the_request_is_what_servers_understand(llm: ScriptedLLM) -> None:
    await ask(llm.base_url)
    body = llm.chats[0].body
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["temperature"] == 0
    assert body["max_tokens"] == 50
    assert "max_completion_tokens" not in body
    assert "chat_template_kwargs" not in body
    assert llm.chats[0].headers["authorization"] == f"Bearer {KEY}"


async def test_without_a_key_none_from_the_environment_is_shown(
    llm: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    await ask(llm.base_url, api_key=None)
    assert all("somebody" not in request.headers["authorization"] for request in llm.requests)


async def test_a_proxy_in_the_environment_is_not_asked_for_loopback(
    llm: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await ask(llm.base_url) == "幾點開門？"


async def test_the_first_listed_model_is_used_and_asked_for_once(llm: ScriptedLLM) -> None:
    llm.models = ("big", "small")
    async with engine(llm.base_url) as made:
        await text_of(made.stream(MESSAGES, max_tokens=9))
        await text_of(made.stream(MESSAGES, max_tokens=9))
        assert await made.model_id() == "big"
    assert [chat.body["model"] for chat in llm.chats] == ["big", "big"]
    assert len(llm.requests) == 3


async def test_after_the_server_changed_its_model_the_next_call_finds_it(llm: ScriptedLLM) -> None:
    async with engine(llm.base_url) as made:
        await text_of(made.stream(MESSAGES, max_tokens=9))
        llm.models = ("newer",)
        llm.queue(Reply(status=404, message="The model `scripted` does not exist"))
        with pytest.raises(ModelRejected):
            await text_of(made.stream(MESSAGES, max_tokens=9))
        await text_of(made.stream(MESSAGES, max_tokens=9))
    assert llm.chats[-1].body["model"] == "newer"


async def test_length_is_told_apart_from_a_finished_reply(llm: ScriptedLLM) -> None:
    llm.queue(Reply("說到一半", finish_reason="length"))
    async with engine(llm.base_url) as made:
        generation = made.stream(MESSAGES, max_tokens=2)
        assert await text_of(generation) == "說到一半"
        assert generation.truncated


@pytest.mark.parametrize(
    "reply",
    [
        Reply(deltas=("<thi", "nk>先想", "想</th", "ink>", "十點", "開門")),
        Reply(deltas=("十點", "開門"), reasoning=("先想想", "再想想")),
    ],
    ids=["tags", "reasoning_content"],
)
async def test_thinking_never_comes_out(llm: ScriptedLLM, reply: Reply) -> None:
    llm.queue(reply)
    assert (await ask(llm.base_url)).strip() == "十點開門"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(deltas=("<think>想", "個不停"), finish_reason="length"),
        Reply(reasoning=("想個不停",), finish_reason="length"),
        Reply(deltas=("想個不停", "</think>")),
    ],
    ids=["tags", "reasoning_content", "closing tag only"],
)
async def test_only_thinking_is_no_answer(llm: ScriptedLLM, reply: Reply) -> None:
    llm.queue(reply)
    assert (await failure(llm.base_url, ModelGarbage)).code == "model.only_thinking"


async def test_thinking_longer_than_the_timeout_is_a_sign_of_life(llm: ScriptedLLM) -> None:
    llm.queue(Reply("好", reasoning=("想",) * 6, delay_s=0.2))
    assert await ask(llm.base_url, timeout_s=0.7) == "好"


async def test_split_surrogates_become_one_character(llm: ScriptedLLM) -> None:
    llm.queue(Reply(deltas=("好\ud83d", "\ude00", "\udc00!")))
    assert await ask(llm.base_url) == "好😀\ufffd!"


# --- slow


@pytest.mark.parametrize("deltas", [-1, 0, 2], ids=["no headers", "no token", "in the middle"])
async def test_a_silent_server_ends_in_a_timeout(llm: ScriptedLLM, deltas: int) -> None:
    llm.queue(Reply("慢慢慢慢來", stall_after=deltas))
    begun = time.monotonic()
    error = await failure(llm.base_url, ModelTimeout, timeout_s=0.5)
    assert time.monotonic() - begun < 4
    assert error.detail["seconds"] == "0.5"
    assert len(llm.chats) == 1


async def test_a_server_that_lists_no_models_in_time_is_a_timeout(llm: ScriptedLLM) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        begun = time.monotonic()
        assert (await failure(url, ModelTimeout, timeout_s=0.5)).code == "model.timeout"
        assert time.monotonic() - begun < 4


async def test_slow_drops_without_end_are_bounded_too(llm: ScriptedLLM) -> None:
    llm.queue(Reply("滴", repeat=True, delay_s=0.1))
    begun = time.monotonic()
    await failure(llm.base_url, ModelTimeout, timeout_s=0.3)
    assert 1.4 < time.monotonic() - begun < 5


async def test_a_server_that_ignores_the_limit_is_stopped(llm: ScriptedLLM) -> None:
    llm.queue(Reply("說個不停", repeat=True))
    async with engine(llm.base_url) as made:
        generation = made.stream(MESSAGES, max_tokens=10)
        assert len(await text_of(generation)) < 2000
        assert generation.truncated
    await eventually(lambda: llm.abandoned == 1)


async def test_leaving_early_makes_the_server_stop_and_opens_the_gate(llm: ScriptedLLM) -> None:
    llm.queue(Reply("說個不停", repeat=True, delay_s=0.01), "好")
    gate = Gate(1)
    async with engine(llm.base_url, gate=gate) as made:
        async with aclosing(made.stream(MESSAGES, max_tokens=5000)) as reply:
            assert await anext(reply)
        await eventually(lambda: llm.abandoned == 1)
        assert await text_of(made.stream(MESSAGES, max_tokens=9)) == "好"


async def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_no_more_calls_at_once_than_the_gate_allows(llm: ScriptedLLM) -> None:
    llm.answer = lambda _: Reply("好好好", delay_s=0.05)
    gate = Gate(2)
    async with engine(llm.base_url, gate=gate) as made:
        calls = [
            asyncio.create_task(text_of(made.stream(MESSAGES, max_tokens=9))) for _ in range(6)
        ]
        await eventually(lambda: llm.active == 2)
        assert gate.waiting == 4
        assert await asyncio.gather(*calls) == ["好好好"] * 6
    assert llm.busiest == 2
    assert gate.waiting == 0


# --- retries


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_passing_refusal_is_tried_again(llm: ScriptedLLM, status: int) -> None:
    llm.queue(Reply(status=status, headers={"Retry-After": "1"}), "好了")
    assert await ask(llm.base_url) == "好了"
    assert len(llm.chats) == 2
    assert llm.chats[1].at - llm.chats[0].at >= 1


async def test_a_long_retry_after_is_not_waited_for(llm: ScriptedLLM) -> None:
    llm.queue(Reply(status=429, headers={"Retry-After": "600"}), "好了")
    begun = time.monotonic()
    assert (await failure(llm.base_url, ModelBusy)).code == "model.busy"
    assert time.monotonic() - begun < 4


async def test_retries_end(llm: ScriptedLLM) -> None:
    llm.answer = lambda _: Reply(status=503, message="loading model")
    error = await failure(llm.base_url, ModelUnavailable)
    assert error.code == "model.server_error"
    assert error.detail["status"] == "503"
    assert error.detail["reason"] == "loading model"
    assert len(llm.chats) == 3


async def test_a_reset_before_the_first_word_is_tried_again(llm: ScriptedLLM) -> None:
    llm.queue(Reply("斷線", cut_after=0), "好了")
    assert await ask(llm.base_url) == "好了"


async def test_a_reset_after_words_is_not(llm: ScriptedLLM) -> None:
    llm.queue(Reply("斷線斷線", cut_after=1), "好了")
    said = []
    async with engine(llm.base_url) as made:
        reply = made.stream(MESSAGES, max_tokens=9)
        said.append(await anext(reply))
        with pytest.raises(ModelUnavailable) as caught:
            await anext(reply)
    assert caught.value.code == "model.broken_off"
    assert said == ["斷線"]
    assert len(llm.chats) == 1


# --- refused


async def test_a_wrong_key_is_told_without_being_told(
    llm: ScriptedLLM, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    llm.key = "another"
    error = await failure(llm.base_url, ModelRejected, model="scripted")
    assert error.code == "model.unauthorized"
    assert len(llm.chats) == 1
    assert KEY not in repr(error) + caplog.text + repr(Endpoint(llm.base_url, api_key=KEY))


async def test_a_key_that_the_server_repeats_is_blotted_out(llm: ScriptedLLM) -> None:
    llm.queue(Reply(status=400, message=f"cannot serve {KEY} today"))
    error = await failure(llm.base_url, ModelRejected)
    assert error.detail["reason"] == "cannot serve *** today"


@pytest.mark.parametrize("status", [404, 400])
async def test_an_unknown_model_is_answered_with_the_known_ones(
    llm: ScriptedLLM, status: int
) -> None:
    llm.models = ("qwen", "llama")
    llm.queue(Reply(status=status, message="The model `gpt` does not exist"))
    error = await failure(llm.base_url, ModelRejected, model="gpt")
    assert error.code == "model.unknown"
    assert error.detail["model"] == "gpt"
    assert error.detail["offered"] == "qwen, llama"


async def test_a_question_that_is_too_long_is_told(llm: ScriptedLLM) -> None:
    llm.queue(Reply(status=400, message="too long", code="context_length_exceeded"))
    assert (await failure(llm.base_url, ModelRejected)).code == "model.too_long"


async def test_an_empty_purse_is_not_a_busy_server(llm: ScriptedLLM) -> None:
    llm.queue(Reply(status=429, code="insufficient_quota"))
    assert (await failure(llm.base_url, ModelRejected)).code == "model.no_credit"


@pytest.mark.parametrize(
    ("complaint", "field"),
    [
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "max_tokens"),
        ("Unsupported value: 'temperature' does not support 0.", "temperature"),
        ("unknown field stream_options", "stream_options"),
        ("Unrecognized request argument: chat_template_kwargs", "chat_template_kwargs"),
    ],
)
async def test_a_parameter_that_is_refused_is_left_out_from_then_on(
    llm: ScriptedLLM, complaint: str, field: str
) -> None:
    llm.queue(Reply(status=400, message=complaint))
    async with engine(llm.base_url, disable_thinking=True) as made:
        assert await text_of(made.stream(MESSAGES, max_tokens=50)) == "幾點開門？"
        await text_of(made.stream(MESSAGES, max_tokens=50))
    first, *later = (chat.body for chat in llm.chats)
    assert field in first
    assert len(later) == 2
    assert all(field not in body for body in later)


# --- not there, or something else


async def test_nobody_listening_names_the_url() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    error = await failure(url, ModelUnavailable, model="any")
    assert error.code == "model.unreachable"
    assert error.detail["base_url"] == url


async def test_a_host_that_does_not_exist_names_the_url() -> None:
    error = await failure("http://no-such-host.invalid/v1", ModelUnavailable, retries=0)
    assert error.code == "model.unreachable"


async def test_a_password_in_the_url_is_not_shown() -> None:
    error = await failure("http://me:secret@127.0.0.1:9/v1", ModelUnavailable, retries=0)
    assert error.detail["base_url"] == "http://…@127.0.0.1:9/v1"


@pytest.mark.parametrize(
    "url", ["", "localhost:8000/v1", "ftp://x/v1", "http://", "http://[::1/v1"]
)
def test_what_is_no_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Endpoint(url)
    assert caught.value.code == "model.bad_url"


@pytest.mark.parametrize("changes", [{}, {"model": "scripted"}], ids=["no model", "model"])
async def test_a_forgotten_v1_is_suggested(llm: ScriptedLLM, changes: dict[str, str]) -> None:
    error = await failure(llm.root_url, ModelRejected, **changes)
    assert error.code == "model.base_url"
    assert error.detail["suggestion"] == llm.base_url


async def test_a_copied_chat_url_is_understood(llm: ScriptedLLM) -> None:
    assert await ask(f"{llm.base_url}/chat/completions/") == "幾點開門？"


async def test_without_a_list_a_name_is_needed(llm: ScriptedLLM) -> None:
    llm.models = None
    assert (await failure(llm.base_url, ModelRejected)).code == "model.no_list"
    llm.models = ()
    assert (await failure(llm.base_url, ModelRejected)).code == "model.name_needed"
    assert await ask(llm.base_url, model="mine") == "幾點開門？"


GARBAGE = {
    "html": Reply(raw="<html><body>登入</body></html>".encode(), content_type="text/html"),
    "json without choices": Reply(raw=b'{"ok": true}', content_type="application/json"),
    "event without choices": Reply(raw=b'data: {"ok": true}\n\ndata: [DONE]\n\n'),
    "event that is a list": Reply(raw=b"data: [1]\n\ndata: [DONE]\n\n"),
    "event that is a text": Reply(raw=b'data: "hi"\n\ndata: [DONE]\n\n'),
    "choices of numbers": Reply(raw=b'data: {"choices": [1]}\n\n'),
    "content that is a number": Reply(raw=b'data: {"choices":[{"delta":{"content":5}}]}\n\n'),
    "broken json": Reply(raw=b'data: {"choices": [\n\ndata: [DONE]\n\n'),
    "invalid utf-8": Reply(raw=b'data: {"choices":[{"delta":{"content":"\xff\xfe"}}]}\n\n'),
    "noise": Reply(raw=bytes(range(256)) * 40),
    "nothing": Reply(raw=b""),
    "only done": Reply(raw=b"data: [DONE]\n\n"),
    "empty answer": Reply(""),
    "blank answer": Reply(" \n "),
}


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # pydantic's word on it
@pytest.mark.parametrize("reply", GARBAGE.values(), ids=GARBAGE.keys())
async def test_what_is_not_an_answer_is_garbage(llm: ScriptedLLM, reply: Reply) -> None:
    llm.queue(reply)
    error = await failure(llm.base_url, ModelGarbage)
    assert error.code in ("model.garbage", "model.empty")
    assert error.detail["base_url"] == llm.base_url


async def test_an_error_event_in_the_stream_is_the_servers_failure(llm: ScriptedLLM) -> None:
    event = b'data: {"error": {"message": "out of memory", "code": 500}}\n\n'
    llm.answer = lambda _: Reply(raw=event)
    error = await failure(llm.base_url, ModelUnavailable)
    assert error.code == "model.server_error"
    assert error.detail["reason"] == "out of memory"


@pytest.mark.parametrize("models", [("scripted",), ("scripted:latest",), ("openai/*",)])
async def test_check_accepts_what_would_work(llm: ScriptedLLM, models: tuple[str, ...]) -> None:
    llm.models = models
    async with engine(llm.base_url, model="scripted") as made:
        await made.check()
    assert llm.chats == []


async def test_check_tells_a_missing_model_and_a_dead_server(llm: ScriptedLLM) -> None:
    async with engine(llm.base_url, model="gpt") as made:
        with pytest.raises(ModelRejected) as caught:
            await made.check()
    assert caught.value.code == "model.unknown"
    async with engine("http://127.0.0.1:9/v1", model="gpt") as made:
        with pytest.raises(ModelUnavailable):
            await made.check()


def test_the_slow_import_waits_for_the_first_call() -> None:
    program = (
        "import sys, bot.llm.openai_compatible, bot.llm.embedded;"
        "print(*{'openai', 'langchain_openai', 'xllamacpp'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


# ---- a server that closes what it promised to keep


@asynccontextmanager
async def closing_late() -> AsyncIterator[str]:
    """As llama.cpp: the reply's head promises to keep the connection, which closes a moment later."""
    said = chunk({}, {"content": "十點。"}, "stop")
    body = f"data: {json.dumps(said)}\n\ndata: [DONE]\n\n".encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {len(body)}\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", asked.lower())[1])  # type: ignore[index]
        await reader.readexactly(length)
        writer.write(f"{head}Keep-Alive: timeout=5\r\n\r\n".encode() + body)
        await asyncio.sleep(0.05)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


@pytest.mark.parametrize("kind", [{"name": "embedded", "retries": 0}, {"name": "openai"}])
async def test_who_asks_again_at_once_is_not_cut_off(kind: dict[str, Any]) -> None:
    async with closing_late() as url, engine(url, model="m", **kind) as made:
        for _ in range(3):
            assert await text_of(made.stream(MESSAGES, max_tokens=50)) == "十點。"
