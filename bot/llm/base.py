"""What every engine offers, the reply while it streams, and the gate before the model."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from langchain_core.messages import BaseMessage

from bot.messages import Usage


@dataclass(slots=True)
class Report:
    """What an engine learns about a reply besides its text."""

    finish_reason: str | None = None
    """As the server says it (`stop`, `length`, …); None where it never said."""
    usage: Usage | None = None
    model: str | None = None
    """Which one speaks, as its server knows it."""


class Generation:
    """One reply while it streams: text deltas, never empty, without the model's thinking.

    A delta may hold `bot.thinking.RETRACT`: what came before it was thought after all,
    and `strip_thinking` drops it from the whole.

    Nothing is sent before the first delta is asked for. Leave early with `aclose` (or
    `contextlib.aclosing`): the server then stops generating and the gate opens. Raises
    the `ModelError` family. `truncated` and `usage` are complete after the last delta.
    """

    def __init__(self, produce: Callable[[Report], AsyncGenerator[str, None]]) -> None:
        self._report = Report()
        self._deltas = produce(self._report)

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        return await anext(self._deltas)

    async def aclose(self) -> None:
        await self._deltas.aclose()

    @property
    def truncated(self) -> bool:
        """Whether the reply ended only because `max_tokens` were spent."""
        return self._report.finish_reason == "length"

    @property
    def model(self) -> str | None:
        """Who spoke; None before the server was reached."""
        return self._report.model

    @property
    def usage(self) -> Usage | None:
        """None where the server does not count."""
        return self._report.usage


class Engine(Protocol):
    """A language model that can be spoken to."""

    @property
    def name(self) -> Literal["openai", "embedded"]: ...

    async def model_id(self) -> str:
        """The model's name as the server knows it. Raises `ModelError`."""
        ...

    def stream(self, messages: Sequence[BaseMessage], *, max_tokens: int) -> Generation:
        """The reply to `messages`; `max_tokens` bounds it, thinking included."""
        ...

    async def check(self) -> None:
        """Raise the `ModelError` that a call would meet now; generates nothing."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and child processes; safe to call twice."""
        ...


class Gate:
    """Lets at most `limit` callers of the process speak to the model at once, in order."""

    def __init__(self, limit: int) -> None:
        self._free = asyncio.Semaphore(limit)
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many callers stand before the gate."""
        return self._waiting

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()
