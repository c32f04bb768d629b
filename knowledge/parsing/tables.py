"""Table rows as text that can stand alone: 「欄名：值；欄名：值」."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from knowledge.parsing.text import one_line
from knowledge.passages import Block

_NUMERIC = re.compile(r"^[\s\d.,:%/+\-()$€¥￥年月日時分元]*$|^(?:NT|US|TWD)\$?\s*[\d.,]+$")
_LABEL_LENGTH = 20


def is_text(cell: str) -> bool:
    """True for words, False for an empty cell, a number, an amount or a date."""
    return bool(cell.strip()) and not _NUMERIC.match(cell)


def row_text(columns: Sequence[str], cells: Sequence[str]) -> str:
    """One row with its column names; empty cells are left out."""
    parts = []
    for column, cell in zip_longest(columns, cells, fillvalue=""):
        # A line break in a label is a wrap; in a cell it parts one thing from the next.
        column, cell = one_line(column), " ".join(cell.split())
        if cell:
            parts.append(f"{column}：{cell}" if column and column != cell else cell)
    return "；".join(parts)


def document_rows(rows: Sequence[Sequence[str]], header: bool) -> Iterator[tuple[int, str]]:
    """Rows of a table inside a document, numbered from 1 without its header row.

    Where the document marks no header, the first row is one if it looks like labels.
    Two columns without a marked header read best as label and value.
    """
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    if not filled:
        return
    if not header and max(map(len, filled)) == 2:
        yield from enumerate((_pair(row) for row in filled), 1)
        return
    titled = len(filled) > 1 and (header or _looks_like_header(filled[0]))
    columns, body = (filled[0], filled[1:]) if titled else ((), filled)
    yield from enumerate((row_text(columns, row) for row in body), 1)


def _pair(row: Sequence[str]) -> str:
    return "：".join(" ".join(cell.split()).rstrip("：:") for cell in row if cell.strip())


def _looks_like_header(row: Sequence[str]) -> bool:
    labels = [one_line(cell) for cell in row]
    return len(set(labels)) == len(labels) > 1 and all(
        is_text(label) and len(label) <= _LABEL_LENGTH for label in labels
    )


class SheetReader:
    """Turns the rows of one sheet into blocks while they stream by.

    Sheets made by hand have a title over the header, blank rows, and sometimes a
    second table below: a blank row, then a lone cell, then a row of labels starts one.
    """

    def __init__(self, sheet: str | None) -> None:
        self._sheet = sheet
        self._columns: Sequence[str] | None = None
        self._headings: tuple[str, ...] = ()
        self._lone: list[tuple[int, str]] = []
        self._open = True
        """A header may come: at the start, and after a blank row and a lone cell."""
        self._blank = False
        self._bare: int | None = None
        """Row number of a header that has no rows yet."""

    def read(self, rows: Iterable[Sequence[str]]) -> Iterator[Block]:
        """Blocks in order; the first row given is row 1."""
        for number, row in enumerate(rows, 1):
            filled = [cell for cell in row if cell.strip()]
            if len(filled) > 1 or (filled and self._is_value(row)):
                yield from self._row(number, row, filled)
            elif filled:
                yield from self._single(number, " ".join(filled[0].split()))
            self._blank = not filled
        yield from self._flush()

    def _is_value(self, row: Sequence[str]) -> bool:
        """A lone cell that belongs to its column: in the midst of a table, not at its edge."""
        return self._columns is not None and not self._blank and not row[0].strip()

    def _single(self, number: int, cell: str) -> Iterator[Block]:
        if self._blank and self._columns is not None:
            self._open = True
        if self._blank or not self._open:
            yield from self._flush()
        if self._open:
            self._lone.append((number, cell))
        else:
            yield self._block(cell, number)

    def _row(self, number: int, row: Sequence[str], filled: Sequence[str]) -> Iterator[Block]:
        if self._open and self._is_header(filled):
            title, self._lone = self._lone[:1], self._lone[1:]
            self._headings = tuple(text for _, text in title)
            yield from self._flush()
            self._columns, self._bare = row, number
        else:
            self._bare = None
            yield from self._flush()
            yield self._block(row_text(self._columns or (), row), number)
        self._open = False

    def _is_header(self, filled: Sequence[str]) -> bool:
        texts = sum(map(is_text, filled))
        return texts == len(filled) if self._columns is not None else texts >= 2

    def _flush(self) -> Iterator[Block]:
        if self._bare is not None:
            yield self._block(row_text((), self._columns or ()), self._bare)
            self._bare = None
        for number, cell in self._lone:
            yield self._block(cell, number)
        self._lone = []

    def _block(self, text: str, number: int) -> Block:
        return Block(text, self._headings, sheet=self._sheet, row=number)
