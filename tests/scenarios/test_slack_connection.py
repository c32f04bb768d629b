"""Coming to Slack and staying there: tokens, lost connections, signatures, what is acknowledged."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from adapters.base import PlatformOff, Surroundings
from adapters.slack import adapter as adapter_module
from adapters.slack import socket as socket_module
from adapters.slack.adapter import SlackAdapter
from bot.errors import BotError
from bot.phrases import describe
from tests.support.bot import bot_over
from tests.support.leaf_shop import HOURS, HOURS_TEXT, open_shop
from tests.support.platform_harness import behind
from tests.support.slack_harness import PEOPLE, SlackHarness, direct, read, settings_for
from tests.support.slack_server import SlackServer
from tests.support.slack_shop import slack_over
from tests.support.slack_workspace import SECRET, HttpLine, encoded, signature

EVENT = {"type": "event_callback", "team_id": "T1", "event": {"type": "team_join"}}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return open_shop(tmp_path)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_module, "PING_S", 0.3)
    monkeypatch.setattr(adapter_module, "RETRY_S", (0.3,))


# -- tokens and the network ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "variable"),
    [
        ({"slack_bot_token": "xoxb-wrong"}, "SLACK_BOT_TOKEN"),
        ({"slack_app_token": "xapp-wrong"}, "SLACK_APP_TOKEN"),
    ],
)
async def test_a_wrong_token_is_one_sentence_that_names_it(
    shop: Path, tmp_path: Path, wrong: dict[str, str], variable: str
) -> None:
    async with SlackServer() as slack, bot_over(shop) as bot:
        settings = settings_for(slack, **wrong)
        with pytest.raises(PlatformOff) as refused:
            async with behind(bot, "slack", settings, tmp_path):
                pass
    assert variable in describe(refused.value)
    assert "wrong" not in describe(refused.value)


async def test_a_slack_that_cannot_be_reached_is_tried_until_it_can(
    shop: Path, tmp_path: Path
) -> None:
    server = SlackServer()
    async with server:
        pass  # the port is known, and nobody listens there any more
    async with slack_over(shop, tmp_path, server=server) as slack:
        assert slack.behind.adapter.state not in ("ok", "starting")
        assert slack.behind.who == ""
        again = SlackServer()
        again.port = server.port
        async with again:
            await until(lambda: slack.behind.adapter.state == "ok")
            people = SlackHarness(again, slack.people, slack.behind)
            people.people.slack = people.people.line.slack = again  # type: ignore[attr-defined]
            await people.say(HOURS)
            await people.settled(1)
            assert HOURS_TEXT in read(people.own()[0])


# -- the socket ---------------------------------------------------------------------------------


async def test_a_dropped_socket_is_opened_again(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await slack.slack.drop()
        await until(lambda: slack.slack.connections == 2)
        await slack.say(HOURS)
        await slack.settled(1)
        assert slack.behind.adapter.state == "ok"


async def test_slack_asks_to_connect_anew(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        await slack.slack.send({"type": "disconnect", "reason": "refresh_requested"})
        await until(lambda: slack.slack.connections == 2)
        await slack.say(HOURS)
        await slack.settled(1)


async def test_an_address_that_is_used_up_is_given_up(shop: Path, tmp_path: Path) -> None:
    """The SDK alone would try it for ever."""
    async with slack_over(shop, tmp_path) as slack:
        working, slack.slack._ticket = (
            slack.slack._ticket,
            lambda _said: {  # type: ignore[method-assign]
                "url": f"ws://127.0.0.1:{slack.slack.port}/link?ticket=used"
            },
        )
        await slack.slack.drop()
        await until(lambda: slack.behind.adapter.state == "reconnecting")
        await asyncio.sleep(1.0)
        slack.slack._ticket = working  # type: ignore[method-assign]
        await until(lambda: slack.behind.adapter.state == "ok")
        await slack.say(HOURS)
        await slack.settled(1)


async def test_nothing_is_acknowledged_that_is_not_written_down(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        inbox = slack.behind.desk.inbox
        working = inbox.submit

        async def away(*_: Any) -> Any:
            raise BotError("inbox.closed")

        monkeypatch.setattr(inbox, "submit", away)
        event = slack.people.event(
            slack.people.said(HOURS, user=PEOPLE["ann"], channel=direct("ann"))
        )
        taken, _ = await slack.people.line.tell("events_api", event)
        assert not taken
        monkeypatch.setattr(inbox, "submit", working)
        taken, _ = await slack.people.line.tell("events_api", event)  # Slack tries again
        assert taken
        await slack.settled(1)


async def test_it_is_written_down_before_it_is_acknowledged(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with slack_over(shop, tmp_path) as slack:
        inbox = slack.behind.desk.inbox
        working = inbox.submit

        async def slow(*given: Any) -> Any:
            await asyncio.sleep(0.5)
            return await working(*given)

        monkeypatch.setattr(inbox, "submit", slow)
        await slack.say(HOURS)
        assert slack.acks[-1] >= 0.5
        await slack.settled(1)


# -- signed requests ----------------------------------------------------------------------------


@asynccontextmanager
async def webhook(shop: Path, tmp_path: Path) -> AsyncIterator[HttpLine]:
    async with slack_over(shop, tmp_path, http=True) as slack:
        assert isinstance(slack.people.line, HttpLine)
        yield slack.people.line


async def post(line: HttpLine, body: bytes, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(
            line.url, content=body, headers={"Content-Type": "application/json", **headers}
        )


async def test_who_cannot_sign_is_refused(shop: Path, tmp_path: Path) -> None:
    body, _ = encoded("events_api", EVENT)
    good = signature(SECRET, body)
    old = signature(SECRET, body, time.time() - 310)
    ahead = signature(SECRET, body, time.time() + 310)
    stamp, signed = "X-Slack-Request-Timestamp", "X-Slack-Signature"
    bad = [
        {},
        {stamp: good[stamp]},
        {signed: good[signed]},
        signature("another", body),
        old,
        ahead,
        {**good, stamp: "now"},
        {**good, stamp: "²"},
        {**good, signed: "v0="},
        {**good, signed: "v0=ä"},
        {**good, signed: good[signed].removeprefix("v0=")},
    ]
    async with webhook(shop, tmp_path) as line:
        for headers in bad:
            raw = {name: value.encode("latin-1", "replace") for name, value in headers.items()}
            assert (await post(line, body, raw)).status_code == 401  # type: ignore[arg-type]
        assert (await post(line, body + b" ", good)).status_code == 401
        assert (await post(line, body, good)).status_code == 200


async def test_what_is_too_large_is_refused_unread(shop: Path, tmp_path: Path) -> None:
    body = b"{" + b" " * 1_000_001 + b"}"
    async with webhook(shop, tmp_path) as line:
        assert (await post(line, body, signature(SECRET, body))).status_code == 413

        async def drops() -> AsyncIterator[bytes]:
            for _ in range(200):
                yield b" " * 10_000

        async with httpx.AsyncClient() as client:
            assert (await client.post(line.url, content=drops())).status_code == 413


@pytest.mark.parametrize("body", [b"{not json", b"\xff\xfe", b"payload=%7B"])
async def test_what_is_signed_but_unreadable_is_a_bad_request(
    shop: Path, tmp_path: Path, body: bytes
) -> None:
    async with webhook(shop, tmp_path) as line:
        assert (await post(line, body, signature(SECRET, body))).status_code == 400


async def test_the_address_is_confirmed(shop: Path, tmp_path: Path) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "xyz", "token": "t"}).encode()
    async with webhook(shop, tmp_path) as line:
        response = await post(line, body, signature(SECRET, body))
    assert response.json() == {"challenge": "xyz"}


async def test_before_it_is_started_slack_is_asked_to_come_again(
    shop: Path, tmp_path: Path
) -> None:
    body, _ = encoded("events_api", EVENT)
    async with SlackServer() as slack, bot_over(shop) as bot:
        memory = bot.memory
        around = Surroundings(
            settings_for(slack, http=True), memory.words.say, memory.history.stored, memory
        )
        app = FastAPI()
        [router] = SlackAdapter(around).routers()
        app.include_router(router)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            headers = signature(SECRET, body)
            response = await client.post("/slack/events", content=body, headers=headers)
            assert response.status_code == 503


async def test_with_socket_mode_there_is_no_webhook(shop: Path, tmp_path: Path) -> None:
    async with slack_over(shop, tmp_path) as slack:
        assert list(slack.behind.adapter.routers()) == []


async def until(condition: Any) -> None:
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110 - it is about another program
            await asyncio.sleep(0.02)
