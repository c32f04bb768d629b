"""`secretary ingest`: files and folders into the knowledge base."""

import signal
from collections import Counter
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

import click

from adapters.cli.console import print_json, progress_bar, settings, warn
from adapters.following import follow
from adapters.settings import Settings
from bot.phrases import describe, say
from bot.waiting import telling
from knowledge.errors import DocumentError
from knowledge.ingest import IngestReport, Progress
from knowledge.library import Library
from knowledge.passages import PUBLIC


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--audience", default=PUBLIC, show_default=True, help="誰看得到這些文件")
@click.option("--watch", is_flag=True, help="匯入後繼續跟著，有變就更新；按 Ctrl-C 結束")
@click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON（--watch 時每次更新一行）")
def ingest(paths: tuple[Path, ...], audience: str, watch: bool, as_json: bool) -> None:
    """匯入檔案或資料夾；沒變的檔案會略過，資料夾裡消失的檔案會移除。"""
    loaded = settings()
    with Library(loaded.knowledge()) as library:
        if watch:
            _follow(library, paths, audience, loaded, as_json)
        else:
            _once(library, paths, audience, loaded.bot_language, as_json)
        if library.embedder is None:
            warn(say("notice.sparse_only", loaded.bot_language))


def _once(
    library: Library, paths: tuple[Path, ...], audience: str, language: str, as_json: bool
) -> None:
    start = perf_counter()
    with progress_bar() as show:
        report = library.ingest(paths, audience, show, telling(warn, language))
    _tell(report, language, as_json, perf_counter() - start)
    if report.failed and _nothing_found(report):
        if as_json:
            warn(describe(report.failed[0], language))
        raise click.exceptions.Exit(1)


def _follow(
    library: Library, paths: tuple[Path, ...], audience: str, loaded: Settings, as_json: bool
) -> None:
    """Until Ctrl-C or SIGTERM; both are how it ends. Raises DocumentError `path.missing`."""
    for path in paths:
        if not path.exists():
            raise DocumentError("path.missing", source=str(path))
    language, stop = loaded.bot_language, Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    warn(say("cli.watching", language))
    start = [perf_counter()]

    def tell(report: IngestReport) -> None:
        _tell(report, language, as_json, perf_counter() - start[0])

    def begin(step: Progress) -> None:
        if step.done == 0:
            start[0] = perf_counter()

    follow(
        library, paths, loaded.data_dir, stop, tell,
        lambda error: warn(describe(error, language)), audience, begin, telling(warn, language),
    )  # fmt: skip


def _tell(report: IngestReport, language: str, as_json: bool, seconds: float) -> None:
    if as_json:
        print_json(report_json(report, language))
    else:
        _print(report, language, seconds)


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
