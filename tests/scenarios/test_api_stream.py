"""The stream of /v1: pace, corrections, signs of life, hanging up, crashes."""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from adapters.web.sse import EventStream
from bot.messages import Answer, Finished, TextDelta, Thinking
from tests.support.fake_assistant import grounded, spoken
from tests.support.v1_client import ANSWER, PATH, body, frames, serving, streamed


def test_characters_arrive_while_the_assistant_still_speaks() -> None:
    script = spoken(grounded("q", "一二三四五六七"), pause=0.1, size=1)
    seen: list[float] = []
    with (
        serving(*script) as (client, assistant),
        client.stream("POST", PATH, json=body(stream=True)) as reply,
    ):
        for line in reply.iter_lines():
            if any(char in line for char in "一二三四五六七") and '"secretary":' not in line:
                seen.append(time.time())
    delays = [arrived - given for arrived, given in zip(seen, assistant.given, strict=True)]
    assert statistics.median(delays) < 0.05
    # One by one: each is here before the next has left.
    assert all(arrived < left for arrived, left in zip(seen, assistant.given[1:], strict=False))


def test_a_checked_answer_that_continues_the_stream_sends_only_the_rest() -> None:
    final = Answer("q", "grounded", "平日十點開門 [1]。")
    with serving(TextDelta("平日十點"), Finished(final)) as (client, _):
        text, _ = streamed(client)
    assert text == final.text


def test_a_replaced_answer_is_said_again_in_full() -> None:
    final = Answer("q", "no_data", "無資料。")
    with serving(TextDelta("老闆生日是五月一日"), Finished(final)) as (client, _):
        text, chunks = streamed(client)
    assert text == "老闆生日是五月一日\n\n無資料。"
    assert chunks[-1]["secretary"]["text"] == "無資料。"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_trailing_white_space_is_no_correction() -> None:
    with serving(TextDelta("好。\n"), Finished(Answer("q", "smalltalk", "好。"))) as (client, _):
        text, _ = streamed(client)
    assert text == "好。\n"


def test_a_quiet_stream_shows_signs_of_life() -> None:
    with serving(Thinking(), 0.35, Finished(ANSWER), ping_s=0.1) as (client, _):
        text = client.post(PATH, json=body(stream=True)).text
    assert text.count(": ping\n\n") >= 2
    assert frames(text)[-1]["secretary"]["outcome"] == "grounded"


@pytest.mark.parametrize("stream", [True, False])
def test_hanging_up_stops_the_assistant(stream: bool) -> None:
    with serving(Thinking(), 30.0) as (client, assistant):
        with pytest.raises(httpx.ReadTimeout):
            client.post(PATH, json=body(stream=stream), timeout=0.3)
        assert wait_until(assistant.cancelled.is_set, 1.0)
        assert assistant.closed == 1


@pytest.mark.parametrize("stream", [True, False])
def test_what_follows_the_last_word_is_not_cancelled(stream: bool) -> None:
    """A client may hang up at [DONE], while the assistant still writes the answer down."""
    with serving(Finished(ANSWER), 0.3) as (client, assistant):
        with client.stream("POST", PATH, json=body(stream=stream)) as reply:
            for line in reply.iter_lines():
                if "[DONE]" in line:
                    break
        assert wait_until(lambda: assistant.closed == 1, 2.0)
        assert not assistant.cancelled.is_set()


async def test_a_stream_that_nobody_reads_is_closed_with_the_connection() -> None:
    closed = asyncio.Event()

    async def parts() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x"
        finally:
            closed.set()

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.05)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    response = EventStream(parts())
    await response({"type": "http"}, receive, send)
    assert closed.is_set()


def test_a_crash_is_one_plain_sentence() -> None:
    with serving(Thinking(), RuntimeError("hidden detail")) as (client, _):
        reply = client.post(PATH, json=body())
    assert reply.status_code == 500
    assert reply.json()["error"]["code"] == "broken"
    assert "hidden" not in reply.text
    assert "Traceback" not in reply.text


def test_a_crash_in_a_stream_is_an_error_event() -> None:
    with serving(TextDelta("平日"), RuntimeError("hidden detail")) as (client, _):
        text = client.post(PATH, json=body(stream=True)).text
    assert frames(text)[-1]["error"]["code"] == "broken"
    assert "hidden" not in text


def test_an_assistant_that_never_finishes_its_answer_is_a_crash() -> None:
    with serving(TextDelta("平日")) as (client, _):
        assert client.post(PATH, json=body()).status_code == 500


def test_half_a_surrogate_pair_in_a_document_does_not_break_the_reply() -> None:
    with serving(Finished(Answer("q", "grounded", "壞字\ud83d。"))) as (client, _):
        assert (
            client.post(PATH, json=body()).json()["choices"][0]["message"]["content"] == "壞字?。"
        )
        assert streamed(client)[0] == "壞字?。"


def wait_until(true: Any, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(true())
