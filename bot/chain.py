"""The LangChain retrieval chain; nobody else composes runnables.

    retrieve:  Ask → Evidence      stand-alone question | hybrid search | gate
    generate:  Evidence → str…     prompt | model, streamed

They are two runnables and not one because what the gate refuses must never reach the model.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda

from bot import prompts
from bot.anchors import unheard_of
from bot.errors import ModelError
from bot.following import stage
from bot.grounding import Calibration, Grounded, NoData, check, is_likely
from bot.language import detect
from bot.llm.base import Engine, Generation
from bot.messages import Ask, Usage
from bot.standalone import Standalone, standalone
from knowledge.passages import Passage
from knowledge.retriever import HybridRetriever, Query, Retrieved

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found for one question, and whether it may be answered from."""

    question: str
    alone: Standalone
    found: Retrieved
    verdict: Grounded | NoData
    again: bool = False
    """The model said 無資料 to this before; see `Chain.narrowed`."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """How much the model reads and writes; a small model on a CPU gets less of both."""

    passages: int = 5
    context_characters: int = 1200
    answer_tokens: int = 512
    second_look: bool = False
    """Whether a 無資料 to likely evidence is asked again: small models give up too early."""


@dataclass(frozen=True, slots=True)
class Chain:
    retrieve: Runnable[Ask, Evidence]
    budgets: Budgets
    clock: Clock
    engine: Engine | None

    def shown(self, evidence: Evidence) -> list[Passage]:
        """The passages that the model reads, in the order of their numbers."""
        passages = [scored.passage for scored in evidence.found.passages]
        return prompts.shown(passages, self.budgets.context_characters)

    def told(self, evidence: Evidence) -> str:
        """What the model is told besides passages and question: the date, the turn before."""
        previous = evidence.alone.previous
        turn = f"{previous.question}\n{previous.answer}" if previous else ""
        return f"{prompts.moment(self.clock())}\n{turn}"

    def narrowed(self, evidence: Evidence) -> Evidence | None:
        """The best passage alone, for a model that found nothing among several where there
        all but certainly is something; None where its 無資料 is to be believed."""
        if evidence.again or not self.budgets.second_look or not is_likely(evidence.verdict):
            return None
        best = replace(evidence.found, passages=evidence.found.passages[:1])
        return replace(evidence, found=best, again=True)

    def generate(self, evidence: Evidence) -> "Speech":
        """One call of the model. Raises ModelError while it is iterated."""
        return Speech(self, evidence)


class Speech:
    """The model's words for one question, and whether they were cut off."""

    def __init__(self, chain: Chain, evidence: Evidence) -> None:
        self._generation: Generation | None = None
        assert chain.engine is not None
        self._engine = chain.engine
        self._tokens = chain.budgets.answer_tokens
        prompt: Runnable[Evidence, list[BaseMessage]] = RunnableLambda(_prompter(chain))
        self._runnable = prompt | RunnableGenerator(self._speak)
        self._evidence = evidence

    @property
    def truncated(self) -> bool:
        return self._generation is not None and self._generation.truncated

    @property
    def usage(self) -> Usage | None:
        """None where the server does not count."""
        return self._generation.usage if self._generation is not None else None

    async def model(self) -> str | None:
        """The model's name; None where the server that just answered will not say it."""
        if self._generation is not None and self._generation.model is not None:
            return self._generation.model
        try:
            return await self._engine.model_id()
        except ModelError:
            return None

    async def deltas(self) -> AsyncGenerator[str, None]:
        try:
            async with aclosing(self._runnable.astream(self._evidence)) as stream:  # type: ignore[type-var]
                async for delta in stream:
                    yield delta
        finally:
            # LangChain leaves the generators within a sequence to the garbage collector; the
            # model's server is to stop now.
            if self._generation is not None:
                await self._generation.aclose()

    async def _speak(self, prompts_: AsyncIterator[list[BaseMessage]]) -> AsyncIterator[str]:
        async for messages in prompts_:
            self._generation = self._engine.stream(messages, max_tokens=self._tokens)
            log.info("asking the model (%s)", self._engine.name)
            with stage("model"):
                async with aclosing(self._generation):
                    async for delta in self._generation:
                        yield delta


def _prompter(chain: Chain) -> Callable[[Evidence], list[BaseMessage]]:
    def prompt(evidence: Evidence) -> list[BaseMessage]:
        return prompts.messages(
            evidence.question,
            chain.shown(evidence),
            chain.clock(),
            evidence.alone.previous,
            chain.budgets.context_characters,
            remind=not evidence.again,
        )

    return prompt


def judge(
    question: str, found: Retrieved, calibration: Calibration, *, model_follows: bool, year: int
) -> Grounded | NoData:
    """The gate's verdict on one search; `year` is the present one."""
    passages = [scored.passage for scored in found.passages]
    across = detect(question) == "en" and bool(passages) and detect(passages[0].text) == "zh"
    texts = "\n".join(f"{prompts.heading(passage)}\n{passage.text}" for passage in passages)
    return check(
        found.signals,
        found.known,
        calibration,
        model_follows=model_follows,
        across=across,
        doubtful=bool(unheard_of(question, texts, year)),
    )


def build_chain(
    retriever: HybridRetriever,
    calibration: Calibration,
    engine: Engine | None,
    budgets: Budgets,
    clock: Clock,
) -> Chain:
    def alone(ask: Ask) -> dict[str, Any]:
        return {"ask": ask, "alone": standalone(ask.text, ask.history, clock())}

    async def search(state: dict[str, Any]) -> dict[str, Any]:
        ask, rewritten = state["ask"], state["alone"]
        query = Query(rewritten.texts, ask.audiences, budgets.passages)
        with stage("retrieve"):
            return {**state, "found": await asyncio.to_thread(retriever.search, query)}

    def gate(state: dict[str, Any]) -> Evidence:
        found: Retrieved = state["found"]
        asks_model = engine is not None and state["ask"].use_model
        question, year = state["ask"].text, clock().year
        verdict = judge(question, found, calibration, model_follows=asks_model, year=year)
        return Evidence(question, state["alone"], found, verdict)

    # Explicit RunnableLambdas keep their names in LangChain's traces.
    chain: Runnable[Ask, Evidence] = (
        RunnableLambda(alone) | RunnableLambda(search) | RunnableLambda(gate)
    )
    return Chain(chain, budgets, clock, engine)


__all__ = ["Budgets", "Chain", "Clock", "Evidence", "Speech", "build_chain", "judge"]
