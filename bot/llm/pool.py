"""Several model servers as one engine: taken in turn, the next one where one fails, and a paid
one as the last resort, within a budget.

A server that failed is left out until a check in the background finds it well again. What the
person did is no reason to leave a server out: a question that is too long, a dodged topic.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from langchain_core.messages import BaseMessage

from bot.errors import ModelError, ModelEvasive, ModelRejected
from bot.llm.base import Engine, Generation, Report
from bot.messages import Usage
from bot.thinking import RETRACT

_FIRST_CHECK_S: Final = 2.0
_LONGEST_PAUSE_S: Final = 60.0
_HARMLESS: Final = ("model.too_long",)


class Purse(Protocol):
    """What may be spent on the last resort; many processes may share it. Neither raises."""

    async def reserve(self, tokens: int) -> bool:
        """Set so many aside; False, and nothing counted, where that would be too many."""
        ...

    async def settle(self, reserved: int, used: int) -> None:
        """Count what was used in place of what was set aside."""
        ...


@dataclass(slots=True)
class _Member:
    engine: Engine
    is_well: bool = True
    probe: asyncio.Task[None] | None = None


class Pool:
    """Implements `bot.llm.base.Engine` over at least one other engine."""

    def __init__(
        self,
        engines: Sequence[Engine],
        last_resort: Engine | None = None,
        purse: Purse | None = None,
        first_check_s: float = _FIRST_CHECK_S,
    ) -> None:
        self._members = [_Member(engine) for engine in engines]
        self._last_resort = last_resort
        self._purse = purse
        self._first_check_s = first_check_s
        self._turn = 0

    @property
    def name(self) -> Literal["openai", "embedded"]:
        return self._members[0].engine.name

    def stream(self, messages: Sequence[BaseMessage], *, max_tokens: int) -> Generation:
        return Generation(lambda report: self._produce(messages, max_tokens, report))

    async def model_id(self) -> str:
        """Of the first server that says it; see `Generation.model` for who answered."""
        failure: ModelError | None = None
        for member in self._in_turn(step=False):
            try:
                return await member.engine.model_id()
            except ModelError as error:
                failure = failure or error
        assert failure is not None
        raise failure

    async def check(self) -> None:
        """Well if any server is, the last resort not counted. Raises what the first one met."""
        failure: ModelError | None = None
        for member in self._members:
            try:
                await member.engine.check()
            except ModelError as error:
                failure = failure or error
                self._leave_out(member, error)
            else:
                member.is_well = True
                return
        if failure is not None:
            raise failure

    async def warm(self, messages: Sequence[BaseMessage]) -> None:
        """Let every server read the fixed beginning of all prompts. Raises as `check` does."""
        await self.check()
        for member in self._members:
            if member.is_well:
                with suppress(ModelError):
                    async with aclosing(member.engine.stream(messages, max_tokens=1)) as reply:
                        async for _ in reply:
                            pass

    async def aclose(self) -> None:
        probes = [member.probe for member in self._members if member.probe is not None]
        for probe in probes:
            probe.cancel()
        await asyncio.gather(*probes, return_exceptions=True)
        for member in self._members:
            await member.engine.aclose()
        if self._last_resort is not None:
            await self._last_resort.aclose()

    async def _produce(
        self, messages: Sequence[BaseMessage], max_tokens: int, report: Report
    ) -> AsyncGenerator[str, None]:
        failure: ModelError | None = None
        spoken = False
        for member in self._in_turn():
            try:
                async with aclosing(_relay(member.engine, messages, max_tokens, report)) as deltas:
                    async for delta in deltas:
                        spoken = True
                        yield delta
                return
            except ModelError as error:
                failure = failure or error
                self._leave_out(member, error)
                if spoken:  # another server begins anew
                    yield RETRACT
        async with aclosing(self._pay(messages, max_tokens, report)) as deltas:
            async for delta in deltas:
                failure = None
                yield delta
        if failure is not None:
            raise failure

    async def _pay(
        self, messages: Sequence[BaseMessage], max_tokens: int, report: Report
    ) -> AsyncGenerator[str, None]:
        """The last resort's reply; nothing where there is none, it fails, or the purse is empty."""
        if self._last_resort is None or self._purse is None:
            return
        asked = sum(_tokens(str(message.text)) for message in messages)
        reserved, said = asked + max_tokens, ""
        if not await self._purse.reserve(reserved):
            return
        report.usage = None
        try:
            relayed = _relay(self._last_resort, messages, max_tokens, report)
            async with aclosing(relayed) as deltas:
                async for delta in deltas:
                    said += delta
                    yield delta
        except ModelError:
            if said:
                raise
        finally:
            counted = report.usage or (Usage(asked, _tokens(said)) if said else Usage(0, 0))
            await self._purse.settle(reserved, counted.prompt + counted.completion)

    def _in_turn(self, *, step: bool = True) -> list[_Member]:
        """Those that are well from the next one on, then the others: better a late answer."""
        start = self._turn
        if step:
            self._turn = (self._turn + 1) % len(self._members)
        ring = [*self._members[start:], *self._members[:start]]
        return sorted(ring, key=lambda member: not member.is_well)

    def _leave_out(self, member: _Member, error: ModelError) -> None:
        if isinstance(error, ModelEvasive):
            return
        if isinstance(error, ModelRejected) and error.code in _HARMLESS:
            return
        member.is_well = False
        if member.probe is None or member.probe.done():
            member.probe = asyncio.create_task(self._until_well(member))

    async def _until_well(self, member: _Member) -> None:
        pause = self._first_check_s
        while not member.is_well:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
            with suppress(ModelError):
                await member.engine.check()
                member.is_well = True


async def _relay(
    engine: Engine, messages: Sequence[BaseMessage], max_tokens: int, report: Report
) -> AsyncGenerator[str, None]:
    """An engine's reply, and what it learns about it."""
    generation = engine.stream(messages, max_tokens=max_tokens)
    try:
        async for delta in generation:
            yield delta
    finally:
        await generation.aclose()
        report.finish_reason = "length" if generation.truncated else "stop"
        report.usage, report.model = generation.usage, generation.model


def _tokens(text: str) -> int:
    """More than it will be: a Chinese character is at most about one, four letters are one."""
    wide = sum(character > "\u2e7f" for character in text)
    return wide + (len(text) - wide) // 3 + 4
