"""Collects headings, paragraphs and tables in reading order into blocks."""

from collections.abc import Sequence

from knowledge.parsing.tables import document_rows
from knowledge.passages import Block


class Outline:
    """Keeps the heading path while a parser walks its document."""

    def __init__(self) -> None:
        self.page: int | None = None
        self._path: list[tuple[int, str]] = []
        self._blocks: list[Block] = []
        self._levels: list[int] = []
        self._opening: str | None = None
        self._bare = False

    def turn_page(self, number: int) -> None:
        """Go to another slide, which is under no earlier heading."""
        if self._bare:
            self._keep_bare()
        self.page, self._path = number, []

    def heading(self, level: int, text: str) -> None:
        """Open a section; everything of the same or a deeper level closes."""
        if not (text := text.strip()):
            return
        if self._bare and level <= self._path[-1][0]:
            self._keep_bare()
        if not self._levels and not self._blocks:
            self._opening = text
        self._levels.append(level)
        self._path = [entry for entry in self._path if entry[0] < level]
        self._path.append((level, text))
        self._bare = True

    def text(self, text: str) -> None:
        """Add a paragraph, list, quote or code under the current heading."""
        if text.strip():
            self._add(text.strip("\n").rstrip(), None)

    def table(self, rows: Sequence[Sequence[str]], header: bool) -> None:
        """Add a table, one block a row."""
        for number, line in document_rows(rows, header):
            self._add(line, number)

    def finish(self) -> tuple[Block, ...]:
        """All blocks; call it once."""
        if self._bare:
            self._keep_bare()
        return tuple(self._blocks)

    @property
    def opening(self) -> str | None:
        """The heading that titles the whole document: it comes first, and alone on its level."""
        first = self._levels[:1]
        alone = first and self._levels.count(first[0]) == 1 and min(self._levels) == first[0]
        return self._opening if alone else None

    def _add(self, text: str, row: int | None) -> None:
        self._bare = False
        self._blocks.append(Block(text, tuple(t for _, t in self._path), self.page, row=row))

    def _keep_bare(self) -> None:
        """A heading with nothing under it would be in no block: it becomes text."""
        parents = tuple(text for _, text in self._path[:-1])
        self._blocks.append(Block(self._path[-1][1], parents, self.page))
        self._bare = False
