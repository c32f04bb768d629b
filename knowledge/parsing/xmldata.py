"""XML: repeated elements as rows, others under headings; SVG and XHTML go to their own readers."""

import re
from collections.abc import Iterator, Sequence

from bs4 import BeautifulSoup
from lxml import etree

from knowledge.parsing import svg, web
from knowledge.parsing.guard import damage
from knowledge.parsing.markup import children, local, own_text, tree
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.outline import Outline
from knowledge.parsing.text import decode, one_line

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]+)")
_MARKUP = re.compile(r"</?(?:p|br|div|span|a|b|i|strong|em|ul|li|img|table|h[1-6])\b[^>]*>", re.I)
_NAMES = ("title", "name", "subject", "label", "id", "標題", "名稱")


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.damaged`, `file.encoding`."""
    declared = _DECLARED.search(source.data[:400])
    text = decode(source.data, source.name, declared.group(1).decode() if declared else None)
    with damage(source.name):
        root = tree(text)
        if local(root) == "svg":
            return svg.draft(root)
        if local(root) == "html":
            return web.read(text)
        outline = Outline()
        _add(outline, root, 0)
        return Draft(outline.finish(), (_title(root),))


def _add(outline: Outline, element: etree._Element, level: int) -> None:
    inner = children(element)
    if not inner or _is_mixed(element):
        outline.text(_plain("".join(element.itertext())))
        return
    outline.text("\n".join(f"{name}：{text}" for name, text in _fields(element)))
    for group in _groups([child for child in inner if not _is_leaf(child)]):
        if len(group) > 1 and all(map(_is_record, group)):
            _table(outline, group)
            continue
        for child in group:
            outline.heading(level + 1, _title(child) or local(child))
            _add(outline, child, level + 1)


def _groups(elements: Sequence[etree._Element]) -> Iterator[list[etree._Element]]:
    """Neighbours of one tag."""
    group: list[etree._Element] = []
    for element in elements:
        if group and group[0].tag != element.tag:
            yield group
            group = []
        group.append(element)
    if group:
        yield group


def _table(outline: Outline, records: Sequence[etree._Element]) -> None:
    rows = [dict(_fields(record)) for record in records]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[row.get(name, "") for name in columns] for row in rows]
    outline.table([columns, *cells], header=True)


def _fields(element: etree._Element) -> list[tuple[str, str]]:
    """Attributes and leaves by name; a name that comes again has all its values."""
    found: dict[str, list[str]] = {}
    for name, value in element.attrib.items():
        if not str(name).startswith("{"):
            found.setdefault(str(name), []).append(str(value).strip())
    for child in filter(_is_leaf, children(element)):
        texts = [_plain(child.text or ""), *(str(value) for value in child.attrib.values())]
        found.setdefault(local(child), []).append(next(filter(None, texts), ""))
    return [(name, "、".join(filter(None, texts))) for name, texts in found.items() if any(texts)]


def _is_leaf(element: etree._Element) -> bool:
    """Holds text only, or nothing but one attribute."""
    if children(element):
        return False
    return bool((element.text or "").strip()) or len(element.attrib) <= 1


def _is_record(element: etree._Element) -> bool:
    return all(map(_is_leaf, children(element))) and not _is_mixed(element)


def _is_mixed(element: etree._Element) -> bool:
    """Text with elements within it, as in a paragraph with emphasis."""
    inner = children(element)
    return bool(inner) and bool(own_text(element).strip())


def _title(element: etree._Element) -> str:
    fields = {name.lower(): text for name, text in _fields(element)}
    return next((fields[name] for name in _NAMES if fields.get(name)), "")[:200]


def _plain(text: str) -> str:
    """Without the markup that feeds carry inside their text."""
    if _MARKUP.search(text):
        text = BeautifulSoup(text, "lxml").get_text("\n", strip=True)
    return one_line(text) if "\n\n" not in text else text.strip()
