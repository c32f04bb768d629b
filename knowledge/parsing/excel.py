"""XLSX: visible sheets, one block a row, values as the spreadsheet program shows them."""

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

import openpyxl

from knowledge.parsing.guard import damage
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.tables import SheetReader
from knowledge.parsing.text import clean
from knowledge.parsing.word import core_title
from knowledge.passages import Block

_WHOLE_UP_TO = 4 * 1024 * 1024
"""Bytes of XML up to which a workbook is loaded whole, which alone shows its merged cells."""
_MOST_CELLS = 500_000
"""Above this a sheet of few bytes is a stray cell far away, and is streamed."""
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_ZEROS = re.compile(r"^0{2,}$")


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.damaged`."""
    with damage(source.name), warnings.catch_warnings():
        # openpyxl warns of styles and extensions it drops; none of them is text.
        warnings.simplefilter("ignore")
        book = _open(source.data)
        try:
            sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            blocks = [block for sheet in sheets for block in _sheet_blocks(sheet)]
        finally:
            book.close()
        return Draft(tuple(blocks), (core_title(source.data),))


def _open(data: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(
            entry.file_size for entry in archive.infolist() if entry.filename.endswith(".xml")
        )
    if size <= _WHOLE_UP_TO:
        book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
        if all(sheet.max_row * sheet.max_column <= _MOST_CELLS for sheet in book.worksheets):
            return book
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True, read_only=True)
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # some programs write a wrong size, which would cut rows off
    return book


def _sheet_blocks(sheet: Any) -> Iterator[Block]:
    merged = _merged(sheet)
    rows = (
        [merged.get((y, x)) or shown(cell) for x, cell in enumerate(row, 1)]
        for y, row in enumerate(sheet.iter_rows(), 1)
    )
    return SheetReader(sheet.title).read(rows)


def _merged(sheet: Any) -> dict[tuple[int, int], str]:
    """Text of cells merged downwards, for each row they cover."""
    filled: dict[tuple[int, int], str] = {}
    for area in getattr(getattr(sheet, "merged_cells", None), "ranges", ()):
        text = shown(sheet.cell(area.min_row, area.min_col))
        if text and area.max_row - area.min_row < _MOST_CELLS:
            for row in range(area.min_row + 1, area.max_row + 1):
                filled[row, area.min_col] = text
    return filled


def shown(cell: Any) -> str:
    """The value of a cell as a person reads it on screen."""
    if cell.value is None or cell.data_type == "e":
        return ""
    return shown_value(cell.value, str(cell.number_format or ""))


def shown_value(value: Any, number_format: str) -> str:
    """A value as a spreadsheet program shows it in cells of that format."""
    form = _LITERAL.sub("", number_format)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, form)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else f"{value.date()} {_clock(value.time())}"
    if isinstance(value, dt.time):
        return _clock(value)
    if isinstance(value, dt.timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    return clean(str(value)).strip()


def _clock(time: dt.time) -> str:
    return time.strftime("%H:%M:%S" if time.second else "%H:%M")


def _number(value: float, form: str) -> str:
    if "%" in form:
        return _decimal(value * 100) + "%"
    if _ZEROS.match(form) and float(value).is_integer():
        return str(int(value)).zfill(len(form))  # telephone and article numbers
    return _decimal(value)


def _decimal(value: float) -> str:
    """Without a float's noise: 25 for 25.0, 0.3 for 0.1 + 0.2."""
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    return f"{value:.10f}".rstrip("0") if abs(value) >= 1e-4 else f"{value:.6g}"
