"""Where on a page a heading stands: the id of its block, which the page's Markdown leaves out.

The page's own blocks are listed, a hundred a request, as far as its headings go. What stands
deeper (in a toggle, a column) is not asked for: there the heading above it is pointed at.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from knowledge.errors import DocumentError
from knowledge.folding import fold
from knowledge.passages import Block
from knowledge.sources.notion.blocks import HEADINGS
from knowledge.sources.notion.pages import plain_id, text_of

MOST_BLOCKS = 1000
"""Looked at on one page, which is ten requests."""

_Path = tuple[str, ...]


def anchored(blocks: Sequence[Block], listed: Iterable[Mapping[str, Any]]) -> tuple[Block, ...]:
    """The same blocks, each with the anchor of its heading. `listed` are the page's blocks as the
    API gives them; where it breaks off, what is not found by then has no anchor."""
    places = _Places(_headings(islice(listed, MOST_BLOCKS)))
    return tuple(
        replace(block, anchor=places.of(tuple(map(_key, block.headings)))) for block in blocks
    )


@dataclass(slots=True)
class _Places:
    """The page's headings in reading order, asked for as far as they are needed."""

    more: Iterator[tuple[_Path, str]]
    found: list[tuple[_Path, str]] = field(default_factory=list)
    at: int = 0
    """Of the last heading that was found: what follows is not above it."""

    def of(self, path: _Path) -> str:
        """The anchor of a heading by its path, else of the nearest one above it."""
        while path:
            for index, (there, anchor) in self._from_here():
                if there[-len(path) :] == path:  # a heading that titles the page is in no path
                    self.at = index
                    return anchor
            path = path[:-1]
        return ""

    def _from_here(self) -> Iterator[tuple[int, tuple[_Path, str]]]:
        yield from enumerate(self.found[self.at :], self.at)
        for one in self.more:
            self.found.append(one)
            yield len(self.found) - 1, one


def _headings(listed: Iterable[Mapping[str, Any]]) -> Iterator[tuple[_Path, str]]:
    open_: list[tuple[int, str]] = []
    try:
        for block in listed:
            level = HEADINGS.get(str(block.get("type")))
            said = _key(text_of((block.get(str(block.get("type"))) or {}).get("rich_text")))
            if level and said:
                open_ = [*(one for one in open_ if one[0] < level), (level, said)]
                yield tuple(text for _, text in open_), plain_id(str(block["id"])) or ""
    except DocumentError:
        return  # a link to the page is a link too


def _key(text: str) -> str:
    """A heading as it is compared: marks, spaces and case do not matter."""
    return "".join(char for char in fold(text) if char.isalnum())
