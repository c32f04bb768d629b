"""Markdown: source lines by section, as written, with tables taken apart into rows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bs4.exceptions import ParserRejectedMarkup
from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.parsing.guard import damage
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.outline import Outline
from knowledge.parsing.text import decode

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title[ \t]*:[ \t]*(?:\"(.+)\"|'(.+)'|(.+?))[ \t]*$", re.MULTILINE)
_STRONG = re.compile(r"(`+)(?:.*?)\1|(\*\*|__)(?=\S)(.+?)(?<=\S)\2", re.DOTALL)
_DATA_URI = re.compile(r"\(data:[^)\s]*\)")
_HEADING_MARKS = re.compile(r"[*`]|(?<!\w)_|_(?!\w)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SLOT = re.compile("(\ue000\\d+\ue001)")


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as cells."""

    rows: tuple[tuple[str, ...], ...]
    header: bool


@dataclass(slots=True)
class Slots:
    """Tables lifted out of a page, each leaving a mark in the text for `feed` to find."""

    grids: dict[str, Grid] = field(default_factory=dict)

    def put(self, grid: Grid) -> str:
        """Keep a table and give the mark to leave in its place."""
        mark = f"\ue000{len(self.grids)}\ue001"
        self.grids[mark] = grid
        return mark


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.encoding`, `file.damaged`."""
    text = decode(source.data, source.name)
    matter = _FRONT_MATTER.match(text)
    found = _TITLE.search(matter.group(1)) if matter else None
    outline = Outline()
    with damage(source.name, ParserRejectedMarkup):  # raised by HTML within the Markdown
        feed(outline, text[matter.end() :] if matter else text)
    titles = [next(filter(None, found.groups()))] if found else []
    return Draft(outline.finish(), (*titles, *filter(None, [outline.opening])))


def feed(outline: Outline, text: str, grids: Mapping[str, Grid] | None = None) -> None:
    """Add Markdown to an outline.

    With `grids` the Markdown was made from a page: what looks like HTML in it is
    text that the page showed, and marks stand for tables.
    """
    reader = _Reader(outline, text.split("\n"), grids)
    tokens = _machine(html=grids is None).parse(text)
    index = 0
    while index < len(tokens):
        end = _closing(tokens, index)
        reader.take(tokens[index : end + 1])
        index = end + 1


def _machine(html: bool) -> MarkdownIt:
    """A block parser only: inline marks stay in the text, which is quoted as written."""
    machine = MarkdownIt("commonmark").enable("table")
    machine.core.ruler.enableOnly(["normalize", "block"])
    return machine if html else machine.disable(["html_block", "code"])


def _closing(tokens: Sequence[Token], start: int) -> int:
    depth = 0
    for index in range(start, len(tokens)):
        depth += tokens[index].nesting
        if depth <= 0:
            return index
    return len(tokens) - 1


@dataclass(slots=True)
class _Reader:
    outline: Outline
    lines: list[str]
    grids: Mapping[str, Grid] | None

    def take(self, tokens: Sequence[Token]) -> None:
        """Add one top-level element, given as its tokens."""
        kind = tokens[0].type
        if kind == "heading_open":
            title = "".join(token.content for token in tokens if token.type == "inline")
            self.outline.heading(int(tokens[0].tag[1]), _HEADING_MARKS.sub("", _plain(title)))
        elif kind == "table_open":
            self.outline.table(_rows(tokens), header=True)
        elif kind == "html_block":
            self._html(tokens[0].content)
        elif kind in ("fence", "code_block"):
            self.outline.text(self._source(tokens[0]))
        elif kind != "hr":
            self._text(_plain(self._source(tokens[0])))

    def _source(self, token: Token) -> str:
        first, last = token.map or (0, 0)
        return "\n".join(self.lines[first:last])

    def _text(self, text: str) -> None:
        for part in _SLOT.split(text):
            grid = (self.grids or {}).get(part)
            if grid:
                self.outline.table(grid.rows, grid.header)
            else:
                self.outline.text(part)

    def _html(self, markup: str) -> None:
        from knowledge.parsing import web  # web reads its own Markdown through this module

        markup = _COMMENT.sub("", markup)
        if markup.strip():
            web.feed(self.outline, markup)


def _plain(text: str) -> str:
    """Without marks of emphasis, which would part words that belong together."""
    text = _DATA_URI.sub("()", text)
    return _STRONG.sub(lambda m: m.group(0) if m.group(1) else m.group(3), text)


def _rows(tokens: Sequence[Token]) -> list[list[str]]:
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_plain(token.content).replace("<br>", " "))
    return rows
