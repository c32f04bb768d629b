"""`secretary eval --regression`: what was right once, asked again before a change is taken over."""

from collections.abc import Callable
from dataclasses import dataclass, field

import click

from adapters.cli.ask import opened
from adapters.cli.console import warn
from adapters.cli.remembering import remembered
from bot.errors import BotError
from bot.evaluation.metrics import Judged
from bot.evaluation.run import Evaluator, Result
from bot.learning.lessons import Lesson, gather
from bot.learning.replay import Replayed, judge, lines_of
from bot.phrases import say


@dataclass(slots=True)
class Regression:
    """The lessons of this database; `judged` grows while they are asked."""

    lessons: list[Lesson]
    judged: list[Judged] = field(default_factory=list)
    threshold: float = 0.0

    @property
    def total(self) -> int:
        return len(self.lessons)

    async def run(self, concurrency: int | None, count: Callable[[Judged], None]) -> None:
        async with opened() as (bot, _):
            self.threshold = bot.calibration.threshold

            def keep(result: Result) -> None:
                assert isinstance(result.line.id, int)
                self.judged.append(judge(result, self.lessons[result.line.id]))
                count(self.judged[-1])

            clock = bot.chain.clock
            asked = Replayed(bot.memory.annotations, bot.assistant, lambda: clock().date())
            at_once = concurrency or bot.settings.model.concurrency
            await Evaluator(bot.chain.retrieve, asked, at_once).run(lines_of(self.lessons), keep)

    @property
    def held(self) -> float:
        return sum(one.right is True for one in self.judged) / len(self.judged)


def lessons_known(limit: int | None) -> Regression:
    """Raises BotError `export.nothing`."""
    with remembered() as memory:
        lessons = gather(memory.storage, memory.now().date())
    if not lessons:
        raise BotError("export.nothing")
    return Regression(lessons[:limit])


def pass_or_fail(done: Regression, floor: float, language: str, *, quiet: bool) -> None:
    """Raises Exit 1 below the floor."""
    told = {"held": f"{done.held:.1%}", "floor": f"{floor:.1%}", "count": len(done.judged)}
    if done.held < floor:
        warn(say("eval.dropped", language, **told))
        raise click.exceptions.Exit(1)
    if not quiet:
        click.echo(say("eval.held", language, **told))
