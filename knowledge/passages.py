"""The vocabulary of knowledge: what a source yields, what the index holds, what a search finds."""

from dataclasses import dataclass, field

PUBLIC = "public"
"""The audience of everything that was ingested without `--audience`."""


@dataclass(frozen=True, slots=True)
class Block:
    """A run of Markdown under one heading: what a parser hands to chunking.

    A table row is a block of its own (``row`` set) whose text repeats the column
    names, so that no row loses its meaning when it is cut from its table.
    """

    text: str
    headings: tuple[str, ...] = ()
    page: int | None = None
    """1-based page of a PDF, or slide of a presentation."""
    sheet: str | None = None
    row: int | None = None
    """1-based, as the spreadsheet program shows it."""
    anchor: str = ""
    """What comes after the `#` in a link to this place of a page; empty where nothing is known."""


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file or page."""

    source: str
    """Path relative to the ingested root (POSIX separators), or a URL."""
    title: str
    blocks: tuple[Block, ...]
    content_hash: str
    audience: str = PUBLIC


@dataclass(frozen=True, slots=True)
class Locator:
    """Where in its document a passage stands."""

    headings: tuple[str, ...] = ()
    page: int | None = None
    sheet: str | None = None
    rows: tuple[int, int] | None = None
    """First and last row, inclusive."""
    anchor: str = ""
    """As in `Block`."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage before it has an id: the unit that is embedded and found."""

    text: str
    """Original, unfolded text."""
    locator: Locator
    windows: tuple[str, ...]
    """Smaller overlapping cuts of the text; each gets a vector of its own."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk as stored in the index."""

    id: str
    source: str
    title: str
    text: str
    locator: Locator = field(default_factory=Locator)
    audience: str = PUBLIC


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    passage: Passage
    score: float
    """Fused score, comparable within one search only."""
    lexical: float = 0.0
    """BM25 divided by the query's idf sum."""
    dense: float | None = None
    """Cosine of the best window; None where the passage was not in the dense pool."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A bad document as a value: the rest of the work goes on."""

    source: str
    code: str
    """Key of a sentence in `bot/phrases.py`."""
    detail: dict[str, str] = field(default_factory=dict)
