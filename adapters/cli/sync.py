"""`secretary sync`: brings the knowledge in line with Notion, the web pages and the folders."""

from typing import Any

import click

from adapters.cli.console import print_json, progress_bar, settings, warn
from bot.errors import BotError
from bot.phrases import describe, say
from bot.waiting import telling
from knowledge.library import Library
from knowledge.passages import Failure
from knowledge.sources.registry import SOURCES
from knowledge.syncing import SyncReport, sync


@click.command(name="sync")
@click.argument("name", metavar="[notion|files|web]", required=False, type=click.Choice([*SOURCES]))
@click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")
def synchronize(name: str | None, as_json: bool) -> None:
    """同步知識的來源；不寫名稱就是全部。沒變的不重讀，原處刪掉的就移除。"""
    loaded = settings()
    language = loaded.bot_language
    with Library(loaded.knowledge()) as library, progress_bar() as show:
        names = tuple(SOURCES) if name is None else (name,)
        reports = sync(library, names, show, telling(warn, language))
    if not reports:
        raise BotError("sync.unconfigured", name=name) if name else BotError("sync.nothing")
    if as_json:
        print_json(reports_json(reports, language))
    else:
        for report in reports:
            _tell(report, language)
    for report in reports:
        if report.problem is not None:
            warn(describe(report.problem, language))
    if any(report.problem for report in reports):
        raise click.exceptions.Exit(1)


def reports_json(reports: list[SyncReport], language: str) -> dict[str, Any]:
    """All together, and each source; `found` is the sum of the other counts."""
    each = [_report_json(report, language) for report in reports]
    counts = ("found", "indexed", "unchanged", "removed")
    lists = ("skipped", "failed", "notices")
    totals: dict[str, Any] = {key: sum(one[key] for one in each) for key in counts}
    for key in lists:
        totals[key] = [item for one in each for item in one[key]]
    return {**totals, "sources": each}


def _report_json(report: SyncReport, language: str) -> dict[str, Any]:
    done = report.done
    return {
        "name": report.name,
        "found": report.found,
        "indexed": report.indexed,
        "unchanged": done.unchanged,
        "removed": done.removed,
        "skipped": [_item(one, language) for one in done.skipped],
        "failed": [_item(one, language) for one in done.failed],
        "notices": [describe(notice, language) for notice in done.notices],
        "error": describe(report.problem, language) if report.problem else None,
    }


def _item(failure: Failure, language: str) -> dict[str, str]:
    return {"source": failure.source, "reason": describe(failure, language)}


def _tell(report: SyncReport, language: str) -> None:
    done = report.done
    for failure in done.failed:
        reason = describe(failure, language)
        warn(say("cli.failed_item", language, source=failure.source, reason=reason))
    for notice in done.notices:
        warn(describe(notice, language))
    if done.sample_removed:
        click.echo(say("notice.sample_removed", language))
    if report.problem is None:
        click.echo(summary(report, language))


def summary(report: SyncReport, language: str) -> str:
    done = report.done
    return say(
        "sync.done",
        language,
        name=report.name,
        found=report.found,
        indexed=report.indexed,
        unchanged=done.unchanged,
        skipped=len(done.skipped),
        removed=done.removed,
        failed=len(done.failed),
    )
