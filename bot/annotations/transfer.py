"""Many annotations at once: a CSV file in, a CSV file out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from bot.annotations import reading, sheet, writing
from bot.annotations.book import Annotations
from bot.annotations.drafts import checked
from bot.annotations.keys import exact_key
from bot.annotations.records import Annotation, AnnotationError, Draft
from bot.annotations.sheet import BadRow, GoodRow
from bot.annotations.writing import Vectors, Writer
from knowledge.errors import KnowledgeError
from knowledge.ingest import Progress

_BATCH = 200
"""Rows in one transaction: others can write in between."""
_Key = tuple[str, str | None]


@dataclass(slots=True)
class ImportReport:
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    expired: int = 0
    """Of those taken in: rows whose date has passed, which match nothing."""
    failed: list[BadRow] = field(default_factory=list)
    problem: KnowledgeError | None = None
    """Why they cannot be found by meaning yet."""


def export_csv(book: Annotations) -> bytes:
    """Every active annotation, in the order of their ids."""
    return sheet.write(annotation.draft for annotation in book.listed())


def import_csv(
    book: Annotations,
    content: bytes,
    author: str,
    progress: Callable[[Progress], None] = lambda _: None,
) -> ImportReport:
    """A row is the whole truth about its question (for its audience): aliases that it does not
    name any more go. Nothing is retired because it is not in the file.

    Raises AnnotationError as `sheet.read` says, before anything is written.
    """
    rows = list(sheet.read(content))
    report = ImportReport()
    known = {_key(one.draft): one for one in book.listed()}
    changed = list(_changed(rows, known, book, report))
    by = book.writer(author)
    for start in range(0, len(changed), _BATCH):
        batch = changed[start : start + _BATCH]

        def work(tx: Connection, batch: Sequence[GoodRow] = batch) -> list[Vectors]:
            return [_write(tx, row, known, by, report) for row in batch]

        owed = book.in_one(work)

        def show(step: Progress, start: int = start) -> None:
            progress(Progress(start, len(changed), step.source))

        if report.problem is None:  # else `sync` makes up for all of it later
            report.problem = book.carry(owed, show)
    progress(Progress(len(changed), len(changed), ""))
    report.failed.sort(key=lambda bad: bad.line)
    return report


def _changed(
    rows: Sequence[GoodRow | BadRow],
    known: dict[_Key, Annotation],
    book: Annotations,
    report: ImportReport,
) -> Iterator[GoodRow]:
    seen: dict[_Key, int] = {}
    for row in rows:
        if isinstance(row, BadRow):
            report.failed.append(row)
            continue
        try:
            draft = checked(row.draft, None)
        except AnnotationError as error:
            report.failed.append(BadRow(row.line, error.code, error.detail))
            continue
        first = seen.setdefault(_key(draft), row.line)
        if first != row.line:
            report.failed.append(BadRow(row.line, "annotation.csv_twice", {"first": str(first)}))
            continue
        report.expired += draft.expires_on is not None and draft.expires_on < book.today
        before = known.get(_key(draft))
        if before is not None and _same(before.draft, draft):
            report.unchanged += 1
        else:
            yield GoodRow(row.line, draft)


def _key(draft: Draft) -> _Key:
    return exact_key(draft.question), draft.audience


def _same(before: Draft, after: Draft) -> bool:
    """Sources are not in the file, and the order of aliases means nothing."""
    plain = replace(before, sources=(), aliases=tuple(sorted(before.aliases)))
    return plain == replace(after, aliases=tuple(sorted(after.aliases)))


def _write(
    tx: Connection,
    row: GoodRow,
    known: dict[_Key, Annotation],
    by: Writer,
    report: ImportReport,
) -> Vectors:
    before = known.get(_key(row.draft))
    try:
        if before is None:
            owed = writing.add(tx, row.draft, by)[1]
            report.added += 1
        else:
            current = reading.one(tx, before.id)
            draft = replace(row.draft, sources=current.draft.sources)
            owed = writing.revise(tx, current, draft, by)
            report.updated += 1
    except AnnotationError as error:
        report.failed.append(BadRow(row.line, error.code, error.detail))
        return Vectors()
    return owed
