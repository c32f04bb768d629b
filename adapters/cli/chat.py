"""`secretary chat`: a conversation in the terminal, with the same assistant as everywhere."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import click

from adapters.cli.ask import opened
from adapters.cli.asking import asker, request
from adapters.cli.console import warn
from adapters.cli.telling import tell
from bot.annotations import Draft
from bot.bootstrap import Bot
from bot.messages import Answer
from bot.people import Linked, LinkRefused
from bot.phrases import describe, say
from bot.secretary import NONE_OF_THESE


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
            "/link": self._link,
            "/forgetme": self._forget,
        }
        chosen = self._choice(line)
        if chosen is not None:
            await self._pick(chosen)
        elif word.startswith("/"):
            await commands.get(word, self._help)(rest.strip())
        else:
            await self._ask(line)
        return "on"

    async def _ask(self, text: str, chosen: int | None = None) -> None:
        asked = replace(request(text, self.room, audiences=self.audiences), chosen=chosen)
        answer = await tell(self.bot.secretary.answer(asked), self.language)
        self.last = (asked.id, answer)

    def _choice(self, line: str) -> int | None:
        """The annotation that a number means after a question back."""
        if self.last is None or not line.isdecimal():
            return None
        back = self.last[1]
        if back.outcome != "clarify" or not 1 <= int(line) <= len(back.choices):
            return None
        meant = back.meant[int(line) - 1 : int(line)]
        return meant[0].annotation_id if meant else NONE_OF_THESE

    async def _pick(self, annotation_id: int) -> None:
        assert self.last is not None
        await self._ask(self.last[1].question, annotation_id)

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

    async def _link(self, code: str) -> None:
        """Without a code gives one, to be typed on another platform."""
        people = self.bot.memory.people
        if not code:
            made = await asyncio.to_thread(people.link_code, asker())
            self._say("desk.link_code", secret=made, p="")
            return
        match await asyncio.to_thread(people.link, asker(), code):
            case Linked(identities=ids):
                self._say("desk.linked", platforms="、".join(one.platform for one in ids))
            case LinkRefused(reason=reason):
                self._say(f"desk.link_{reason}")

    async def _forget(self, _rest: str) -> None:
        me, forget = asker(), self.bot.memory.forget
        count = await asyncio.to_thread(forget, me.platform, me.user_id)
        self.last = None
        self._say("desk.forgotten", count=count)

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
