"""The same question asked by several people at the same moment is computed once.

Only what cannot tell who asked is shared: the question, whose knowledge may be used, and
no earlier turns. Everybody gets the whole stream from its beginning.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace

from bot.errors import BotError
from bot.messages import AnswerEvent, Ask, Finished
from bot.smalltalk import clean
from knowledge.folding import fold

Answering = Callable[[Ask], AsyncGenerator[AnswerEvent, None]]
_Key = tuple[str, frozenset[str] | None, bool]


@dataclass(eq=False, slots=True)
class _Flight:
    """One computation and those who wait for it."""

    ask: Ask
    """Of whoever came first."""
    events: list[AnswerEvent] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    watchers: int = 0
    done: bool = False
    error: Exception | None = None
    task: asyncio.Task[None] | None = None


class Sharing:
    """Wraps an answering function; same promise: exactly one Finished, always last."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._flights: dict[_Key, _Flight] = {}

    async def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent, None]:
        """Leaving early stops the work only where nobody else waits for it."""
        if ask.history:
            async with aclosing(self._answering(ask)) as events:
                async for event in events:
                    yield event
            return
        key = (fold(ask.text), ask.audiences, ask.use_model)
        flight = self._flights.get(key) or self._take_off(key, ask)
        flight.watchers += 1
        try:
            async for event in _watch(flight):
                yield event if ask is flight.ask else _for(ask, event)
        finally:
            flight.watchers -= 1
            await self._perhaps_land(key, flight)

    def _take_off(self, key: _Key, ask: Ask) -> _Flight:
        flight = self._flights[key] = _Flight(ask)
        flight.task = asyncio.create_task(self._fly(key, flight, ask))
        return flight

    async def _fly(self, key: _Key, flight: _Flight, ask: Ask) -> None:
        try:
            async with aclosing(self._answering(ask)) as events:
                async for event in events:
                    await _tell(flight, event)
        except Exception as error:  # noqa: BLE001 - not handled here: raised in every watcher
            flight.error = error
        finally:
            self._forget(key, flight)
            flight.done = True
            async with flight.news:
                flight.news.notify_all()

    def _forget(self, key: _Key, flight: _Flight) -> None:
        """From now on the question is a new one."""
        if self._flights.get(key) is flight:
            del self._flights[key]

    async def _perhaps_land(self, key: _Key, flight: _Flight) -> None:
        if flight.watchers or flight.done or flight.task is None:
            return
        self._forget(key, flight)
        flight.task.cancel()
        with suppress(asyncio.CancelledError):
            await flight.task


async def _tell(flight: _Flight, event: AnswerEvent) -> None:
    async with flight.news:
        flight.events.append(event)
        flight.news.notify_all()


async def _watch(flight: _Flight) -> AsyncIterator[AnswerEvent]:
    seen = 0
    while True:
        await _news(flight, seen)
        while seen < len(flight.events):
            yield flight.events[seen]
            seen += 1
        if flight.done and seen == len(flight.events):
            break
    if flight.error is not None:
        raise flight.error
    if not (flight.events and isinstance(flight.events[-1], Finished)):
        raise BotError("answer.failed")


async def _news(flight: _Flight, seen: int) -> None:
    async with flight.news:
        await flight.news.wait_for(lambda: flight.done or len(flight.events) > seen)


def _for(ask: Ask, event: AnswerEvent) -> AnswerEvent:
    """Everybody's answer bears their own id and words."""
    if not isinstance(event, Finished):
        return event
    said = event.answer.question
    # What was too long is not repeated whole.
    own = clean(ask.text) if fold(said) == fold(clean(ask.text)) else said
    return Finished(replace(event.answer, id=ask.id, question=own))
