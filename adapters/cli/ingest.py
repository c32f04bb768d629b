"""`secretary ingest`: files and folders into the knowledge base."""

from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from adapters.cli.console import print_json, progress_bar, settings, warn
from bot.phrases import describe, say
from knowledge.ingest import IngestReport
from knowledge.library import Library
from knowledge.passages import PUBLIC


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--audience", default=PUBLIC, show_default=True, help="誰看得到這些文件")
@click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")
def ingest(paths: tuple[Path, ...], audience: str, as_json: bool) -> None:
    """匯入檔案或資料夾；沒變的檔案會略過，資料夾裡消失的檔案會移除。"""
    loaded = settings()
    language = loaded.bot_language
    start = perf_counter()
    with Library(loaded.knowledge()) as library, progress_bar() as show:
        report = library.ingest(paths, audience, show, lambda: warn(say("cli.waiting", language)))
        sparse_only = library.embedder is None
    if as_json:
        print_json(report_json(report, language))
    else:
        _print(report, language, perf_counter() - start)
    if report.failed and _nothing_found(report):
        if as_json:
            warn(describe(report.failed[0], language))
        raise click.exceptions.Exit(1)
    if sparse_only:
        warn(say("notice.sparse_only", language))


def _nothing_found(report: IngestReport) -> bool:
    """Every path was wrong: that is no ingest that finished."""
    return {failure.code for failure in report.failed} == {"path.missing"} and not (
        report.added or report.updated or report.unchanged or report.removed
    )


def report_json(report: IngestReport, language: str) -> dict[str, Any]:
    return {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "failed": [
            {"source": failure.source, "reason": describe(failure, language)}
            for failure in report.failed
        ],
        "skipped": [
            {"source": skipped.source, "reason": describe(skipped, language)}
            for skipped in report.skipped
        ],
        "passages": report.passages,
    }


def _print(report: IngestReport, language: str, seconds: float) -> None:
    for failure in report.failed:
        reason = describe(failure, language)
        warn(say("cli.failed_item", language, source=failure.source, reason=reason))
    if report.skipped:
        reasons = Counter(describe(skipped, language) for skipped in report.skipped)
        listed = "；".join(f"{reason}（{count}）" for reason, count in reasons.most_common(3))
        warn(say("cli.skipped", language, count=len(report.skipped), reasons=listed))
    if report.sample_removed:
        click.echo(say("notice.sample_removed", language))
    click.echo(
        say(
            "cli.ingested",
            language,
            added=report.added,
            updated=report.updated,
            unchanged=report.unchanged,
            removed=report.removed,
            failed=len(report.failed),
            passages=report.passages,
            seconds=f"{seconds:.1f}",
        )
    )
