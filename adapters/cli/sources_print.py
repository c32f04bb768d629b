"""What `secretary sources list|verify` prints: for people, and values for `--json`."""

from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.phrases import describe, say
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
