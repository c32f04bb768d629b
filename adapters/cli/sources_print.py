"""What `secretary sources` prints: tables and sentences for people, values for `--json`."""

from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.phrases import describe, say
from bot.why import QuestionFacts, SourceFacts
from knowledge.inventory import Verification, kind_of
from knowledge.ledger import SourceRow


def row_json(row: SourceRow) -> dict[str, Any]:
    return {
        "source": row.source,
        "kind": kind_of(row.root),
        "root": row.root,
        "title": row.title,
        "revision": revision(row),
        "audience": row.audience,
        "passages": row.passages,
        "updated": row.ingested_at.isoformat(timespec="seconds"),
    }


def revision(row: SourceRow) -> str:
    """Short enough to compare at a glance; the whole is the ledger's own business."""
    return f"{row.version:016x}"


def table(rows: Sequence[SourceRow], language: str) -> None:
    if not rows:
        click.echo(say("sources.none", language))
        return
    made = Table(*say("sources.columns", language).split("|"), show_edge=False, pad_edge=False)
    for row in rows:
        cells = (
            row.source,
            kind_of(row.root),
            revision(row)[:8],
            row.audience,
            str(row.passages),
            row.ingested_at.astimezone().strftime("%Y-%m-%d %H:%M"),
        )
        made.add_row(*map(Text, cells))
    Console(soft_wrap=True).print(made)
    passages = sum(row.passages for row in rows)
    click.echo(say("sources.total", language, count=len(rows), passages=passages))


def verification_json(result: Verification, language: str) -> dict[str, Any]:
    findings = result.findings
    return {
        "ok": not result.unmended,
        "in_step": result.was_in_step,
        "documents": findings.documents,
        "passages": findings.passages,
        "orphans_deleted": findings.orphans,
        "lost": [row.source for row in findings.lost],
        "mended": result.mended,
        "unmended": [
            {"source": failure.source, "reason": describe(failure, language)}
            for failure in result.unmended
        ],
    }


def tell_verification(result: Verification, language: str) -> None:
    findings = result.findings
    counts = {"documents": findings.documents, "passages": findings.passages}
    if result.was_in_step:
        click.echo(say("sources.in_step", language, **counts))
        return
    click.echo(say("sources.verified", language, **counts))
    if findings.orphans:
        click.echo(say("sources.orphans", language, count=findings.orphans))
    if findings.lost:
        lost = "、".join(row.source for row in findings.lost[:5])
        click.echo(
            say("sources.lost", language, count=len(findings.lost), lost=lost, mended=result.mended)
        )
    for failure in result.unmended:
        reason = describe(failure, language)
        click.echo(say("cli.failed_item", language, source=failure.source, reason=reason))


def source_json(facts: SourceFacts, language: str) -> dict[str, Any]:
    return {
        **row_json(facts.row),
        "stored": facts.stored,
        "seen_by": "everybody" if facts.seen_by is None else list(facts.seen_by),
        "answers": facts.is_whole,
        "why": _state(facts, language),
    }


def tell_source(facts: SourceFacts, language: str) -> None:
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


def question_json(question: str, facts: QuestionFacts, language: str) -> dict[str, Any]:
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


def tell_question(facts: QuestionFacts, language: str) -> None:
    click.echo(_verdict(facts, language))
    for number, one in enumerate(facts.candidates, 1):
        hidden = "" if one.visible else say("sources.hidden_here", language)
        click.echo(f"  {number}. {one.score:.3f}  {one.source}  [{one.audience}]{hidden}")


def _verdict(facts: QuestionFacts, language: str) -> str:
    audience = facts.candidates[0].audience if facts.candidates else ""
    confidence = f"{facts.confidence:.2f}"
    return say(f"why.{facts.reason}", language, audience=audience, confidence=confidence)
