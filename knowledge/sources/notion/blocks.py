"""Blocks as the Markdown that the page endpoint would give: for where that one cannot serve."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from knowledge.sources.notion.pages import file_url, text_of

Json = Mapping[str, Any]
Children = Callable[[str], Iterable[Json]]
"""The blocks below a block."""

DEPTH = 20
"""Levels of nesting; a page that goes deeper is nobody's text."""
_OTHER_PAGES = frozenset({"child_page", "child_database"})
_FILES = {"image": "file", "file": "file", "pdf": "pdf", "video": "video", "audio": "audio"}
HEADINGS = {"heading_1": 1, "heading_2": 2, "heading_3": 3, "heading_4": 4}
_ITEMS = {"bulleted_list_item": "- ", "numbered_list_item": "1. ", "to_do": "- "}
_UNWRAPPED = frozenset({
    "toggle", "callout", "column_list", "column", "synced_block", "template", "tab",
    "meeting_notes", "transcription", *HEADINGS,
})  # fmt: skip
"""What is below them stands on their own level."""


def markdown_of(page_id: str, children: Children) -> str:
    """All of a page's text, in reading order."""
    return "\n".join(_lines(children(page_id), children, 0)) + "\n"


def _lines(blocks: Iterable[Json], children: Children, depth: int) -> Iterator[str]:
    in_list = False
    for block in blocks:
        kind = str(block.get("type"))
        if not (in_list and kind in _ITEMS):
            yield ""
        in_list = kind in _ITEMS
        yield from _block(kind, block, children, depth)


def _block(kind: str, block: Json, children: Children, depth: int) -> Iterator[str]:
    inner = block.get(kind) or {}
    if kind == "table":
        yield from _table(inner, children(str(block["id"])))
        return
    yield from _own(kind, block, inner)
    if not block.get("has_children") or kind in _OTHER_PAGES or depth >= DEPTH:
        return
    indent = "" if kind in _UNWRAPPED else "  "
    for line in _lines(children(str(block["id"])), children, depth + 1):
        yield indent + line if line else ""


def _own(kind: str, block: Json, inner: Json) -> Iterator[str]:
    said = text_of(inner.get("rich_text")).rstrip()
    if kind in HEADINGS:
        yield f"{'#' * HEADINGS[kind]} {' '.join(said.split())}" if said else ""
    elif kind == "code":
        yield f"```{inner.get('language') or ''}\n{said}\n```"
    elif kind == "equation":
        yield f"$${inner.get('expression') or ''}$$"
    elif kind in _ITEMS:
        done = ("[x] " if inner.get("checked") else "[ ] ") if kind == "to_do" else ""
        yield _ITEMS[kind] + done + said.replace("\n", "\n  ")
    elif kind == "quote":
        yield "> " + said.replace("\n", "\n> ")
    elif kind in _FILES:
        yield _file(_FILES[kind], inner)
    elif kind in _OTHER_PAGES:
        yield _other_page(kind, block, inner)
    elif kind in ("bookmark", "embed", "link_preview"):
        yield " ".join(filter(None, (text_of(inner.get("caption")), str(inner.get("url") or ""))))
    elif said:
        yield said


def _file(tag: str, inner: Json) -> str:
    caption = text_of(inner.get("caption")) or str(inner.get("name") or "")
    return f'<{tag} src="{file_url(inner)}">{caption}</{tag}>'


def _other_page(kind: str, block: Json, inner: Json) -> str:
    tag = "page" if kind == "child_page" else "database"
    return f'<{tag} url="{block["id"]}">{inner.get("title") or ""}</{tag}>'


def _table(inner: Json, rows: Iterable[Json]) -> Iterator[str]:
    """As the page endpoint writes it."""
    yield f'<table header-row="{str(bool(inner.get("has_column_header"))).lower()}">'
    for row in rows:
        cells = (row.get("table_row") or {}).get("cells") or ()
        yield "<tr>"
        yield from (f"<td>{_escaped(text_of(cell))}</td>" for cell in cells)
        yield "</tr>"
    yield "</table>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
