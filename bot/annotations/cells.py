"""What stands in one cell of the CSV file, safe for spreadsheet programs and back again."""

import re
from collections.abc import Sequence
from datetime import date

_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r＝＋－＠]")
_DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:\s+0{1,2}:00(?::00)?)?"
)


def escape(text: str) -> str:
    """An apostrophe before whatever a spreadsheet would take for a formula."""
    return "'" + text if _FORMULA.match(text) else text


def unescape(cell: str) -> str:
    return cell[1:] if _ESCAPED.match(cell) else cell


def join_aliases(aliases: Sequence[str]) -> str:
    """With ``|`` between them; one a line where an alias has a ``|`` of its own."""
    if any("|" in alias for alias in aliases):
        return "\n".join(aliases) + "\n"
    return "|".join(aliases)


def split_aliases(cell: str) -> tuple[str, ...]:
    separator = "\n" if "\n" in cell else "|"
    return tuple(part.strip() for part in cell.split(separator) if part.strip())


def read_date(cell: str) -> date | None:
    """2026-12-31, and what spreadsheets make of it (2026/12/31). Raises ValueError."""
    if not cell.strip():
        return None
    match = _DATE.fullmatch(cell.strip())
    if match is None:
        raise ValueError(cell)
    return date(int(match[1]), int(match[2]), int(match[3]))
