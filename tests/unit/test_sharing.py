"""The same question at the same moment is computed once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from bot.messages import Answer, AnswerEvent, Ask, Finished, TextDelta, Turn
from bot.sharing import Sharing


class Slow:
    """Answers after a signal; counts how often it was asked and how often it was stopped."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.stopped = 0
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent, None]:
        self.asked.append(ask.text)
        try:
            yield TextDelta("十")
            await self.go.wait()
            if self.error:
                raise self.error
            yield Finished(Answer(ask.text, "grounded", "十點。", id=ask.id))
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped += 1
            raise


async def collect(sharing: Sharing, ask: Ask) -> list[AnswerEvent]:
    return [event async for event in sharing.answer(ask)]


async def started(slow: Slow, *asks: Ask) -> list[asyncio.Task[list[AnswerEvent]]]:
    sharing = Sharing(slow.answer)
    tasks = [asyncio.create_task(collect(sharing, ask)) for ask in asks]
    await asyncio.sleep(0.02)
    return tasks


async def test_one_computation_serves_everybody_with_their_own_id() -> None:
    slow = Slow()
    tasks = await started(slow, Ask("几点開門", id=1), Ask("幾點開門", id=2), Ask("幾點開門", id=3))
    slow.go.set()
    answers = [(await task)[-1].answer for task in tasks]
    assert slow.asked == ["几点開門"]
    assert [answer.id for answer in answers] == [1, 2, 3]
    assert answers[1].question == "幾點開門"
    assert [type(event) for event in await tasks[2]] == [TextDelta, Finished]


@pytest.mark.parametrize(
    "other",
    [
        Ask("幾點打烊"),
        Ask("幾點開門", audiences=frozenset({"public", "staff"})),
        Ask("幾點開門", use_model=False),
        Ask("幾點開門", history=(Turn("台北店", "在大安區"),)),
    ],
)
async def test_what_might_be_answered_otherwise_is_not_shared(other: Ask) -> None:
    slow = Slow()
    tasks = await started(slow, Ask("幾點開門"), other)
    slow.go.set()
    await asyncio.gather(*tasks)
    assert len(slow.asked) == 2


async def test_a_later_question_is_computed_anew() -> None:
    slow = Slow()
    slow.go.set()
    sharing = Sharing(slow.answer)
    await collect(sharing, Ask("幾點開門"))
    await collect(sharing, Ask("幾點開門"))
    assert len(slow.asked) == 2


async def test_leaving_stops_the_work_only_when_the_last_one_leaves() -> None:
    slow = Slow()
    first, second = await started(slow, Ask("幾點開門"), Ask("幾點開門"))
    first.cancel()
    await asyncio.sleep(0.02)
    assert slow.stopped == 0
    second.cancel()
    await asyncio.wait([first, second])
    assert slow.stopped == 1


async def test_leaving_early_from_the_stream_stops_the_work() -> None:
    slow = Slow()
    async with aclosing(Sharing(slow.answer).answer(Ask("幾點開門"))) as events:
        async for _ in events:
            break
    assert slow.stopped == 1


async def test_a_failure_reaches_everybody() -> None:
    slow = Slow()
    tasks = await started(slow, Ask("幾點開門"), Ask("幾點開門"))
    slow.error = RuntimeError("broken")
    slow.go.set()
    for task in tasks:
        with pytest.raises(RuntimeError):
            await task
