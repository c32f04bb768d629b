"""The CSV file as rows: encodings, delimiters, and rows that cannot be read."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.annotations.cells import escape, join_aliases, read_date, split_aliases, unescape
from bot.annotations.records import AnnotationError, Draft

COLUMNS = ("question", "answer", "aliases", "audience", "expires")
_REQUIRED = frozenset(COLUMNS[:2])
_DELIMITERS = (",", "\t", ";")
csv.field_size_limit(1_000_000)


@dataclass(frozen=True, slots=True)
class GoodRow:
    line: int
    draft: Draft


@dataclass(frozen=True, slots=True)
class BadRow:
    """Something `bot.phrases.describe` makes a sentence of."""

    line: int
    """Where the row begins, from 1."""
    code: str
    detail: dict[str, str]


def write(drafts: Iterable[Draft]) -> bytes:
    """UTF-8 with a byte order mark, without which Excel takes Chinese for something else."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for draft in drafts:
        cells = (
            draft.question,
            draft.answer,
            join_aliases(draft.aliases),
            draft.audience or "",
            draft.expires_on.isoformat() if draft.expires_on else "",
        )
        writer.writerow([escape(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def read(content: bytes) -> Iterator[GoodRow | BadRow]:
    """Raises AnnotationError `annotation.csv_encoding`, `annotation.csv_empty`,
    `annotation.csv_missing` (columns) or `annotation.csv_unknown` (columns, known)."""
    lines = io.StringIO(decode(content)).readlines()
    start = next((at for at, line in enumerate(lines) if line.strip()), None)
    if start is None:
        raise AnnotationError("annotation.csv_empty")
    delimiter = max(_DELIMITERS, key=lines[start].count)
    header = _header(next(csv.reader([lines[start]], delimiter=delimiter)))
    return _rows(lines, start + 1, header, delimiter)


def decode(content: bytes) -> str:
    """UTF-8 with or without a mark, UTF-16, or Big5 as Excel in Taiwan writes it."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp950")
    for encoding in encodings:
        try:
            return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise AnnotationError("annotation.csv_encoding")


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    while names and not names[-1]:  # spreadsheets leave empty columns behind
        names.pop()
    unknown = [name or "?" for name in names if name not in COLUMNS]
    missing = [name for name in COLUMNS if name in _REQUIRED - set(names)]
    if missing:
        raise AnnotationError("annotation.csv_missing", columns=", ".join(missing))
    if unknown or len(set(names)) < len(names):
        shown = ", ".join(unknown or sorted({n for n in names if names.count(n) > 1}))
        raise AnnotationError("annotation.csv_unknown", columns=shown, known=", ".join(COLUMNS))
    return names


def _rows(
    lines: Sequence[str], at: int, header: Sequence[str], delimiter: str
) -> Iterator[GoodRow | BadRow]:
    """A row whose quotes do not close is one bad line; reading goes on with the next."""
    reader = csv.reader(_from(lines, at), delimiter=delimiter, strict=True)
    base = at
    while True:
        first = base + reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield BadRow(first + 1, "annotation.csv_quotes", {})
            base = first + 1
            reader = csv.reader(_from(lines, base), delimiter=delimiter, strict=True)
            continue
        if any(cell.strip() for cell in cells):
            yield _row(first + 1, cells, header)


def _from(lines: Sequence[str], start: int) -> Iterator[str]:
    return (lines[at] for at in range(start, len(lines)))


def _row(line: int, cells: Sequence[str], header: Sequence[str]) -> GoodRow | BadRow:
    if any(cell.strip() for cell in cells[len(header) :]):
        detail = {"found": str(len(cells)), "wanted": str(len(header))}
        return BadRow(line, "annotation.csv_cells", detail)
    values = dict(zip(header, (unescape(cell) for cell in cells), strict=False))
    try:
        expires = read_date(values.get("expires", ""))
    except ValueError:
        return BadRow(line, "annotation.csv_date", {"value": values["expires"][:40]})
    return GoodRow(
        line,
        Draft(
            question=values.get("question", ""),
            answer=values.get("answer", ""),
            aliases=split_aliases(values.get("aliases", "")),
            audience=values.get("audience") or None,
            expires_on=expires,
        ),
    )
