"""`secretary sources why`: what becomes of a question, or of a document, and who sees it."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import click

from adapters.cli.ask import opened
from adapters.cli.console import print_json
from adapters.cli.sources_print import revision, row_json
from bot.bootstrap import Bot
from bot.errors import BotError
from bot.messages import ConversationRef
from bot.phrases import describe, say
from bot.why import QuestionFacts, SourceFacts, why_question, why_source
from knowledge.inventory import named
from knowledge.ledger import SourceRow
from knowledge.syncing import last_failure

_LIKE_A_SOURCE = re.compile(r"https?://\S+|\S+/\S*|\S+\.[A-Za-z][A-Za-z0-9]{1,4}")
"""What is no question, though no document has this name."""


async def tell_why(text: str, place: ConversationRef | None, as_json: bool) -> None:
    """Raises BotError for what is neither known nor a question."""
    async with opened() as (bot, language):
        rows = named(bot.library.ledger.all(), text)
        if not rows and _LIKE_A_SOURCE.fullmatch(text.strip()):
            failure = last_failure(bot.library.ledger, text.strip())
            if failure is None:
                raise BotError("sources.unknown", name=text)
            reason = describe(failure, language)
            raise BotError("sources.failed", name=text, reason=reason)
        if rows:
            _about_sources(bot, rows, as_json, language)
            return
        facts = await asyncio.to_thread(why_question, bot, text, place)
    if as_json:
        print_json(_question_json(text, facts, language))
    else:
        _tell_question(facts, language)


def _about_sources(bot: Bot, rows: Sequence[SourceRow], as_json: bool, language: str) -> None:
    told = why_source(bot, rows)
    if as_json:
        print_json([_source_json(facts, language) for facts in told])
    else:
        for facts in told:
            _tell_source(facts, language)


def _source_json(facts: SourceFacts, language: str) -> dict[str, Any]:
    return {
        **row_json(facts.row),
        "stored": facts.stored,
        "seen_by": "everybody" if facts.seen_by is None else list(facts.seen_by),
        "answers": facts.is_whole,
        "why": _state(facts, language),
    }


def _tell_source(facts: SourceFacts, language: str) -> None:
    click.echo(f"{facts.row.source}  {_state(facts, language)}")
    click.echo("  " + _viewers(facts.row.audience, facts.seen_by, language))


def _state(facts: SourceFacts, language: str) -> str:
    row = facts.row
    detail = {
        "revision": revision(row)[:8],
        "updated": row.ingested_at.astimezone().strftime("%Y-%m-%d %H:%M"),
        "passages": row.passages,
        "stored": facts.stored,
    }
    if not row.passages:
        return say("sources.why_empty", language)
    return say("sources.why_whole" if facts.is_whole else "sources.why_lost", language, **detail)


def _viewers(audience: str, seen_by: tuple[str, ...] | None, language: str) -> str:
    if seen_by is None:
        return say("sources.seen_by_all", language)
    if not seen_by:
        return say("sources.seen_by_nobody", language, audience=audience)
    return say("sources.seen_by", language, audience=audience, places="、".join(seen_by))


def _question_json(question: str, facts: QuestionFacts, language: str) -> dict[str, Any]:
    return {
        "question": question,
        "reason": facts.reason,
        "why": _verdict(facts, language),
        "confidence": round(facts.confidence, 4),
        "audiences": None if facts.audiences is None else sorted(facts.audiences),
        "candidates": [
            {
                "source": one.source,
                "score": round(one.score, 4),
                "audience": one.audience,
                "visible": one.visible,
            }
            for one in facts.candidates
        ],
    }


def _tell_question(facts: QuestionFacts, language: str) -> None:
    click.echo(_verdict(facts, language))
    for number, one in enumerate(facts.candidates, 1):
        hidden = "" if one.visible else say("sources.hidden_here", language)
        click.echo(f"  {number}. {one.score:.3f}  {one.source}  [{one.audience}]{hidden}")


def _verdict(facts: QuestionFacts, language: str) -> str:
    audience = facts.candidates[0].audience if facts.candidates else ""
    confidence = f"{facts.confidence:.2f}"
    return say(f"why.{facts.reason}", language, audience=audience, confidence=confidence)
