"""Slack for the suites: the real adapter at `SlackServer`, over a web socket or signed HTTP.

async with opened(bot, tmp_path) as slack:              # Socket Mode
async with opened(bot, tmp_path, http=True) as slack:
"""

import asyncio
import html
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from adapters.base import Adapter
from adapters.settings import Settings
from adapters.slack.inbound import invoked, tapped
from bot.bootstrap import Bot
from bot.phrases import say
from tests.support.platform_harness import Behind, Shown, behind
from tests.support.slack_server import APP_TOKEN, BOT, BOT_TOKEN, Message, SlackServer
from tests.support.slack_workspace import (
    SECRET,
    HttpLine,
    Line,
    SocketLine,
    Workspace,
    values,
)

PEOPLE = {"ann": "U0ANN", "bob": "U0BOB", "boss": "U0BOSS"}
CHANNEL = "C0GENERAL"
_IN_LINE = say("answer.busy")[:6]
_CALLS = re.compile(r"<[!@]|(?<![\w/])@(?:channel|here|everyone)\b")


def direct(person: str) -> str:
    return f"D{PEOPLE[person]}"


@dataclass
class SlackHarness:
    """`tests.support.platform_harness.Harness`, and what only Slack has."""

    slack: SlackServer
    people: Workspace
    behind: Behind
    ids: list[str] = field(default_factory=list)

    @property
    def acks(self) -> list[float]:
        return self.people.acks

    async def say(self, text: str, *, person: str = "ann", quotes: str | None = None) -> str:
        channel = direct(person)
        thread = quotes.partition(":")[2] if quotes else None
        ts = await self.people.say(text, user=PEOPLE[person], channel=channel, thread=thread)
        self.ids.append(f"slack:{channel}:{ts}")
        return self.ids[-1]

    async def ask(self, text: str, *, person: str = "ann", thread: str | None = None) -> str:
        """By a mention in the channel; gives the message's timestamp."""
        user = PEOPLE[person]
        said = f"<@{BOT}> {text}"
        ts = await self.people.say(said, user=user, channel=CHANNEL, thread=thread)
        self.ids.append(f"slack:{CHANNEL}:{ts}")
        return ts

    async def again(self, delivery: str) -> None:
        for kind, payload in list(self.people.told):
            event = payload.get("event") or {}
            if f"slack:{event.get('channel')}:{event.get('ts')}" == delivery:
                await self.people.tell(kind, payload)

    async def batch(self, *texts: str) -> None:
        await asyncio.gather(*(self.say(text) for text in texts))

    async def echo(self, text: str) -> None:
        await self.people.bots_speak(text, direct("ann"))
        await self.people.bots_speak(f"<@{BOT}> {text}", CHANNEL)

    async def tap(self, data: str, *, person: str = "ann") -> None:
        await self.people.tap(data, user=PEOPLE[person])

    def messages(self) -> list[Message]:
        """The bot's own."""
        return [message for message in self.slack.messages if message.user == BOT]

    def own(self) -> list[Message]:
        """The bot's own, without what came back as an event and the places in line, which only
        who waits sees for a moment."""
        said = [one for one in self.messages() if one.versions or one.is_streaming]
        return [one for one in said if not (one.only_for and one.text.startswith(_IN_LINE))]

    def shown(self) -> list[Shown]:
        return [Shown(read(one), values(one), one.channel) for one in self.own()]

    def last_message_id(self) -> str:
        last = self.own()[-1]
        return f"{last.channel}:{last.ts}"

    async def settled(self, count: int, seconds: float = 20) -> list[Shown]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if len(self.own()) >= count and await self._is_settled():
                return self.shown()
            await asyncio.sleep(0.02)
        shown = "\n".join(f"- {one}" for one in self.shown())
        raise AssertionError(f"{len(self.own())} of {count} messages:\n{shown}")

    async def _is_settled(self) -> bool:
        inbox = self.behind.desk.inbox
        if any(message.is_streaming for message in self.own()):
            return False
        for id_ in {*self.ids, *map(_id_of, self.people.told)}:
            if id_ is not None and await inbox.position(id_) is not None:
                return False
        return True

    def pings(self) -> list[Any]:
        found: list[Any] = []
        for call in self.slack.calls:
            said = call.arguments
            if said.get("link_names") or said.get("parse") == "full":
                found.append(said)
            found += [text for text in _texts(said) if _CALLS.search(text)]
        return found


def _id_of(told: tuple[str, dict[str, Any]]) -> str | None:
    """Of the question that somebody may have asked by this."""
    kind, payload = told
    if kind == "slash_commands":
        return invoked(payload).id
    if payload.get("type") == "block_actions":
        return tapped(payload).id
    event = payload.get("event") or {}
    return f"slack:{event.get('channel')}:{event.get('ts')}"


def _texts(said: dict[str, Any]) -> list[str]:
    """Every text that Slack would read for calls."""
    texts = [str(said.get(name) or "") for name in ("text", "markdown_text", "status")]
    for block in said.get("blocks") or ():
        if block["type"] == "markdown":
            texts.append(block["text"])
        for one in (block.get("text"), *(block.get("elements") or ())):
            if isinstance(one, dict) and one.get("type") == "mrkdwn":
                texts.append(one["text"])
    return texts


def read(message: Message) -> str:
    """What a person reads: links by their words and address, entities as what they stand for."""
    if not message.blocks:
        return html.unescape(message.text)
    return "\n".join(filter(None, map(_read, message.blocks)))


def _read(block: dict[str, Any]) -> str:
    match block["type"]:
        case "markdown":
            return str(block["text"])
        case "section":
            return _mrkdwn(block["text"]["text"])
        case "context":
            return "\n".join(_mrkdwn(element["text"]) for element in block["elements"])
        case _:
            return ""


def _mrkdwn(text: str) -> str:
    return html.unescape(re.sub(r"<([^|<>]+)\|([^<>]*)>", r"\2 \1", text))


def settings_for(slack: SlackServer, *, http: bool = False, **more: Any) -> Settings:
    own = {
        "slack_bot_token": BOT_TOKEN,
        "slack_app_token": None if http else APP_TOKEN,
        "slack_signing_secret": SECRET if http else None,
        "slack_api_base": slack.base_url,
        "slack_admins": (PEOPLE["boss"],),
        **more,
    }
    return Settings(_env_file=None, **own)  # type: ignore[call-arg]


@asynccontextmanager
async def opened(
    bot: Bot,
    home: Path,
    *,
    http: bool = False,
    server: SlackServer | None = None,
    settings: dict[str, Any] | None = None,
    **desk: Any,
) -> AsyncIterator[SlackHarness]:
    """`server` is one that is up already."""
    async with AsyncExitStack() as stack:
        slack = server or await stack.enter_async_context(SlackServer())
        chosen = settings_for(slack, http=http, **(settings or {}))
        inside = await stack.enter_async_context(behind(bot, "slack", chosen, home, **desk))
        line: Line = SocketLine(slack)
        if http:
            line = HttpLine(await stack.enter_async_context(_served(inside.adapter)))
        yield SlackHarness(slack, Workspace(slack, line), inside)
        assert slack.broken == []


@asynccontextmanager
async def _served(adapter: Adapter) -> AsyncIterator[str]:
    """The adapter's routes on a loopback port; gives the address of the events."""
    app = FastAPI()
    for router in adapter.routers():
        app.include_router(router)
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - another library's flag
        await asyncio.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/slack/events"
    finally:
        server.should_exit = True
        await serving
