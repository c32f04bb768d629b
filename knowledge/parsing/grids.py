"""HTML tables as grids: spans filled in, layout tables taken apart."""

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from knowledge.parsing.markdown import Grid, Slots

_BLOCKS = ["p", "div", "li", "br", "dt", "dd"]
_HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6", "pre"]
_PARTS = ["thead", "tbody", "tfoot", "tr", "td", "th", "caption", "colgroup"]
_MOST_SPAN = 200
_MOST_COLUMNS = 500
"""Bounds for a colspan or rowspan of a billion in a hostile page."""


def lift_tables(soup: BeautifulSoup, slots: Slots) -> None:
    """Replace each data table by a paragraph with its mark in `slots`."""
    _flatten_layout(soup)
    for table in soup.find_all("table"):
        grid = _grid(table)
        caption = table.find("caption")
        paragraph = soup.new_tag("p")
        paragraph.string = slots.put(grid) if grid.rows else ""
        table.insert_after(paragraph)
        if caption and caption.get_text(strip=True):
            caption.name = "p"
            table.insert_after(caption.extract())
        table.decompose()


def _flatten_layout(soup: BeautifulSoup) -> None:
    """A table that holds tables or headings only places things on the page: it goes, they stay."""
    layout: dict[int, Tag] = {}
    for inner in soup.find_all(["table", *_HEADINGS]):
        outer = inner.find_parent("table")
        if outer:
            layout[id(outer)] = outer
    if layout:
        parts = [(part, part.find_parent("table")) for part in soup.find_all(_PARTS)]
        for part, outer in parts:
            if outer and id(outer) in layout:
                part.name = "div"
    for table in layout.values():
        table.name = "div"


def _grid(table: Tag) -> Grid:
    cells: dict[tuple[int, int], str] = {}
    rows = table.find_all("tr")
    for y, row in enumerate(rows):
        x = 0
        for cell in row.find_all(["td", "th"]):
            while (y, x) in cells:
                x += 1
            if x >= _MOST_COLUMNS:
                break
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            _fill(cells, _text(cell), y, x, across, min(down, len(rows) - y))
            x += across
    wide = max((x for _, x in cells), default=-1) + 1
    grid = tuple(tuple(cells.get((y, x), "") for x in range(wide)) for y in range(len(rows)))
    return Grid(grid if wide else (), bool(rows) and _is_header(rows[0]))


def _fill(
    cells: dict[tuple[int, int], str], text: str, y: int, x: int, across: int, down: int
) -> None:
    """A cell over several rows belongs to each; one over several columns is said once."""
    for row in range(y, y + down):
        for column in range(x, x + across):
            cells.setdefault((row, column), text if column == x else "")


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name) or "1").strip()
    return min(max(int(value), 1), _MOST_SPAN) if value.isascii() and value.isdigit() else 1


def _is_header(row: Tag) -> bool:
    return bool(row.find_parent("thead")) or not row.find("td")


def _text(cell: Tag) -> str:
    for block in cell.find_all(_BLOCKS):
        block.insert_after(NavigableString("\n"))
    return "\n".join(filter(None, map(str.strip, cell.get_text().split("\n"))))
