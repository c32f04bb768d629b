"""The policy of one answer, top to bottom."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import perf_counter

from bot import phrases
from bot.answers import answer_to, citations_of, context_of, failed, sum_of
from bot.chain import Chain, Evidence
from bot.citing import Reason, Refused, Supported, check
from bot.errors import BotError, ModelError
from bot.grounding import NoData, is_likely
from bot.language import detect, to_taiwan
from bot.llm.extractive import compose
from bot.messages import (
    Answer,
    AnswerEvent,
    Ask,
    Finished,
    TextDelta,
    Thinking,
    Timings,
)
from bot.phrases import Say, describe
from bot.prompts import PROMPT_VERSION
from bot.screen import Screen
from bot.smalltalk import clean, meaningful, route
from bot.thinking import strip_thinking
from knowledge.errors import KnowledgeError

log = logging.getLogger(__name__)

_INVENTED = ("number", "name", "support", "empty")
"""Reasons that speak against the model, not against the passages."""
_SENTINEL: Reason = "sentinel"
MAX_QUESTION = 2000
"""Characters; longer questions are refused with a sentence, never cut."""


@dataclass(slots=True)
class _Watch:
    """The clock of one answer."""

    start: float
    retrieve: float = 0.0
    model: float | None = None

    def timings(self) -> Timings:
        return Timings(self.retrieve, self.model, (perf_counter() - self.start) * 1000)


class Assistant:
    """Answers questions. Yields exactly one `Finished`, always last, also on failure."""

    def __init__(
        self, chain: Chain, language: str, *, sparse_only: bool = False, say: Say = phrases.say
    ) -> None:
        self._chain = chain
        self._language = language
        self._sparse_only = sparse_only
        self._say = say

    async def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent, None]:
        watch = _Watch(perf_counter())
        ask = replace(ask, text=clean(ask.text))
        language = self._language_of(ask.text)
        try:
            early = self._without_knowledge(ask, language)
            if early is not None:
                yield self._finish(early, watch)
                return
            evidence = await self._chain.retrieve.ainvoke(ask)
            watch.retrieve = (perf_counter() - watch.start) * 1000
            async with aclosing(self._from_evidence(ask, evidence, language, watch)) as events:
                async for event in events:
                    yield event
        except (KnowledgeError, BotError) as error:
            log.warning("answer failed: %s %s", error.code, error.detail)
            yield self._finish(failed(ask, describe(error, language), error.code), watch)

    def _language_of(self, text: str) -> str:
        return {"zh": "zh-TW", "en": "en"}.get(detect(text), self._language)

    def _without_knowledge(self, ask: Ask, language: str) -> Answer | None:
        """What needs no search: no question at all, or small talk."""
        match meaningful(ask.text, MAX_QUESTION):
            case "empty":
                return failed(ask, self._say("question.empty", language), "empty")
            case "too_long":
                text = self._say("question.too_long", language, limit=MAX_QUESTION)
                short = replace(ask, text=ask.text[:200] + "…")
                return failed(short, text, "too_long")
            case "symbols":
                return answer_to(ask, "smalltalk", self._say("question.symbols", language))
            case "ok":
                kind = route(ask.text)
                if kind is None or (ask.history and kind == "capabilities"):
                    return None  # 「怎麼用？」 after an answer asks about what was answered
                return answer_to(ask, "smalltalk", self._say(f"smalltalk.{kind}", language))

    async def _from_evidence(
        self, ask: Ask, evidence: Evidence, language: str, watch: _Watch
    ) -> AsyncGenerator[AnswerEvent, None]:
        found = replace(
            answer_to(ask, "no_data", ""),
            passages=evidence.found.passages,
            confidence=evidence.verdict.confidence if evidence.found.passages else None,
        )
        failed = evidence.found.embedding_failed
        if failed is not None and failed.code == "embedding.rebuilding":
            found = replace(found, notice=self._say("notice.rebuilding", language))
        elif failed is not None:
            notice = self._say("notice.embedding_failed", language, problem=failed.code)
            found = replace(found, notice=notice)
        elif self._sparse_only:
            found = replace(found, notice=self._say("notice.sparse_only", language))
        if isinstance(evidence.verdict, NoData):
            yield self._finish(self._no_data(found, evidence.verdict.reason, language), watch)
            return
        yield Thinking(evidence.found.passages)
        if self._chain.engine is None or not ask.use_model:
            notice = self._say("notice.extractive", language)
            yield self._finish(self._extract(found, evidence, language, notice), watch)
            return
        async with aclosing(self._speak(found, evidence, language, watch)) as events:
            async for event in events:
                yield event

    async def _speak(
        self, found: Answer, evidence: Evidence, language: str, watch: _Watch
    ) -> AsyncGenerator[AnswerEvent, None]:
        """Streams what the model says, then checks it as a whole."""
        start, said = perf_counter(), ""
        speech = self._chain.generate(evidence)
        screen = Screen(language)
        try:
            async with aclosing(speech.deltas()) as deltas:
                async for delta in deltas:
                    said += delta
                    if shown := screen.feed(delta):
                        yield TextDelta(shown)
        except ModelError as error:
            watch.model = (watch.model or 0.0) + (perf_counter() - start) * 1000
            log.warning("model failed: %s %s", error.code, error.detail)
            notice = self._failed_notice(error, language)
            yield self._finish(self._extract(found, evidence, language, notice), watch)
            return
        watch.model = (watch.model or 0.0) + (perf_counter() - start) * 1000
        found = replace(
            found,
            model=await speech.model(),
            usage=sum_of(found.usage, speech.usage),
            prompt_version=PROMPT_VERSION,
        )
        answer = self._checked(found, evidence, said, speech.truncated, language)
        gave_up = answer.reason == f"model.{_SENTINEL}"
        narrowed = self._chain.narrowed(evidence) if gave_up else None
        if narrowed is None:
            yield self._finish(answer, watch)
            return
        async with aclosing(self._speak(found, narrowed, language, watch)) as events:
            async for event in events:
                yield event

    def _checked(
        self, found: Answer, evidence: Evidence, said: str, truncated: bool, language: str
    ) -> Answer:
        """The model's words, if the passages bear them out."""
        said = strip_thinking(said)
        passages = self._chain.shown(evidence)
        texts = [passage.text for passage in passages]
        if language == "zh-TW":
            said = to_taiwan(said, protected=texts)
        match check(
            said,
            texts,
            evidence.question,
            context=self._chain.told(evidence),
            titles=[context_of(passage) for passage in passages],
            truncated=truncated,
        ):
            case Supported(text=text, quotes=quotes):
                cited = citations_of(passages, quotes, self._language)
                return replace(found, outcome="grounded", text=text, citations=cited)
            case Refused(reason=reason, detail=detail):
                log.info("answer refused after the model: %s", reason)
                log.debug("refused for %r", detail)
                if reason in _INVENTED and is_likely(evidence.verdict):
                    notice = self._say("notice.check_failed", language)
                    return self._extract(found, evidence, language, notice)
                return self._no_data(found, f"model.{reason}", language)

    def _extract(self, found: Answer, evidence: Evidence, language: str, notice: str) -> Answer:
        """The best sentences, quoted: without a model, or when what it said cannot be shown."""
        passages = [scored.passage for scored in evidence.found.passages]
        text, quotes = compose(evidence.alone.texts[-1], passages)
        if not quotes:
            return self._no_data(found, "extract", language)
        cited = citations_of(passages, quotes, self._language)
        return replace(found, outcome="extractive", text=text, citations=cited, notice=notice)

    def _no_data(self, found: Answer, reason: str, language: str) -> Answer:
        key = "answer.no_data_empty" if reason == "empty" else "answer.no_data"
        return replace(found, outcome="no_data", text=self._say(key, language), reason=reason)

    def _failed_notice(self, error: ModelError, language: str) -> str:
        problem = describe(error, language).rstrip("。.")
        return self._say("notice.model_failed", language, problem=problem)

    def _finish(self, answer: Answer, watch: _Watch) -> Finished:
        return Finished(replace(answer, timings=watch.timings()))


async def collect(events: AsyncIterator[AnswerEvent]) -> Answer:
    """The final answer, for doors that do not stream."""
    answer: Answer | None = None
    async for event in events:
        if isinstance(event, Finished):
            answer = event.answer
    if answer is None:
        raise BotError("answer.failed")
    return answer
