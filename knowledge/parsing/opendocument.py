"""ODT, ODS, ODP: read straight from their XML, with lxml."""

import io
import zipfile
from collections.abc import Callable, Iterator
from itertools import chain, repeat

from lxml import etree

from knowledge.parsing.guard import damage
from knowledge.parsing.markup import children, local, tree
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.outline import Outline
from knowledge.parsing.tables import SheetReader
from knowledge.parsing.text import clean, one_line
from knowledge.passages import Block

_NS = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "presentation": "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0",
}
_PASSED_OVER = (
    "tracked-changes",
    "annotation",
    "note-citation",
    "table-of-content",
    "forms",
    "sequence-decls",
)
_MOST_REPEATED = 1000
"""Of a filled cell or row; an empty sheet repeats its last row a million times."""
_MOST_COLUMNS = 500


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.damaged`."""
    with damage(source.name), zipfile.ZipFile(io.BytesIO(source.data)) as archive:
        content = tree(archive.read("content.xml"))
        named = _meta_title(archive)
        body = content.find("office:body", _NS)
        main = children(body)[0] if body is not None and len(body) else content
        if local(main) == "spreadsheet":
            return Draft(tuple(_sheets(main, _hidden_styles(content))), (named,))
        outline = Outline()
        reader = _Reader(outline, _title_styles(content))
        if local(main) == "presentation":
            first = _slides(reader, main)
            return Draft(outline.finish(), (first, named))
        reader.read(main)
        blocks = outline.finish()
        return Draft(blocks, tuple(filter(None, [reader.title, outline.opening, named])))


def _meta_title(archive: zipfile.ZipFile) -> str:
    if "meta.xml" not in archive.namelist():
        return ""
    found = tree(archive.read("meta.xml")).find(".//{http://purl.org/dc/elements/1.1/}title")
    return clean(found.text or "") if found is not None else ""


def _a(prefix: str, name: str) -> str:
    return f"{{{_NS[prefix]}}}{name}"


def _title_styles(content: etree._Element) -> frozenset[str]:
    """Names of styles that are, or come from, the one for a document's title."""
    styles = content.iterfind(".//style:style", _NS)
    derived = {
        str(s.get(_a("style", "name")))
        for s in styles
        if s.get(_a("style", "parent-style-name")) == "Title"
    }
    return frozenset({"Title", *derived})


def _hidden_styles(content: etree._Element) -> frozenset[str]:
    """Names of the table styles that hide a sheet."""
    return frozenset(
        str(style.get(_a("style", "name")))
        for style in content.iterfind(".//style:style", _NS)
        for properties in style.iterfind("style:table-properties", _NS)
        if properties.get(_a("table", "display")) == "false"
    )


class _Reader:
    """Walks text in reading order."""

    def __init__(self, outline: Outline, title_styles: frozenset[str]) -> None:
        self.outline = outline
        self.title = ""
        self._title_styles = title_styles

    def read(self, element: etree._Element) -> None:
        for child in children(element):
            self._one(child)

    def _one(self, element: etree._Element) -> None:
        match local(element):
            case "h":
                level = str(element.get(_a("text", "outline-level")) or "1")
                self.outline.heading(int(level), one_line(_text(element)))
            case "p":
                self._paragraph(element)
            case "list":
                self.outline.text("\n".join(_items(element, 0)))
            case "table":
                self.outline.table(*_grid(element))
            case name if name not in _PASSED_OVER:
                self.read(element)

    def _paragraph(self, element: etree._Element) -> None:
        text = _text(element)
        if not self.title and element.get(_a("text", "style-name")) in self._title_styles:
            self.title = one_line(text)
        else:
            self.outline.text(text)
        for table in element.iterfind(".//table:table", _NS):
            self.outline.table(*_grid(table))


def _slides(reader: _Reader, deck: etree._Element) -> str:
    """Title of the first slide."""
    first = ""
    for number, page in enumerate(deck.iterfind("{*}page"), 1):
        frames = sorted(children(page), key=lambda frame: _class(frame) != "title")
        reader.outline.turn_page(number)
        for frame in frames:
            if _class(frame) == "title":
                name = one_line(_text(frame))
                reader.outline.heading(1, name)
                first = first or name
            else:
                reader.read(frame)
    return first


def _class(frame: etree._Element) -> str:
    return str(frame.get(_a("presentation", "class")) or "")


def _items(element: etree._Element, depth: int) -> Iterator[str]:
    for item in children(element):
        for part in children(item):
            if local(part) == "list":
                yield from _items(part, depth + 1)
            elif text := _text(part).strip():
                yield f"{'  ' * depth}- {text}"


def _grid(table: etree._Element) -> tuple[list[list[str]], bool]:
    """Rows, and whether the first is marked as a header."""
    headed = table.find("table:table-header-rows", _NS) is not None
    return [row for row in _rows(table, _MOST_REPEATED) if any(row)], headed


def _sheets(book: etree._Element, hidden: frozenset[str]) -> Iterator[Block]:
    for table in book.iterfind("table:table", _NS):
        if table.get(_a("table", "style-name")) not in hidden:
            name = str(table.get(_a("table", "name")) or "")
            yield from SheetReader(name).read(_without_tail(_rows(table, 1 << 20)))


def _without_tail(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """All rows up to the last that holds something."""
    blank = 0
    for row in rows:
        if any(row):
            yield from repeat([], blank)
            blank = 0
            yield row
        else:
            blank += 1


def _rows(table: etree._Element, most_blank: int) -> Iterator[list[str]]:
    for row in table.iter(_a("table", "table-row")):
        cells = list(chain.from_iterable(_cells(row)))[:_MOST_COLUMNS]
        while cells and not cells[-1]:
            cells.pop()
        most = _MOST_REPEATED if cells else most_blank
        yield from repeat(cells, min(_repeats(row, "number-rows-repeated"), most))


def _cells(row: etree._Element) -> Iterator[list[str]]:
    for cell in children(row):
        if local(cell) in ("table-cell", "covered-table-cell"):
            text = "\n".join(_text(part) for part in cell.iterfind("{*}p")).strip()
            yield [text] * min(_repeats(cell, "number-columns-repeated"), _MOST_COLUMNS)


def _repeats(element: etree._Element, name: str) -> int:
    value = str(element.get(_a("table", name)) or "1")
    return int(value) if value.isascii() and value.isdigit() else 1


def _text(element: etree._Element) -> str:
    return clean("".join(_pieces(element))).strip()


_SIGNS: dict[str, Callable[[etree._Element], str]] = {
    "s": lambda sign: " " * min(int(sign.get(_a("text", "c")) or 1), 100),
    "tab": lambda _: "\t",
    "line-break": lambda _: "\n",
}


def _pieces(element: etree._Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str) and local(child) not in (*_PASSED_OVER, "table"):
            sign = _SIGNS.get(local(child))
            yield sign(child) if sign else ""
            yield from _pieces(child)
            if local(child) in ("p", "h", "list-item"):
                yield "\n"
        yield child.tail or ""
