"""XLS: visible sheets, one block a row, through xlrd."""

import io
from collections.abc import Iterator
from typing import Any

import xlrd
from xlrd.compdoc import CompDocError

from knowledge.errors import DocumentError
from knowledge.parsing.excel import shown_value
from knowledge.parsing.guard import damage
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.tables import SheetReader
from knowledge.passages import Block


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.damaged`, `file.encrypted`."""
    with damage(source.name, xlrd.XLRDError, CompDocError):
        try:
            book = xlrd.open_workbook(
                file_contents=source.data, formatting_info=True, logfile=io.StringIO()
            )
        except xlrd.XLRDError as error:
            if "encrypted" in str(error):
                raise DocumentError("file.encrypted", source=source.name) from error
            raise
        sheets = [sheet for sheet in book.sheets() if sheet.visibility == 0]
        blocks = [block for sheet in sheets for block in _sheet_blocks(book, sheet)]
    return Draft(tuple(blocks))


def _sheet_blocks(book: Any, sheet: Any) -> Iterator[Block]:
    merged = {
        (row, left): (top, left)
        for top, bottom, left, _ in sheet.merged_cells
        for row in range(top + 1, min(bottom, sheet.nrows))
    }
    rows = (
        [_shown(book, sheet, *merged.get((y, x), (y, x))) for x in range(sheet.row_len(y))]
        for y in range(sheet.nrows)
    )
    return SheetReader(sheet.name).read(rows)


def _shown(book: Any, sheet: Any, row: int, column: int) -> str:
    if column >= sheet.row_len(row):
        return ""
    cell = sheet.cell(row, column)
    match cell.ctype:
        case xlrd.XL_CELL_EMPTY | xlrd.XL_CELL_BLANK | xlrd.XL_CELL_ERROR:
            return ""
        case xlrd.XL_CELL_BOOLEAN:
            return shown_value(bool(cell.value), "")
        case xlrd.XL_CELL_DATE:
            return _date(cell.value, book.datemode)
    form = book.format_map.get(book.xf_list[cell.xf_index].format_key)
    return shown_value(cell.value, form.format_str if form else "")


def _date(value: float, mode: int) -> str:
    """A number below 1 is a time of day."""
    try:
        moment = xlrd.xldate_as_datetime(value, mode)
    except (xlrd.xldate.XLDateError, ValueError, OverflowError):
        return shown_value(value, "")
    return shown_value(moment.time() if value < 1 else moment, "")
