"""The lessons asked again: does everything that was right once still hold?

A curated answer holds when its question still leads to it (or to a question back that offers
it). A liked answer holds when the new one is no refusal, says every number that it said, and
shares enough of its words.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.annotations import Annotations, Hit, Near
from bot.checks.matching import agree
from bot.evaluation.hits import rank
from bot.evaluation.matching import content_terms, valid_citations
from bot.evaluation.metrics import Judged
from bot.evaluation.questions import EvalLine
from bot.evaluation.run import Result
from bot.learning.lessons import Lesson
from bot.messages import Answer, AnswerEvent, Ask, Finished
from bot.numbers import claims

SHARED = 0.5
"""Of the liked answer's words (Chinese: pairs of characters) that the new one must say."""


class Answering(Protocol):
    def answer(self, ask: Ask) -> AsyncIterator[AnswerEvent]: ...


@dataclass(frozen=True, slots=True)
class Replayed:
    """Curated answers before the documents, as for everybody who asks; nothing is recorded."""

    annotations: Annotations
    assistant: Answering
    today: Callable[[], date]

    async def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent, None]:
        matched = self.annotations.match(ask.text, ask.audiences, self.today()).found
        match matched:
            case Hit() as hit:
                text = hit.answer
                yield Finished(
                    Answer(ask.text, "annotated", text, id=ask.id, annotation_id=hit.annotation_id)
                )
            case Near() as near:
                yield Finished(Answer(ask.text, "clarify", "", id=ask.id, meant=near.choices))
            case _:
                async for event in self.assistant.answer(ask):
                    yield event


def lines_of(lessons: Sequence[Lesson]) -> list[EvalLine]:
    """Numbered as the lessons are, from 0."""
    return [
        EvalLine(
            id=number,
            question=lesson.question,
            answers=(lesson.answer,),
            source=lesson.citations[0].source if lesson.citations else None,
            history=() if lesson.before is None else (lesson.before,),
        )
        for number, lesson in enumerate(lessons)
    ]


def judge(result: Result, lesson: Lesson) -> Judged:
    """As an evaluation judges, but for what counts as right."""
    answer = result.answer
    # The words of the answer need not stand in a passage; its document must be found.
    line = EvalLine(result.line.id, lesson.question, (), True, result.line.source)
    return Judged(
        result=result,
        rank=rank(result.passages, line) if line.source else None,
        right=answer is not None and holds(answer, lesson),
        citations=tuple(valid_citations(answer)) if answer is not None else (),
    )


def holds(answer: Answer, lesson: Lesson) -> bool:
    if lesson.annotation_id is not None:
        offered = {choice.annotation_id for choice in answer.meant}
        return lesson.annotation_id in offered | {answer.annotation_id}
    if answer.outcome not in ("grounded", "extractive", "annotated"):
        return False
    said = claims(answer.text)
    wanted = [claim for claim in claims(lesson.answer) if not claim.weak]
    if not all(any(agree(claim, one) for one in said) for claim in wanted):
        return False
    words = content_terms(lesson.answer)
    return not words or len(words & content_terms(answer.text)) >= SHARED * len(words)
