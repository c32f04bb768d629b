"""`secretary chat`: a conversation in the terminal, with the same assistant as everywhere."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

import click

from adapters.cli.ask import opened
from adapters.cli.asking import asker, request
from adapters.cli.console import warn
from adapters.cli.telling import tell
from bot.annotations import Draft
from bot.bootstrap import Bot
from bot.messages import Answer
from bot.phrases import describe, say


@click.command()
@click.option("--audience", help="只用這個對象看得到的知識（預設：全部）")
@click.option("--room", help="接著這個名字的對話說下去（預設：新的對話）")
def chat(audience: str | None, room: str | None) -> None:
    """在終端機裡對話；/help 看指令。"""
    audiences = frozenset({"public", audience}) if audience else None
    asyncio.run(_chat(audiences, room or secrets.token_hex(4)))


async def _chat(audiences: frozenset[str] | None, room: str) -> None:
    async with opened() as (bot, language):
        conversation = Conversation(bot, language, room, audiences)
        click.echo(say("terminal.welcome", language))
        while (line := await asyncio.to_thread(_read)) is not None:
            if await conversation.hear(line.strip()) == "end":
                return


def _read() -> str | None:
    """A line, or None at the end of the input."""
    try:
        return str(input("› "))
    except EOFError:
        return None


@dataclass(slots=True)
class Conversation:
    """One chat: what is said, and the commands about what was said last."""

    bot: Bot
    language: str
    room: str
    audiences: frozenset[str] | None
    last: tuple[str, Answer] | None = field(default=None)
    """Request id and answer."""

    async def hear(self, line: str) -> Literal["on", "end"]:
        if not line:
            return "on"
        word, _, rest = line.partition(" ")
        if word in ("/exit", "/quit", "/bye"):
            return "end"
        commands: dict[str, Callable[[str], Awaitable[None]]] = {
            "/help": self._help,
            "/reset": self._reset,
            "/quota": self._quota,
            "/good": self._good,
            "/bad": self._bad,
            "/annotate": self._annotate,
        }
        if word.startswith("/"):
            await commands.get(word, self._help)(rest.strip())
        else:
            await self._ask(line)
        return "on"

    async def _ask(self, text: str) -> None:
        asked = request(text, self.room, audiences=self.audiences)
        answer = await tell(self.bot.secretary.answer(asked), self.language)
        self.last = (asked.id, answer)

    async def _help(self, _rest: str) -> None:
        self._say("terminal.help")

    async def _reset(self, _rest: str) -> None:
        place = request("", self.room).conversation
        await asyncio.to_thread(self.bot.memory.history.reset, place)
        self._say("terminal.reset")

    async def _quota(self, _rest: str) -> None:
        place = request("", self.room).conversation
        standing = self.bot.secretary.standing
        click.echo(await asyncio.to_thread(standing, asker(), place, self.language))

    async def _good(self, _rest: str) -> None:
        await self._rate(1, None)

    async def _bad(self, reason: str) -> None:
        await self._rate(-1, reason or None)

    async def _rate(self, value: Literal[1, -1], reason: str | None) -> None:
        if self.last is None:
            self._say("terminal.nothing_yet")
            return
        feedback = self.bot.memory.feedback
        await asyncio.to_thread(feedback.rate, self.last[0], asker(), value, reason)
        self._say("terminal.rated")

    async def _annotate(self, text: str) -> None:
        """The right answer to the question before."""
        if self.last is None or not text:
            self._say("terminal.annotate_usage")
            return
        request_id, wrong = self.last
        annotations = self.bot.memory.annotations
        by = f"{asker().platform}:{asker().user_id}"
        saved = await asyncio.to_thread(
            annotations.add, Draft(wrong.question, text), by, request_id
        )
        self._say("terminal.annotated", number=saved.annotation.id)
        if saved.problem is not None:
            warn(describe(saved.problem, self.language))

    def _say(self, code: str, **detail: object) -> None:
        warn(say(code, self.language, **detail))
