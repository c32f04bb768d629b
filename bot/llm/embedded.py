"""The embedded engine: llama.cpp in a child process that all `secretary` programs share.

The child is found, or started, at the first call and ends a while after its last user.
Speaking to it is the OpenAI-compatible engine's work.
"""

import asyncio
import importlib.util
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

from langchain_core.messages import BaseMessage

from bot.errors import ModelGarbage, ModelUnavailable
from bot.llm.base import Gate, Generation, Report
from bot.llm.embedded_server import SERVICE, Plan
from bot.llm.endpoint import Endpoint
from bot.llm.openai_compatible import OpenAICompatibleEngine
from bot.settings import ModelSettings
from knowledge.process import Link, Service, connect

CONTEXT_TOKENS: Final = 4096
LINGER_S: Final = 60.0
"""Loading takes seconds: `secretary ask` twice in a minute should pay for it once."""
_START_S: Final = 180.0
_CHILD_DIED: Final = ("model.unreachable", "model.broken_off")
_MAGIC: Final = b"GGUF"


class EmbeddedEngine:
    """Implements `bot.llm.base.Engine`; cheap to build, starts the child at first use."""

    name: Literal["openai", "embedded"] = "embedded"

    def __init__(self, settings: ModelSettings, gate: Gate, linger_s: float = LINGER_S) -> None:
        self._settings = settings
        self._gate = gate
        self._linger_s = linger_s
        self._joining = asyncio.Lock()
        self._link: Link | None = None
        self._speaker: OpenAICompatibleEngine | None = None

    def stream(self, messages: Sequence[BaseMessage], *, max_tokens: int) -> Generation:
        return Generation(lambda report: self._produce(messages, max_tokens, report))

    async def model_id(self) -> str:
        return self._settings.model_path.stem

    async def check(self) -> None:
        """Start the child if need be and see that it serves; seconds the first time."""
        await (await self._joined()).check()

    async def warm(self, messages: Sequence[BaseMessage]) -> None:
        """Let the model read the fixed beginning of all prompts, so that it is cached."""
        with suppress(ModelGarbage):  # one token is often nothing to show
            async with aclosing(self.stream(messages, max_tokens=1)) as reply:
                async for _ in reply:
                    pass

    async def aclose(self) -> None:
        async with self._joining:
            await self._leave()

    async def _produce(
        self, messages: Sequence[BaseMessage], max_tokens: int, report: Report
    ) -> AsyncGenerator[str, None]:
        """Asks a new child, once, where the last one died before its first word."""
        said = False
        for last in (False, True):
            speaker = await self._joined()
            try:
                async with aclosing(speaker.produce(messages, max_tokens, report)) as deltas:
                    async for delta in deltas:
                        said = True
                        yield delta
                return
            except ModelUnavailable as error:
                if error.code not in _CHILD_DIED:
                    raise
                await self._abandon(speaker)
                if said or last:
                    raise

    async def _abandon(self, speaker: OpenAICompatibleEngine) -> None:
        # A killed process closes its connections one by one: the link may still seem alive.
        async with self._joining:
            if self._speaker is speaker:
                await self._leave()

    async def _joined(self) -> OpenAICompatibleEngine:
        """The way to the living child; another one where the last one died."""
        async with self._joining:
            if self._speaker is None or self._link is None or self._link.is_lost():
                await self._leave()
                self._link, self._speaker = await self._join()
            return self._speaker

    async def _join(self) -> tuple[Link, OpenAICompatibleEngine]:
        settings = self._settings
        service = Service(
            name=SERVICE,
            module="bot.llm.embedded_server",
            version=_stamp(settings.model_path),
            error=ModelUnavailable,
            args=(_plan(settings).to_argument(),),
            linger=self._linger_s,
            start_timeout=_START_S,
        )
        link = await _undisturbed(service, settings.data_dir)
        endpoint = Endpoint(
            base_url=link.extra["base_url"],
            api_key=link.extra["api_key"],
            model=link.extra["model"],
            timeout_s=settings.timeout_s,
            retries=0,  # it is another child that is asked again
            disable_thinking=True,
            name="embedded",
        )
        return link, OpenAICompatibleEngine(endpoint, self._gate)

    async def _leave(self) -> None:
        speaker, self._speaker = self._speaker, None
        link, self._link = self._link, None
        if speaker is not None:
            await speaker.aclose()
        if link is not None:
            link.close()


async def _undisturbed(service: Service, data_dir: Path) -> Link:
    """`connect` in a thread; a caller that goes away meanwhile leaves no lease behind."""
    joining = asyncio.ensure_future(asyncio.to_thread(connect, service, data_dir))
    try:
        return await asyncio.shield(joining)
    except asyncio.CancelledError:
        joining.add_done_callback(_drop)
        raise


def _drop(joining: "asyncio.Future[Link]") -> None:
    if not joining.cancelled() and joining.exception() is None:
        joining.result().close()


def _plan(settings: ModelSettings) -> Plan:
    path = settings.model_path.absolute()
    return Plan(str(path), _stamp(path), CONTEXT_TOKENS, max(1, settings.concurrency))


def _stamp(path: Path) -> str:
    """What a running child must agree in to be used: the library and the file.

    Raises `ModelUnavailable` where either is missing or the file is no model.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise ModelUnavailable("model.extra_missing", python=sys.executable)
    try:
        stat = path.stat()
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ModelUnavailable("model.missing", path=str(path), reason=reason) from error
    if magic != _MAGIC:
        raise ModelUnavailable("model.damaged", path=str(path))
    return f"{path.name} {stat.st_size} {stat.st_mtime_ns} xllamacpp {version('xllamacpp')}"
