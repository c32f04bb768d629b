"""So many conversations at once through the bot, for at most so many seconds."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from bot.bootstrap import Bot
from bot.messages import Answer, Ask, Finished, TextDelta


@dataclass
class Level:
    """One number of conversations, and what they have come to so far."""

    conversations: int
    count: int
    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    begun: float = field(default_factory=time.perf_counter)

    def add(self, answer: Answer, first_s: float | None, whole_s: float) -> None:
        self.whole.append(whole_s)
        self.first += [] if first_s is None else [first_s]
        self.outcomes[answer.outcome] += 1
        self.tokens += answer.usage.completion if answer.usage else 0
        elapsed = time.perf_counter() - self.begun
        done = f"{len(self.whole)}/{self.count} answers, {elapsed:.0f} s"
        print(f"{self.conversations} conversations: {done}", file=sys.stderr, flush=True)

    def report(self, limit_s: float) -> dict[str, Any]:
        """Times are of what was finished; what was not would have taken longer."""
        elapsed = time.perf_counter() - self.begun
        failed = self.outcomes["extractive"] + self.outcomes["failed"]
        done = len(self.whole) - failed
        return {
            "conversations": self.conversations,
            "answers": done,
            "model_failed": failed,
            "unfinished": self.count - len(self.whole),
            "limit_s": limit_s,
            "took_s": round(elapsed, 1),
            "answers_per_s": round(done / elapsed, 3),
            "tokens_per_s": round(self.tokens / elapsed, 1) if self.tokens else None,
            "first_text_s": percentiles(self.first),
            "whole_answer_s": percentiles(self.whole),
            "outcomes": dict(self.outcomes),
        }


async def together(
    bot: Bot, questions: Sequence[str], conversations: int, count: int, limit_s: float
) -> dict[str, Any]:
    """The next question of a conversation follows its answer."""
    level, waiting = Level(conversations, count), list(range(count))

    async def converse() -> None:
        while waiting:
            await _ask(bot, questions[waiting.pop() % len(questions)], level)

    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await asyncio.gather(*(converse() for _ in range(conversations)))
    return level.report(limit_s)


async def _ask(bot: Bot, question: str, level: Level) -> None:
    begun, first = time.perf_counter(), None
    events = bot.assistant.answer(Ask(question, audiences=None))
    async with aclosing(events):  # type: ignore[type-var]
        async for event in events:
            if isinstance(event, TextDelta) and first is None:
                first = time.perf_counter() - begun
            if isinstance(event, Finished):
                level.add(event.answer, first, time.perf_counter() - begun)


def percentiles(took: Sequence[float]) -> dict[str, float] | None:
    if not took:
        return None
    ordered = sorted(took)
    late = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return {"p50": round(ordered[len(ordered) // 2], 2), "p95": round(late, 2)}
