"""The real LINE adapter between a loopback Messaging API and signed webhooks over HTTP."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from adapters.line.adapter import LineAdapter
from adapters.line.settings import Pace
from adapters.settings import Settings
from bot.bootstrap import Bot
from tests.support.line_events import Event, again, event, postback, text_event, user
from tests.support.line_server import LineServer, Said
from tests.support.platform_harness import Behind, Shown, behind

ANN, BOSS = user("ann"), user("boss")
PATIENCE_S = 20.0


@dataclass
class LineHarness:
    line: LineServer
    behind: Behind
    webhook: str
    acks: list[float] = field(default_factory=list)
    sent: dict[str, Event] = field(default_factory=dict)
    """Delivery id → event."""

    # -- people ---------------------------------------------------------------------------------

    async def deliver(self, *events: Event, status: int = 200) -> None:
        """In one body."""
        got, seconds = await self.line.post(self.webhook, list(events))
        assert got == status
        self.acks.append(seconds)
        self.sent |= {one["webhookEventId"]: one for one in events}

    async def say(self, text: str, *, person: str = "ann", quotes: str | None = None) -> str:
        if quotes is not None:
            await self._known(quotes)
        said = text_event(text, user(person), quotes=quotes)
        await self.deliver(said)
        return f"line:{said['webhookEventId']}"

    async def _known(self, message_id: str) -> None:
        """People take longer to quote a message than the bot to note that it is there."""
        history = self.behind.desk.memory.history
        for _ in range(100):
            if history.exchange_of_message("line", message_id) is not None:
                return
            await asyncio.sleep(0.02)

    async def say_in(
        self, room: str, text: str, *, person: str | None = "ann", **more: Any
    ) -> Event:
        said = text_event(text, None if person is None else user(person), room, **more)
        await self.deliver(said)
        return said

    async def again(self, delivery: str) -> None:
        await self.deliver(again(self.sent[delivery.removeprefix("line:")]))

    async def batch(self, *texts: str) -> None:
        await self.deliver(*(text_event(text, ANN) for text in texts))

    async def echo(self, text: str) -> None:
        """LINE brings no bot its own messages, nor those of others: what comes nearest is an
        event of another channel's turn, and one that is about nobody."""
        await self.deliver({**text_event(text, ANN), "mode": "standby"})
        nobody = {name: value for name, value in text_event(text, ANN).items() if name != "source"}
        got, _ = await self.line.post_raw(self.webhook, [nobody])
        assert got == 200

    async def tap(self, data: str, *, person: str = "ann", room: str | None = None) -> None:
        await self.deliver(postback(data, user(person), room))

    async def unsend(self, said: Event) -> None:
        place = said["source"]
        taken = {"messageId": said["message"]["id"]}
        await self.deliver(
            {**event("unsend", None, unsend=taken, replyToken=None), "source": place}
        )

    async def leave(self, kind: str = "unfollow", room: str | None = None) -> None:
        await self.deliver(event(kind, ANN, room, replyToken=None))

    # -- what they see ----------------------------------------------------------------------------

    def shown(self) -> list[Shown]:
        return [shown(message, said) for said in self.line.said for message in said.messages]

    def last_message_id(self) -> str:
        return self.line.said[-1].ids[-1]

    async def settled(self, count: int, seconds: float = PATIENCE_S) -> list[Shown]:
        end = time.monotonic() + seconds
        while len(self.shown()) < count and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert len(self.shown()) >= count, (self.shown(), self.line.refused)
        return self.shown()

    def pings(self) -> list[Any]:
        """Mentions; and pushes, which come unasked."""
        messages = [message for said in self.line.said for message in said.messages]
        return [*self.line.pushes, *(one for one in messages if one["type"] == "textV2")]


def shown(message: dict[str, Any], said: Said) -> Shown:
    text, data = _read(message)
    quick = message.get("quickReply", {}).get("items", [])
    return Shown(text, (*data, *(one["action"]["data"] for one in quick)), said.room)


def _read(message: dict[str, Any]) -> tuple[str, list[str]]:
    if message["type"] != "flex":
        return str(message.get("text", "")), []
    bubble = message["contents"]
    texts = [one["text"] for one in bubble["body"]["contents"]]
    buttons = [one["action"]["data"] for one in bubble.get("footer", {}).get("contents", [])]
    return "\n".join(texts), buttons


@asynccontextmanager
async def opened(
    bot: Bot,
    home: Path,
    *,
    line: LineServer | None = None,
    pace: Pace | None = None,
    settings: dict[str, Any] | None = None,
    **desk: Any,
) -> AsyncIterator[LineHarness]:
    server = line or LineServer()
    async with server:
        made = line_settings_for(home, server, **(settings or {}))
        make = partial(LineAdapter, pace=pace) if pace else LineAdapter
        async with (
            behind(bot, "line", made, home, make=make, **desk) as inside,
            serving(inside.adapter) as url,
        ):
            yield LineHarness(server, inside, f"{url}/line/webhook")


def line_settings_for(home: Path, line: LineServer, **more: Any) -> Settings:
    values: dict[str, Any] = {
        "data_dir": home / "data",
        "line_channel_secret": line.secret,
        "line_channel_access_token": line.token,
        "line_api_base": line.url,
        "line_admins": (BOSS,),
        **more,
    }
    return Settings(_env_file=None, **values)  # type: ignore[call-arg]


@asynccontextmanager
async def serving(adapter: Any) -> AsyncIterator[str]:
    """The adapter's routes over real HTTP."""
    app = FastAPI()
    for router in adapter.routers():
        app.include_router(router)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="warning", access_log=False)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[sock]))
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
