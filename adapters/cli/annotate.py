"""`secretary annotate`: curated answers from the terminal."""

import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypeVar

import click

from adapters.cli import annotate_print as shown
from adapters.cli.console import print_json, progress_bar, settings, warn
from bot.annotations import (
    Annotations,
    Draft,
    Filters,
    Saved,
    export_csv,
    import_csv,
    open_annotations,
)
from bot.annotations.curve import page, svg
from bot.errors import ConfigError
from bot.phrases import describe, say
from bot.storage.opening import open_storage
from knowledge.errors import KnowledgeError
from knowledge.library import Library

T = TypeVar("T")
_json = click.option("--json", "as_json", is_flag=True, help="只印出一行 JSON")
_id = click.argument("annotation_id", metavar="編號", type=click.IntRange(min=1))


@click.group()
def annotate() -> None:
    """人工寫定的回答：同樣的問題以後都照這個答。"""


@contextmanager
def opened() -> Iterator[tuple[Annotations, str]]:
    """The annotations and the language, closed again whatever happens. Whether their sources
    have changed is looked up first: whoever curates should see it."""
    loaded = settings()
    bot = loaded.bot()
    with Library(bot.knowledge) as library:
        storage = open_storage(bot.knowledge.database_url)
        try:
            book = open_annotations(bot, library, storage)
            try:
                book.check_rot()
                yield book, loaded.bot_language
            finally:
                book.close()
        finally:
            storage.close()


def _author() -> str:
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user need not have a name
        return "cli"


def _expires(_: click.Context, __: click.Parameter, value: str | None) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        raise click.BadParameter("請寫成 2026-12-31 這樣的日期。") from error


def _said(saved: Saved, as_json: bool, language: str, code: str) -> None:
    if as_json:
        print_json(shown.annotation_json(saved.annotation))
    else:
        click.echo(say(code, language, id=saved.annotation.id))
    _warn_about(saved.problem, language)


def _warn_about(problem: KnowledgeError | None, language: str) -> None:
    if problem is not None:
        warn(say("annotate.exact_only", language, problem=describe(problem, language)))


@annotate.command()
@click.option("--question", required=True, help="問題")
@click.option("--answer", required=True, help="回答")
@click.option("--alias", "aliases", multiple=True, help="另一種問法；可以給很多次")
@click.option("--audience", help="只給這個對象（預設：所有人）")
@click.option("--expires", callback=_expires, help="最後有效日，例如 2026-12-31")
@click.option("--source", "sources", multiple=True, help="所依據的文件；它變了會提醒")
@_json
def add(
    question: str,
    answer: str,
    aliases: tuple[str, ...],
    audience: str | None,
    expires: date | None,
    sources: tuple[str, ...],
    as_json: bool,
) -> None:
    """寫下一個問題的回答。"""
    draft = Draft(question, answer, aliases, audience, expires, sources)
    with opened() as (book, language):
        _said(book.add(draft, _author()), as_json, language, "annotate.added")


@annotate.command("list")
@click.option("--search", help="問題、問法或回答裡有這些字的")
@click.option("--audience", help="只列這個對象的")
@click.option("--retired", is_flag=True, help="只列已停用的")
@click.option("--rotten", is_flag=True, help="只列所依據的文件變了的")
@click.option("--suggested", is_flag=True, help="只列有問法等著確認的")
@_json
def list_(
    search: str | None,
    audience: str | None,
    retired: bool,
    rotten: bool,
    suggested: bool,
    as_json: bool,
) -> None:
    """列出寫定的回答。"""
    state = "retired" if retired else "active"
    with opened() as (book, language):
        book.check_rot()
        found = book.listed(Filters(state, audience, search, rotten, suggested))
        if as_json:
            print_json([shown.annotation_json(one) for one in found])
        else:
            shown.table(found, book.today, language)


@annotate.command()
@_id
@_json
def show(annotation_id: int, as_json: bool) -> None:
    """一筆的全部：問法、修改紀錄、命中紀錄。"""
    with opened() as (book, language):
        details = book.details(annotation_id)
    if as_json:
        print_json(shown.details_json(details))
    else:
        shown.details(details, language)


@annotate.command()
@_id
@click.option("--question", help="新的問題")
@click.option("--answer", help="新的回答")
@click.option("--audience", help="新的對象；空字串是所有人")
@click.option("--expires", callback=_expires, help="新的最後有效日")
@click.option("--no-expiry", is_flag=True, help="不再有期限")
@click.option("--source", "sources", multiple=True, help="改為依據這些文件")
@click.option("--restore", is_flag=True, help="恢復已停用的")
@_json
def edit(
    annotation_id: int,
    question: str | None,
    answer: str | None,
    audience: str | None,
    expires: date | None,
    no_expiry: bool,
    sources: tuple[str, ...],
    restore: bool,
    as_json: bool,
) -> None:
    """修改，或恢復已停用的。"""
    if expires and no_expiry:
        raise click.UsageError("--expires 與 --no-expiry 請擇一。")

    def change(draft: Draft) -> Draft:
        return replace(
            draft,
            question=draft.question if question is None else question,
            answer=draft.answer if answer is None else answer,
            audience=draft.audience if audience is None else audience,
            expires_on=None if no_expiry else expires or draft.expires_on,
            sources=sources or draft.sources,
        )

    with opened() as (book, language):
        saved = book.edit(annotation_id, _author(), change)
        if restore:
            saved = book.restore(annotation_id, _author())
        _said(saved, as_json, language, "annotate.edited")


@annotate.command()
@_id
@_json
def remove(annotation_id: int, as_json: bool) -> None:
    """停用；不會刪掉，可以恢復。"""
    with opened() as (book, language):
        _said(book.retire(annotation_id, _author()), as_json, language, "annotate.removed")


@annotate.command()
@_id
@click.argument("text", metavar="問法")
@click.option("--remove", "drop", is_flag=True, help="拿掉這個問法（或等著確認的建議）")
@_json
def alias(annotation_id: int, text: str, drop: bool, as_json: bool) -> None:
    """加一種問法；建議的問法這樣加就是確認。"""
    with opened() as (book, language):
        if drop:
            saved = book.remove_alias(annotation_id, _author(), text)
        else:
            saved = book.add_alias(annotation_id, _author(), text)
        _said(saved, as_json, language, "annotate.edited")


@annotate.command()
@click.argument("question", metavar="問題")
@click.option("--audience", help="以這個對象的身分（預設：全部都看得到）")
@_json
def test(question: str, audience: str | None, as_json: bool) -> None:
    """這樣問會得到什麼：分數、擋下的規則、會回的話。"""
    audiences = frozenset({"public", audience}) if audience else None
    with opened() as (book, language):
        _catch_up(book)
        told = book.explain(question, audiences)
        model = book.phrasebook.model_id if book.phrasebook else None
    if as_json:
        print_json(shown.explanation_json(question, told, model))
    else:
        shown.explanation(told, model, language)
    _warn_about(told.matched.problem, language)


@annotate.command()
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="另外把曲線寫成 .html 或 .svg",
)
@click.option("--dry-run", is_flag=True, help="只量，不改門檻")
@_json
def calibrate(report: Path | None, dry_run: bool, as_json: bool) -> None:
    """用現有的問法量出門檻，並記住（只給這個向量模型用）。"""
    with opened() as (book, language):
        with progress_bar() as bar:
            made = book.calibrate(bar, keep=not dry_run)
        model = book.phrasebook.model_id if book.phrasebook else ""
    if as_json:
        print_json(shown.calibration_json(made, model))
    else:
        shown.calibration(made, model, language)
    if report is not None:
        drawn = str(svg(made)) if report.suffix == ".svg" else page(made, model)
        _to_disk(report, lambda: report.write_text(drawn, encoding="utf-8"))


@annotate.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@_json
def import_(file: Path, as_json: bool) -> None:
    """匯入 CSV；沒變的列略過，有問題的列會列出行號與原因。"""
    content = _to_disk(file, file.read_bytes, "annotation.csv_file")
    with opened() as (book, language), progress_bar() as bar:
        report = import_csv(book, content, _author(), bar)
    if as_json:
        print_json(shown.import_json(report, language))
    else:
        shown.imported(report, language)
    _warn_about(report.problem, language)


@annotate.command("export")
@click.argument("file", type=click.Path(path_type=Path))
def export(file: Path) -> None:
    """匯出 CSV（Excel 可以直接開）；- 是標準輸出。"""
    with opened() as (book, language):
        content = export_csv(book)
        count = len(book.listed())
    if str(file) == "-":
        sys.stdout.buffer.write(content)
        return
    _to_disk(file, lambda: file.write_bytes(content))
    click.echo(say("annotate.exported", language, count=count, path=file))


def _catch_up(book: Annotations) -> None:
    """So that what could not be embedded when it was written is found now."""
    try:
        book.sync()
    except KnowledgeError:
        return  # the search that follows meets the same problem and tells it


def _to_disk(path: Path, work: Callable[[], T], code: str = "cli.write_failed") -> T:
    """Raises ConfigError `code` (path, problem)."""
    try:
        return work()
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise ConfigError(code, path=str(path), problem=problem) from error
