"""A real Bot over a folder of its own, with a scripted model and a clock that stands still.

data = knowledge_of(tmp_path, {"營業.md": "# 營業時間\\n\\n台北店上午十點開門。"})
engine = ScriptedEngine("台北店上午十點開門。[1]")
async with bot_over(data, engine) as bot:
    answer = await ask(bot, "台北店幾點開門？")
    assert engine.prompts[0][-1].content.endswith("問題：台北店幾點開門？")
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from langchain_core.messages import BaseMessage

from bot.assistant import collect
from bot.bootstrap import Bot, build
from bot.errors import ModelError
from bot.llm.base import Engine, Generation, Report
from bot.messages import Answer, AnswerEvent, Ask
from bot.settings import BotSettings, ModelSettings
from knowledge.ingest import IngestReport
from knowledge.ledger import sqlite_url
from knowledge.library import Library
from knowledge.settings import EmbeddingEngine, KnowledgeSettings

NOON = datetime(2026, 11, 24, 12, 30, tzinfo=ZoneInfo("Asia/Taipei"))
"""A Tuesday."""

Script = str | Sequence[str | float | ModelError]
"""A text said at once, or its deltas, with pauses in seconds and an error between them."""


@dataclass
class ScriptedEngine(Engine):
    """Says the same to every prompt, or what `say` makes of the prompt; remembers everything."""

    say: Script | Callable[[str], Script] = ""
    """A function gets the text of the last message."""
    small: bool = False
    """Pretend to be the embedded model, which is read to and asked otherwise."""
    cut: bool = False
    """End as if `max_tokens` were spent."""
    prompts: list[list[BaseMessage]] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with the first call."""
    closed: int = 0
    """Streams that ended, whether spoken to the end or left early."""
    finished: int = 0
    """Streams that were spoken to the end."""

    @property
    def name(self) -> Literal["openai", "embedded"]:
        return "embedded" if self.small else "openai"

    async def model_id(self) -> str:
        return "scripted"

    async def check(self) -> None:
        """Always able."""

    async def aclose(self) -> None:
        """Holds nothing."""

    @property
    def tasks(self) -> list[str]:
        """The last message of each call: passages, date and question."""
        return [str(prompt[-1].content) for prompt in self.prompts]

    def stream(self, messages: Sequence[BaseMessage], *, max_tokens: int) -> Generation:
        return Generation(lambda report: self._speak(list(messages), report))

    async def _speak(
        self, messages: list[BaseMessage], report: Report
    ) -> AsyncGenerator[str, None]:
        self.prompts.append(messages)
        self.called.set()
        said = self.say(str(messages[-1].content)) if callable(self.say) else self.say
        try:
            for step in [said] if isinstance(said, str) else said:
                if isinstance(step, ModelError):
                    raise step
                if isinstance(step, str):
                    yield step
                else:
                    await asyncio.sleep(step)
            report.finish_reason = "length" if self.cut else "stop"
            self.finished += 1
        finally:
            self.closed += 1


def settings_for(
    data_dir: Path,
    embedding: EmbeddingEngine = "none",
    language: str = "zh-TW",
    quotas: str | None = None,
) -> BotSettings:
    knowledge = KnowledgeSettings(
        data_dir=data_dir,
        database_url=sqlite_url(data_dir),
        embedding_engine=embedding,
        store_linger_s=2.0,
    )
    model = ModelSettings(engine="none", data_dir=data_dir, model_path=data_dir / "none.gguf")
    return BotSettings(knowledge, model, language, quotas=quotas)


def write(folder: Path, documents: Mapping[str, str | bytes]) -> Path:
    """Files by their path below the folder."""
    for name, content in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def knowledge_of(
    home: Path, documents: Mapping[str, str | bytes], embedding: EmbeddingEngine = "none"
) -> Path:
    """A DATA_DIR below `home` that knows these documents."""
    write(home / "docs", documents)
    ingest(home / "data", home / "docs", embedding=embedding)
    return home / "data"


def ingest(
    data_dir: Path, *paths: Path, audience: str = "public", embedding: EmbeddingEngine = "none"
) -> IngestReport:
    with Library(settings_for(data_dir, embedding).knowledge) as library:
        return library.ingest(paths, audience)


@asynccontextmanager
async def bot_over(
    data_dir: Path,
    engine: Engine | None = None,
    *,
    now: datetime = NOON,
    embedding: EmbeddingEngine = "none",
    language: str = "zh-TW",
    quotas: str | None = None,
    clock: Callable[[], datetime] | None = None,
) -> AsyncIterator[Bot]:
    settings = settings_for(data_dir, embedding, language, quotas)
    clock = clock or (lambda: now)
    bot = await asyncio.to_thread(build, settings, engine=engine, clock=clock)
    try:
        yield bot
    finally:
        await bot.aclose()


async def ask(bot: Bot, question: str | Ask) -> Answer:
    request = Ask(question) if isinstance(question, str) else question
    return await collect(bot.assistant.answer(request))


async def events_of(bot: Bot, question: str | Ask) -> list[AnswerEvent]:
    request = Ask(question) if isinstance(question, str) else question
    return [event async for event in bot.assistant.answer(request)]
