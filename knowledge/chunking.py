"""Blocks to chunks: sentence by sentence, section by section, nothing lost.

Default sizes are the ones that were measured best for short Chinese questions: 300
characters with 60 of overlap to find and to quote, windows of 170 to embed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from knowledge.passages import Block, Chunk, Document, Locator
from knowledge.sentences import fit, sentences

CHUNKING_VERSION = "1"
"""Raise it when the same blocks would be cut otherwise: every document is then read again, and
answers from its old passages until then."""
_REPEATED = 0.25
"""Most of a window that the sentence repeated from the window before may take up."""


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """Sizes in characters."""

    size: int = 300
    overlap: int = 60
    """Most that whole sentences at the end of a chunk may take up in the next one."""
    window: int = 170
    small: int = 40
    """Neighbouring sections shorter than this share a chunk, each with its heading in the text."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, a table row or a piece of code: what is not cut where it can be helped."""

    text: str
    page: int | None
    row: int | None


@dataclass(frozen=True, slots=True)
class _Section:
    headings: tuple[str, ...]
    sheet: str | None
    units: tuple[_Unit, ...]
    anchor: str = ""
    merged: bool = False

    @property
    def length(self) -> int:
        return sum(len(unit.text) for unit in self.units)


def chunk(document: Document, settings: ChunkSettings) -> list[Chunk]:
    """All chunks of a document in order; every character of its blocks is in at least one."""
    sections = (_section(run, settings.size) for run in _runs(document.blocks))
    return [
        piece
        for section in _with_small_ones_merged(sections, settings)
        for piece in _pack(section, settings)
    ]


def _runs(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Neighbours under one heading path; another table begins where row numbers start again."""
    run: list[Block] = []
    last_row = 0
    for block in blocks:
        if not block.text.strip():
            continue
        moved = run and (run[0].headings, run[0].sheet) != (block.headings, block.sheet)
        if moved or (block.row is not None and block.row <= last_row):
            yield run
            run, last_row = [], 0
        run.append(block)
        last_row = block.row or last_row
    if run:
        yield run


def _section(run: Sequence[Block], size: int) -> _Section:
    units: list[_Unit] = []
    for block in run:
        texts = filter(str.strip, _units(block, size))
        units += [_Unit(text, block.page, block.row) for text in texts]
    return _Section(run[0].headings, run[0].sheet, tuple(units), run[0].anchor)


def _units(block: Block, size: int) -> list[str]:
    text = block.text + "\n"
    if block.row is not None or block.text.startswith(("```", "~~~")):
        return fit(text, size) if len(block.text) <= size else _lines(text, size)
    return [
        piece
        for sentence in sentences(text)
        for piece in (fit(sentence, size) if len(sentence) > size else (sentence,))
    ]


def _lines(text: str, size: int) -> list[str]:
    return [piece for line in text.splitlines(keepends=True) for piece in fit(line, size)]


def _with_small_ones_merged(
    sections: Iterable[_Section], settings: ChunkSettings
) -> Iterator[_Section]:
    held: _Section | None = None
    for section in sections:
        if held and _may_join(held, section, settings):
            held = _joined(held, section)
            continue
        if held:
            yield held
        held = section
    if held:
        yield held


def _may_join(first: _Section, second: _Section, settings: ChunkSettings) -> bool:
    if not second.headings or second.length >= settings.small:
        return False
    if first.merged:
        siblings = first.headings == second.headings[:-1]
    else:
        siblings = bool(first.headings) and first.headings[:-1] == second.headings[:-1]
        siblings = siblings and first.length < settings.small
    same_place = (first.sheet, first.units[0].page) == (second.sheet, second.units[0].page)
    return siblings and same_place and _joined(first, second).length <= settings.size


def _joined(first: _Section, second: _Section) -> _Section:
    lines = first.units if first.merged else (*_heading(first), *first.units)
    parent = second.headings[:-1]
    units = (*lines, *_heading(second), *second.units)
    return _Section(parent, second.sheet, units, first.anchor, merged=True)


def _heading(section: _Section) -> tuple[_Unit, ...]:
    return (_Unit(section.headings[-1] + "\n", section.units[0].page, None),)


def _pack(section: _Section, settings: ChunkSettings) -> Iterator[Chunk]:
    held: list[_Unit] = []
    length = fresh = 0
    for unit in section.units:
        if len(held) > fresh and length + len(unit.text.rstrip()) > settings.size:
            yield _chunk(section, held, fresh, settings)
            room = min(settings.overlap, settings.size - len(unit.text.rstrip()))
            held = _tail(held, room)
            length, fresh = sum(len(kept.text) for kept in held), len(held)
        held.append(unit)
        length += len(unit.text)
    yield _chunk(section, held, fresh, settings)


def _tail(units: Sequence[_Unit], room: int) -> list[_Unit]:
    """Whole sentences from the end; a table row stands alone and is not repeated."""
    taken = 0
    for index in range(len(units) - 1, 0, -1):
        taken += len(units[index].text)
        if taken > room or units[index].row is not None:
            return list(units[index + 1 :])
    return list(units[1:])


def _chunk(section: _Section, units: Sequence[_Unit], fresh: int, settings: ChunkSettings) -> Chunk:
    """`fresh` counts the units repeated from the chunk before; the place is that of the new ones."""
    rows = [unit.row for unit in units if unit.row is not None]
    locator = Locator(
        headings=section.headings,
        page=units[fresh].page,
        sheet=section.sheet,
        rows=(rows[0], rows[-1]) if rows else None,
        anchor=section.anchor,
    )
    text = "".join(unit.text for unit in units).strip()
    return Chunk(text, locator, _windows(text, [unit.text for unit in units], settings.window))


def _windows(text: str, pieces: Iterable[str], size: int) -> tuple[str, ...]:
    """Greedy runs of sentences; the last sentence of one begins the next if it is short."""
    if len(text) <= size:
        return (text,)
    found: list[str] = []
    held: list[str] = []
    for piece in chain.from_iterable(fit(text, size) for text in pieces):
        room = size - len(piece.rstrip())
        if held and sum(map(len, held)) > room:
            found.append("".join(held).strip())
            last = held[-1]
            short = len(held) > 1 and len(last) <= min(size * _REPEATED, room)
            held = [last] if short else []
        held.append(piece)
    found.append("".join(held).strip())
    return tuple(filter(None, found))
