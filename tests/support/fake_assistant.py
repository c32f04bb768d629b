"""An assistant that follows a script, for testing doors without a bot behind them."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.web.ports import Assistant, Readiness
from bot.messages import Answer, AnswerEvent, Ask, Citation, Finished, TextDelta, Thinking, Timings
from knowledge.passages import Locator, Passage, ScoredPassage

Step = AnswerEvent | float | BaseException
"""An event to give, seconds to wait, or an error to raise."""


@dataclass
class FakeAssistant(Assistant):
    """Plays `scripts[question]`, else `default`; remembers what it was asked."""

    scripts: Mapping[str, Sequence[Step]] = field(default_factory=dict)
    default: Sequence[Step] = ()
    asked: list[Ask] = field(default_factory=list)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the work was stopped before its end."""
    closed: int = 0
    given: list[float] = field(default_factory=list)
    """When each TextDelta left, in seconds since the epoch."""

    async def answer(self, ask: Ask) -> AsyncIterator[AnswerEvent]:
        self.asked.append(ask)
        try:
            for step in self.scripts.get(ask.text, self.default):
                if isinstance(step, float):
                    await asyncio.sleep(step)
                elif isinstance(step, BaseException):
                    raise step
                else:
                    if isinstance(step, TextDelta):
                        self.given.append(time.time())
                    yield step
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled.set()
            raise
        finally:
            self.closed += 1


@dataclass
class FakeReadiness(Readiness):
    ready: bool = True
    notice: str | None = None

    def readiness(self) -> Mapping[str, object]:
        checks = {"index": "ok" if self.ready else "opening", "model": "extractive"}
        return {"ready": self.ready, "checks": checks, "notice": self.notice}


def passage(text: str, *, title: str = "營業資訊", source: str = "hours.md") -> ScoredPassage:
    found = Passage(id=text[:8], source=source, title=title, text=text, locator=Locator(("門市",)))
    return ScoredPassage(found, score=0.9)


HOURS = passage("門市資訊\n\n**平日** 10:00 到 21:00 營業，週末 11:00 開門。\n\n國定假日另行公告。")
HOURS_QUOTE = "10:00 到 21:00 營業，週末 11:00 開門。"


def grounded(question: str, text: str = "平日 10:00 開門，週末 11:00 開門 [1]。") -> Answer:
    return Answer(
        question=question,
        outcome="grounded",
        text=text,
        citations=(Citation("營業資訊", "hours.md", "門市", HOURS_QUOTE),),
        passages=(HOURS,),
        timings=Timings(12.0, 800.0, 820.0),
    )


def spoken(answer: Answer, *, pause: float = 0.0, size: int = 3) -> list[Step]:
    """The whole script of an answer whose text streams in pieces of `size` characters."""
    steps: list[Step] = [Thinking(answer.passages)]
    for start in range(0, len(answer.text), size):
        steps += [TextDelta(answer.text[start : start + size]), pause]
    return [*steps, Finished(answer)]
