"""Asks every evaluation line and keeps what came back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Protocol

from langchain_core.runnables import Runnable

from bot.assistant import collect
from bot.chain import Evidence
from bot.errors import BotError
from bot.evaluation.questions import EvalLine
from bot.grounding import NoData
from bot.messages import Answer, AnswerEvent, Ask
from bot.smalltalk import clean
from knowledge.errors import KnowledgeError
from knowledge.passages import ScoredPassage


class Answers(Protocol):
    """The part of `Assistant` that is measured."""

    def answer(self, ask: Ask) -> AsyncIterator[AnswerEvent]: ...


@dataclass(frozen=True, slots=True)
class Result:
    """One line with everything that was seen of it."""

    line: EvalLine
    passages: tuple[ScoredPassage, ...] = ()
    """Of the retrieval, best first, also where the answer shows none."""
    confidence: float | None = None
    """The gate's, 0–1; None where the search failed or found nothing at all."""
    refused_by_gate: bool = False
    retrieve_ms: float = 0.0
    answer: Answer | None = None
    """None when only retrieval was measured."""
    problem: str | None = None
    """Code of the error that kept the search from its result."""

    @property
    def refused(self) -> bool:
        """The person was told that there is no data (or would be, by the gate alone)."""
        return self.refused_by_gate if self.answer is None else self.answer.outcome == "no_data"

    @property
    def total_ms(self) -> float:
        return self.retrieve_ms if self.answer is None else self.answer.timings.total


class Evaluator:
    """Runs lines through retrieval and, unless `assistant` is None, through the assistant.

    Retrieval is asked on its own besides, since an answer carries no confidence and small
    talk no passages; it costs some 50 ms a line. Everybody's knowledge is used, as in the
    operator's own terminal.
    """

    def __init__(
        self, retrieve: Runnable[Ask, Evidence], assistant: Answers | None, concurrency: int = 1
    ) -> None:
        self._retrieve = retrieve
        self._assistant = assistant
        self._concurrency = max(1, concurrency)

    async def run(
        self, lines: Sequence[EvalLine], on_result: Callable[[Result], None] = lambda _: None
    ) -> list[Result]:
        """Results in the order of the lines.

        `on_result` is called as each is done, so that a caller who is interrupted has what
        was finished until then. Cancelling this cancels what is under way.
        """
        results: dict[int, Result] = {}
        waiting = iter(enumerate(lines))

        async def worker(todo: Iterable[tuple[int, EvalLine]]) -> None:
            for number, line in todo:
                results[number] = await self._one(line)
                on_result(results[number])

        workers = min(self._concurrency, len(lines))
        tasks = [asyncio.create_task(worker(waiting)) for _ in range(workers)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        return [results[number] for number in range(len(lines))]

    async def _one(self, line: EvalLine) -> Result:
        ask = Ask(text=line.question, history=line.history, audiences=None, id=line.id)
        result = await self._search(line, ask)
        if self._assistant is None:
            return result
        return replace(result, answer=await collect(self._assistant.answer(ask)))

    async def _search(self, line: EvalLine, ask: Ask) -> Result:
        start = perf_counter()
        try:
            evidence = await self._retrieve.ainvoke(replace(ask, text=clean(ask.text)))
        except (KnowledgeError, BotError) as error:
            return Result(line, problem=error.code, retrieve_ms=_since(start))
        return Result(
            line,
            passages=evidence.found.passages,
            confidence=evidence.verdict.confidence if evidence.found.passages else None,
            refused_by_gate=isinstance(evidence.verdict, NoData),
            retrieve_ms=_since(start),
        )


def _since(start: float) -> float:
    return (perf_counter() - start) * 1000
