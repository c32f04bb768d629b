"""What happens around one answer: may they ask, was it curated, and what is remembered.

    stored before? → budget → curated answer, or a question back → assistant → written down

Every door hands its questions in here; `bot.assistant` decides what is answered from the
documents and knows nobody.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter

from bot.annotations import Hit, Near
from bot.assistant import collect
from bot.errors import BotError
from bot.following import stage
from bot.inbox import Hear
from bot.language import detect
from bot.memory import Memory
from bot.messages import (
    Answer,
    AnswerEvent,
    Ask,
    Author,
    Choice,
    ConversationRef,
    Finished,
    Request,
    Timings,
    Turn,
)
from bot.phrases import describe
from bot.quotas import Allowed, Exceeded, caution, explain, show
from bot.sharing import Answering, Sharing
from bot.standalone import standalone
from bot.watching import Unwatched, Watcher
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

NONE_OF_THESE = 0
"""`Request.chosen` of whoever meant none of the choices."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """A question that was looked at: who asks, what exactly, and what is decided already."""

    person: int | None
    """None for a caller that stands for many."""
    ask: Ask
    language: str
    counted_at: datetime | None = None
    """When it was taken from the budgets; None where it was not."""
    warning: str | None = None
    decided: Answer | None = None
    hit: Hit | None = None


class Secretary:
    """Yields exactly one `Finished`, always last, also on failure."""

    def __init__(
        self,
        answering: Answering,
        memory: Memory,
        clock: Callable[[], datetime],
        language: str,
        watcher: Watcher | None = None,
    ) -> None:
        self._watcher = watcher or Unwatched()
        self._shared = Sharing(answering)
        self._memory = memory
        self._clock = clock
        self._language = language

    async def answer(
        self, request: Request, history: tuple[Turn, ...] | None = None
    ) -> AsyncGenerator[AnswerEvent, None]:
        """`history` replaces what is remembered, for doors whose callers keep it themselves."""
        start = perf_counter()
        try:
            with stage("look up"):
                begun = await asyncio.to_thread(self._begin, request, history)
        except (KnowledgeError, BotError) as error:
            broken = self.failed(request, error)
            self._watcher.answered(request.conversation.platform, broken)
            yield Finished(broken)
            return
        if isinstance(begun, Answer):
            yield Finished(begun)
        elif begun.decided is not None:
            took = Timings(total=(perf_counter() - start) * 1000)
            yield Finished(await self._kept(request, begun, replace(begun.decided, timings=took)))
        else:
            async with aclosing(self._shared.answer(begun.ask)) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        event = Finished(await self._kept(request, begun, event.answer))
                    yield event

    # -- as the inbox sees it (`bot.inbox.Handler`) --------------------------------------------

    async def handle(self, request: Request, hear: Hear) -> Answer:
        """The same answer when asked again: it was written down before it was given."""
        answer = await collect(self._heard(request, hear))
        self._watcher.handled(request.id)
        return answer

    async def _heard(self, request: Request, hear: Hear) -> AsyncGenerator[AnswerEvent, None]:
        async with aclosing(self.answer(request)) as events:
            async for event in events:
                hear(event)
                yield event

    def stopped(self, request: Request) -> Answer:
        text = self._memory.words.say("answer.stopped", self._spoken(request.text))
        return Answer(request.text, "failed", text, id=request.id, reason="stopped")

    async def delivered(self, request: Request, part: int, message_id: str | None) -> None:
        """Raises LedgerError."""
        self._watcher.delivered(request.id)
        log.info("delivered: part %d", part)
        await asyncio.to_thread(self._memory.history.delivered, request.id, part, message_id)

    async def undelivered(self, request: Request, part: int, problem: str) -> None:
        """Raises LedgerError."""
        note = self._memory.history.delivered
        await asyncio.to_thread(note, request.id, part, None, "failed", problem)

    def standing(self, author: Author, place: ConversationRef, language: str) -> str:
        """What `/quota` answers. Raises LedgerError."""
        memory = self._memory
        budgets = memory.quotas.standing(memory.people.person_of(author), place)
        return show(budgets, language, memory.words.say)

    def failed(self, request: Request, error: Exception) -> Answer:
        """What a person is told when even the looking failed. Written down nowhere."""
        language = self._spoken(request.text)
        if isinstance(error, KnowledgeError | BotError):
            log.error("question %s failed: %s %s", request.id, error.code, error.detail)
            text, reason = describe(error, language), error.code
        else:
            log.error("question %s failed", request.id, exc_info=error)
            text, reason = self._memory.words.say("answer.failed", language), "broken"
        return Answer(request.text, "failed", text, id=request.id, reason=reason)

    def _spoken(self, text: str) -> str:
        return {"zh": "zh-TW", "en": "en"}.get(detect(text), self._language)

    # -- before the answer: in a thread, a handful of small reads and one write ---------------

    def _begin(self, request: Request, history: tuple[Turn, ...] | None) -> _Begun | Answer:
        memory = self._memory
        stored = memory.history.stored(request.id)
        if stored is not None:
            return stored
        turns = memory.history.turns(request.conversation) if history is None else history
        begun = _Begun(
            None if request.author.is_many else memory.people.person_of(request.author),
            Ask(request.text, turns, request.audiences, request.id, request.use_model),
            self._spoken(request.text),
        )
        match memory.quotas.admit(begun.person, request.conversation, request.author.is_admin):
            case Exceeded() as exceeded:
                text = explain(exceeded, begun.language, memory.words.say)
                over = Answer(request.text, "over_quota", text, id=request.id, reason="quota")
                return replace(begun, decided=over)
            case Allowed(at=at, warnings=warnings):
                warning = caution(warnings, begun.language, memory.words.say)
                begun = replace(begun, counted_at=at, warning=warning)
        return self._curated(request, begun)

    def _curated(self, request: Request, begun: _Begun) -> _Begun:
        """The admins' own answer, where there is one for this very question."""
        annotations = self._memory.annotations
        if request.chosen == NONE_OF_THESE:
            return begun
        if request.chosen is not None:
            return self._chosen(request, begun, request.chosen)
        today = self._clock().date()
        alone = standalone(request.text, begun.ask.history, self._clock())
        if alone.previous:  # an admin may have written down these very words all the same
            word_for_word = annotations.exact(request.text, request.audiences, today)
            if word_for_word is not None:
                decided = _annotated(begun.ask, word_for_word)
                return replace(begun, hit=word_for_word, decided=decided)
        question = alone.texts[-1] if alone.previous else request.text
        matched = annotations.match(question, request.audiences, today)
        if matched.problem is not None:
            problem = matched.problem
            log.warning("annotations, exact only: %s %s", problem.code, problem.detail)
        match matched.found:
            case Hit() as hit:
                return replace(begun, hit=hit, decided=_annotated(begun.ask, hit))
            case Near(choices=choices):
                return replace(begun, decided=self._which(begun, choices))
            case _:
                return begun

    def _chosen(self, request: Request, begun: _Begun, annotation_id: int) -> _Begun:
        """What the asker picked when asked back; how they had put it becomes a suggestion."""
        hit = self._memory.annotations.chosen(
            annotation_id, request.audiences, self._clock().date()
        )
        if hit is None:  # retired or expired meanwhile: an ordinary question again
            return begun
        self._memory.annotations.accept_choice(annotation_id, request.text)
        return replace(begun, hit=hit, decided=_annotated(begun.ask, hit))

    def _which(self, begun: _Begun, choices: tuple[Choice, ...]) -> Answer:
        """The question back."""
        say = self._memory.words.say
        shown = (*(choice.question for choice in choices), say("clarify.none", begun.language))
        text = say("clarify.which", begun.language)
        return Answer(
            begun.ask.text, "clarify", text, choices=shown, id=begun.ask.id, meant=choices
        )

    # -- after it ---------------------------------------------------------------------------

    async def _kept(self, request: Request, begun: _Begun, answer: Answer) -> Answer:
        """The answer as it is shown, written down. A full disk must not swallow it."""
        why = f" ({answer.reason})" if answer.reason else ""
        log.info("answered: %s%s in %.0f ms", answer.outcome, why, answer.timings.total)
        self._watcher.answered(request.conversation.platform, answer)
        if begun.warning:
            notice = "\n".join(filter(None, (answer.notice, begun.warning)))
            answer = replace(answer, notice=notice)
        try:
            with stage("record"):
                await asyncio.to_thread(self._keep, request, begun, answer)
        except (KnowledgeError, BotError) as error:
            log.error("answer %s not written down: %s %s", request.id, error.code, error.detail)
        return answer

    def _keep(self, request: Request, begun: _Begun, answer: Answer) -> None:
        memory, now = self._memory, self._clock()
        exchange = memory.history.record(request, answer, begun.person)
        if begun.hit is not None:
            hit = begun.hit
            memory.annotations.record_hit(hit.annotation_id, request.id, hit.kind, hit.score, now)
        if answer.outcome == "no_data" and answer.reason != "empty":
            reason = answer.reason or "no_data"
            memory.unanswered.note(exchange, request.text, reason, answer.confidence, now)
        if answer.usage is not None:
            tokens = answer.usage.prompt + answer.usage.completion
            memory.quotas.spend(begun.person, request.conversation, "tokens", tokens)
        if answer.outcome == "failed" and begun.counted_at is not None:
            memory.quotas.refund(begun.person, request.conversation, begun.counted_at)


def _annotated(ask: Ask, hit: Hit) -> Answer:
    return Answer(ask.text, "annotated", hit.answer, id=ask.id, annotation_id=hit.annotation_id)
