"""Who may post to the webhook, how much, and when it is acknowledged."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from adapters.line.webhook import MAX_BODY
from bot.bootstrap import Bot
from bot.phrases import say
from knowledge.errors import LedgerError
from tests.support.bot import ScriptedEngine, bot_over
from tests.support.leaf_shop import HOURS, open_shop
from tests.support.line_events import BOT, again, event, group, signature, signed, text_event, user
from tests.support.line_harness import ANN, LineHarness, opened
from tests.support.line_server import SECRET

SAID = "平日上午十點開門。[1]"


@asynccontextmanager
async def chatting(home: Path) -> AsyncIterator[tuple[Bot, LineHarness]]:
    async with (
        bot_over(open_shop(home), ScriptedEngine(SAID)) as bot,
        opened(bot, home) as people,
    ):
        yield bot, people


async def post(people: LineHarness, body: bytes, **headers: str) -> int:
    async with httpx.AsyncClient() as http:
        return (await http.post(people.webhook, content=body, headers=headers)).status_code


async def test_only_what_line_signed_is_taken(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people):
        body, headers = signed(SECRET, [text_event(HOURS, ANN)])
        assert await post(people, body) == 401
        assert await post(people, body, **{"X-Line-Signature": ""}) == 401
        assert await post(people, body, **{"X-Line-Signature": signature("other", body)}) == 401
        assert await post(people, body + b" ", **headers) == 401
        assert await post(people, body, **headers) == 200
        async with httpx.AsyncClient() as http:
            assert (await http.get(people.webhook)).status_code == 405


async def test_a_body_that_is_too_large_is_refused_before_it_is_looked_at(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people):
        large = b"x" * (MAX_BODY + 1)
        assert await post(people, large, **{"X-Line-Signature": signature(SECRET, large)}) == 413

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(20):
                yield b"x" * (MAX_BODY // 10)

        async with httpx.AsyncClient() as http:
            got = await http.post(people.webhook, content=chunks())
        assert got.status_code == 413, "also without a length in its header"


async def test_the_call_that_verifies_the_address_is_acknowledged(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people):
        body = json.dumps({"destination": BOT, "events": []}).encode()
        assert await post(people, body, **{"X-Line-Signature": signature(SECRET, body)}) == 200
        for odd in (b"{}", b"not json", b""):
            signed_ = {"X-Line-Signature": signature(SECRET, odd)}
            assert await post(people, odd, **signed_) == 400


async def test_unknown_events_are_passed_over_and_the_others_taken(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people):
        new_kind = event("teleport", ANN, teleport={"to": "moon"})
        new_message = event("message", ANN, message={"type": "hologram", "id": "1"})
        broken = event("message", ANN, message={"type": "text", "id": "1", "text": {"a": 1}})
        joined = event("memberJoined", None, group("g"), joined={"members": []})
        await people.deliver(new_kind, new_message, joined, broken, text_event(HOURS, ANN))
        *_, answer = await people.settled(1)
    assert "十點" in answer.text


async def test_an_event_that_cannot_be_written_down_is_not_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with chatting(tmp_path) as (_, people):
        inbox = people.behind.desk.inbox
        submit = inbox.submit

        async def away(*_: object) -> None:
            raise LedgerError("database.unavailable", problem="gone")

        first, second = text_event(HOURS, ANN), text_event("你是誰？", user("ben"))
        monkeypatch.setattr(inbox, "submit", away)
        await people.deliver(first, second, status=503)
        monkeypatch.setattr(inbox, "submit", submit)
        # LINE delivers it again, with the same ids and tokens.
        await people.deliver(again(first), again(second))
        shown = await people.settled(2)
        assert len(shown) == 2


async def test_before_the_start_and_after_the_end_it_is_not_acknowledged(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (_, people):
        await people.behind.adapter.stop()
        await people.deliver(text_event(HOURS, ANN), status=503)


async def test_one_event_that_fails_does_not_keep_the_others_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it refused, LINE would bring it again and again."""
    async with chatting(tmp_path) as (_, people):
        desk = people.behind.desk
        hear = desk.hear

        async def stumbling(request: object, respond: object) -> object:
            if getattr(request, "text", "") == "壞掉":
                raise RuntimeError("a bug")
            return await hear(request, respond)  # type: ignore[arg-type]

        monkeypatch.setattr(desk, "hear", stumbling)
        await people.deliver(text_event("壞掉", ANN), text_event(HOURS, ANN))
        (answer,) = await people.settled(1)
    assert "十點" in answer.text


async def test_a_greeting_for_whoever_comes(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (bot, people):
        follow = event("follow", ANN, follow={"isUnblocked": False})
        await people.deliver(follow)
        (hello,) = await people.settled(1)
        assert hello.text == say("line.welcome")
        await people.deliver(again(follow))
        bot.memory.words.set("line.welcome", "zh-TW", "歡迎光臨葉脈文具", "boss")
        await people.deliver(event("follow", user("ben"), follow={"isUnblocked": False}))
        _, own = await people.settled(2)
        assert own.text == "歡迎光臨葉脈文具"
        await people.deliver(event("join", None, group("g")))
        *_, joined = await people.settled(3)
        assert "@葉脈小幫手" in joined.text
        assert "「小秘書」" in joined.text
