"""The assistant's events as the web needs them: with signs of life, and ended on disconnect."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from adapters.web.ports import Assistant
from bot.messages import AnswerEvent, Ask, Finished

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing happened for a while; time to show a proxy that the line is alive."""


@dataclass(frozen=True, slots=True)
class Broke:
    """The assistant broke its promise: it raised, or ended without Finished."""


Event = AnswerEvent | Silence | Broke


async def events(assistant: Assistant, ask: Ask, silence_s: float) -> AsyncGenerator[Event, None]:
    """Ends after one Finished or Broke. Closing it early cancels the assistant's work.

    The assistant runs in one task of its own from first to last, so that time limits and
    connections that it holds across its yields stay in the task that opened them.
    """
    queue: asyncio.Queue[AnswerEvent | Broke] = asyncio.Queue()
    work = asyncio.create_task(_pump(assistant, ask, queue))
    finished = False
    try:
        while not finished:
            event = await _next(queue, silence_s)
            finished = isinstance(event, Finished | Broke)
            yield event
        # What the assistant still does after its last word (writing it down) is let be.
        await asyncio.shield(work)
    finally:
        if not finished:
            work.cancel()


async def _next(queue: "asyncio.Queue[AnswerEvent | Broke]", silence_s: float) -> Event:
    try:
        async with asyncio.timeout(silence_s):
            return await queue.get()
    except TimeoutError:
        return Silence()


async def _pump(
    assistant: Assistant, ask: Ask, queue: "asyncio.Queue[AnswerEvent | Broke]"
) -> None:
    finished = False
    try:
        async for event in assistant.answer(ask):
            finished = finished or isinstance(event, Finished)
            # Never waits, so a cancellation always reaches the assistant where it waits.
            queue.put_nowait(event)
    except Exception:  # the last catch before a person: whatever it is, they get a sentence
        log.exception("the assistant failed on question %s", ask.id)
    if not finished:
        queue.put_nowait(Broke())
