"""Where objects meet. Doors and tests call `build`; nothing else constructs a Bot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from langchain_core.messages import BaseMessage

from bot import prompts
from bot.assistant import Assistant
from bot.audiences import Audiences
from bot.audiences import parse as parse_audiences
from bot.chain import Budgets, Chain, Clock, build_chain, judge
from bot.errors import ModelError
from bot.grounding import Calibration, Grounded, NoData, calibration_for
from bot.inbox import Handler, Inbox, InboxSettings, ReplyChannel
from bot.llm.base import Engine, Gate
from bot.llm.pool import Pool, Purse
from bot.memory import Memory, open_memory
from bot.quotas import DayPurse
from bot.secretary import Secretary
from bot.settings import BotSettings, ModelSettings
from bot.standalone import standalone
from bot.watching import Watcher
from knowledge.library import Library
from knowledge.retriever import Query, Retrieved

SMALL_MODEL = Budgets(passages=5, context_characters=600, answer_tokens=160, second_look=True)
"""About seven seconds of reading on two cores; more would keep the asker waiting."""
LARGE_MODEL = Budgets(passages=5, context_characters=1200, answer_tokens=512)


@runtime_checkable
class Warmable(Protocol):
    """An engine that gains from reading the fixed prefix before the first question."""

    async def warm(self, messages: Sequence[BaseMessage]) -> None: ...


@dataclass(slots=True)
class Bot:
    """Everything that one process needs to answer. Close it when done."""

    settings: BotSettings
    library: Library
    engine: Engine | None
    chain: Chain
    assistant: Assistant
    """Answers from the documents alone; what is measured."""
    memory: Memory
    secretary: Secretary
    """What the doors talk to."""
    calibration: Calibration
    audiences: Audiences
    """Which audiences each door may search for whoever asks there; see `audiences_for`."""

    async def aclose(self) -> None:
        if self.engine is not None:
            await self.engine.aclose()
        self.memory.close()
        self.library.close()

    async def warm(self) -> str | None:
        """Loads the model and its fixed prefix; the code of what went wrong, if anything."""
        if self.engine is None:
            return None
        try:
            if isinstance(self.engine, Warmable):
                await self.engine.warm(prompts.fixed_messages())
            else:
                await self.engine.check()
        except ModelError as error:
            return error.code
        return None

    def search(
        self, question: str, k: int, audiences: frozenset[str] | None = None
    ) -> tuple[Retrieved, Grounded | NoData]:
        """Retrieval and the gate's verdict; no model."""
        texts = standalone(question, (), self.chain.clock()).texts
        found = self.library.search(Query(texts, audiences, k, fill=True))
        follows, year = self.engine is not None, self.chain.clock().year
        return found, judge(question, found, self.calibration, model_follows=follows, year=year)


def build(
    settings: BotSettings,
    *,
    engine: Engine | None = None,
    clock: Clock | None = None,
    watcher: Watcher | None = None,
) -> Bot:
    """Opens the library and builds everything above it.

    `engine` and `clock` replace what the settings would give, for tests; `watcher` looks on
    while questions are answered. Raises KnowledgeError or ConfigError.
    """
    audiences = parse_audiences(settings.audiences)
    library = Library(settings.knowledge)
    zone = ZoneInfo(settings.timezone)
    clock = clock or (lambda: datetime.now(zone))
    try:
        memory = open_memory(settings, library, clock)
    except BaseException:
        library.close()
        raise
    engine = engine or open_engine(settings.model, _purse(settings, memory, zone, clock))
    calibration = calibration_for(library.embedding_model)
    is_small = engine is not None and engine.name == "embedded"
    budgets = SMALL_MODEL if is_small else LARGE_MODEL
    chain = build_chain(library.retriever, calibration, engine, budgets, clock)
    sparse_only = library.embedder is None
    assistant = Assistant(chain, settings.language, sparse_only=sparse_only, say=memory.words.say)
    secretary = Secretary(assistant.answer, memory, clock, settings.language, watcher)
    return Bot(
        settings, library, engine, chain, assistant, memory, secretary, calibration, audiences
    )


def _purse(settings: BotSettings, memory: Memory, zone: ZoneInfo, clock: Clock) -> DayPurse | None:
    paid = settings.model.last_resort
    return DayPurse(memory.storage, paid.tokens_per_day, zone, clock) if paid else None


def open_inbox(
    bot: Bot, channels: Mapping[str, ReplyChannel], executor_id: str, handler: Handler | None = None
) -> Inbox:
    """The durable queue before the secretary, or before a `handler` around it; the caller
    starts and stops it.

    `executor_id` names this process in logs.
    """
    settings = InboxSettings(
        concurrency=bot.settings.model.concurrency,
        capacity=bot.settings.inbox_capacity,
        drain_s=bot.settings.drain_s,
        executor_id=executor_id,
    )
    return Inbox(bot.memory.storage, handler or bot.secretary, channels, settings, bot.chain.clock)


def open_engine(settings: ModelSettings, purse: Purse | None = None) -> Engine | None:
    """The engine that the settings name; None means extractive answers.

    Without a `purse` the paid model of the last resort is not asked.
    """
    engines = _engines(settings)
    paid = settings.last_resort
    if not engines or (len(engines) == 1 and (paid is None or purse is None)):
        return engines[0] if engines else None
    if paid is None or purse is None:
        return Pool(engines)
    last = _remote(settings, paid.base_url, paid.api_key, paid.name, settings.concurrency)
    return Pool(engines, last, purse)


def _engines(settings: ModelSettings) -> list[Engine]:
    if settings.engine == "openai":
        urls = settings.base_urls or ("",)
        each = -(-settings.concurrency // len(urls))
        return [_remote(settings, url, settings.api_key, settings.name, each) for url in urls]
    if settings.engine == "embedded":
        from bot.llm.embedded import EmbeddedEngine

        return [EmbeddedEngine(settings, Gate(settings.concurrency))]
    return []


def _remote(
    settings: ModelSettings, url: str, key: str | None, model: str | None, at_once: int
) -> Engine:
    from bot.llm.endpoint import Endpoint
    from bot.llm.openai_compatible import OpenAICompatibleEngine

    endpoint = Endpoint(
        base_url=url,
        api_key=key,
        model=model,
        timeout_s=settings.timeout_s,
        disable_thinking=not settings.thinking,
    )
    return OpenAICompatibleEngine(endpoint, Gate(at_once))
