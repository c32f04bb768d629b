"""The engine for any server that speaks the OpenAI chat protocol.

vLLM, llama.cpp, LM Studio, Ollama, FastChat, LLaMA-Factory, text-generation-webui, OpenAI.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Literal, NoReturn

from langchain_core.messages import BaseMessage

from bot.errors import ModelGarbage, ModelRejected, ModelTimeout
from bot.llm.base import Gate, Generation, Report
from bot.llm.clean import Cleaner
from bot.llm.complaints import (
    dodged,
    first_talker,
    is_offered,
    nothing_said,
    too_slow,
    unknown_model,
)
from bot.llm.dialect import Dialect
from bot.llm.endpoint import Endpoint
from bot.llm.evasion import FINISH_REASONS, Evasion, Watch

if TYPE_CHECKING:
    from bot.llm.faults import Fault
    from bot.llm.wire import Piece, Wire


class OpenAICompatibleEngine:
    """Implements `bot.llm.base.Engine` over HTTP; cheap to build, connects at first use."""

    def __init__(self, endpoint: Endpoint, gate: Gate) -> None:
        self._endpoint = endpoint
        self._gate = gate
        self._dialect = Dialect(endpoint.temperature, no_thinking=endpoint.disable_thinking)
        self._model = endpoint.model
        self._opening = asyncio.Lock()
        self._wire: Wire | None = None

    @property
    def name(self) -> Literal["openai", "embedded"]:
        return self._endpoint.name

    def stream(self, messages: Sequence[BaseMessage], *, max_tokens: int) -> Generation:
        return Generation(lambda report: self.produce(messages, max_tokens, report))

    async def model_id(self) -> str:
        if self._model is None:
            names = await self._names()
            self._model = first_talker(names)
            if self._model is None:
                raise ModelRejected("model.name_needed", base_url=self._endpoint.shown_url)
        return self._model

    async def check(self) -> None:
        """One GET of the model list; a server without such a list counts as able."""
        wanted = self._endpoint.model
        try:
            names = await self._names()
        except ModelRejected as error:
            if wanted and error.code == "model.no_list":
                return
            raise
        if wanted and names and not is_offered(wanted, names):
            raise unknown_model(self._endpoint, wanted, names)
        await self.model_id()

    async def aclose(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.aclose()

    async def produce(
        self, messages: Sequence[BaseMessage], max_tokens: int, report: Report
    ) -> AsyncGenerator[str, None]:
        """What `stream` yields, for an engine that wraps this one."""
        from bot.llm.faults import Fault

        async with self._gate.enter():
            deadline = asyncio.get_running_loop().time() + self._endpoint.total_s
            attempt, spoken = 0, False
            while True:
                try:
                    reply = self._attempt(messages, max_tokens, report, deadline)
                    async with aclosing(reply) as deltas:
                        async for delta in deltas:
                            spoken = True
                            yield delta
                    return
                except Fault as fault:
                    if spoken or not await self._may_retry(fault, attempt, deadline):
                        await self._fail(fault)
                attempt += 1

    async def _attempt(
        self, messages: Sequence[BaseMessage], max_tokens: int, report: Report, deadline: float
    ) -> AsyncGenerator[str, None]:
        wire, model = await self._connected(), await self.model_id()
        report.model = model
        cleaner, watch, heard = Cleaner(max_tokens), Watch(), False
        async with aclosing(wire.chat(messages, model, max_tokens, self._dialect)) as pieces:
            while (piece := await self._next(pieces, deadline)) is not None:
                report.finish_reason = piece.finish_reason or report.finish_reason
                report.usage = piece.usage or report.usage
                heard = heard or bool(piece.text.strip())
                if text := self._watched(watch, cleaner.feed(piece.text)):
                    yield text
                if cleaner.is_overrun:
                    report.finish_reason = "length"
                    break
        if report.finish_reason in FINISH_REASONS:
            raise dodged(self._endpoint)
        if tail := self._watched(watch, cleaner.close()) + watch.close():
            yield tail
        if cleaner.is_blank:
            thought = heard or report.finish_reason == "length"
            raise nothing_said(self._endpoint, thought=thought)

    def _watched(self, watch: Watch, text: str) -> str:
        try:
            return watch.feed(text)
        except Evasion:
            raise dodged(self._endpoint) from None

    async def _next(self, pieces: "AsyncGenerator[Piece, None]", deadline: float) -> "Piece | None":
        left = deadline - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(min(self._endpoint.timeout_s, left)):
                return await anext(pieces, None)
        except TimeoutError:
            raise too_slow(self._endpoint) from None

    async def _may_retry(self, fault: "Fault", attempt: int, deadline: float) -> bool:
        """Whether another attempt makes sense; waits until it does."""
        if attempt >= self._endpoint.retries + 2:  # two more, to learn a server's dialect
            return False
        if (adapted := self._adapted(fault)) is not None:
            self._dialect = adapted
            return True
        if not fault.retry or attempt >= self._endpoint.retries:
            return False
        in_time = asyncio.get_running_loop().time() < deadline
        return in_time and await fault.pause(attempt)

    def _adapted(self, fault: "Fault") -> Dialect | None:
        if fault.status in (400, 422):
            return self._dialect.adapted(fault.message)
        return self._dialect.folded(fault.message)

    async def _fail(self, fault: "Fault") -> NoReturn:
        """Raise what `fault` means; for an unknown model or path, see what there is."""
        if fault.status == 404 or (fault.status == 400 and "model" in fault.message.lower()):
            wanted, self._model = await self.model_id(), self._endpoint.model
            names = await self._names()
            if fault.status == 404 or not is_offered(wanted, names):
                raise unknown_model(self._endpoint, wanted, names)
        if isinstance(fault.error, ModelGarbage):  # perhaps the server's home page
            await self._look_elsewhere(await self._connected())
        raise fault.error

    async def _names(self) -> tuple[str, ...]:
        """The server's model list. Raises `ModelError`, `model.no_list` where it has none."""
        from bot.llm.faults import Fault

        wire = await self._connected()
        try:
            return await self._in_time(wire)
        except Fault as fault:
            if fault.status in (404, 405) or isinstance(fault.error, ModelGarbage):
                await self._look_elsewhere(wire)
            if fault.status in (404, 405):
                url = self._endpoint.shown_url
                raise ModelRejected("model.no_list", base_url=url) from None
            raise fault.error from None

    async def _look_elsewhere(self, wire: "Wire") -> None:
        """Raise `model.base_url` when the API is found one step below the configured URL."""
        from bot.llm.faults import Fault

        url = self._endpoint.base_url
        if url.endswith("/v1"):
            return
        try:
            await self._in_time(wire, f"{url}/v1")
        except (Fault, ModelTimeout):
            return
        shown = self._endpoint.shown_url
        raise ModelRejected("model.base_url", base_url=shown, suggestion=f"{shown}/v1")

    async def _in_time(self, wire: "Wire", base_url: str | None = None) -> tuple[str, ...]:
        # The SDK's own limit starts anew with every byte.
        try:
            async with asyncio.timeout(self._endpoint.timeout_s):
                return await wire.models(base_url)
        except TimeoutError:
            raise too_slow(self._endpoint) from None

    async def _connected(self) -> "Wire":
        async with self._opening:
            if self._wire is None:
                self._wire = await asyncio.to_thread(_open, self._endpoint)
            return self._wire


def _open(endpoint: Endpoint) -> "Wire":
    from bot.llm.wire import Wire  # takes about a second to import

    return Wire(endpoint)
