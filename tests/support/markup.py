"""The small Markdown that `sample_text/` is written in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Part:
    """A line of the text sources; a table is one part with its rows."""

    kind: str
    """One of h1 h2 h3 bullet number note para table."""
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


MARKS = (("### ", "h3"), ("## ", "h2"), ("# ", "h1"), ("- ", "bullet"), ("> ", "note"))


def parts(text: str) -> Iterator[Part]:
    """The parts of the small Markdown that `sample_text/` is written in."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for is_table, group in groupby(lines, key=lambda line: line.startswith("|")):
        if is_table:
            cells = [tuple(c.strip() for c in row.strip("|").split("|")) for row in group]
            yield Part("table", rows=tuple(row for row in cells if set(row[0]) != {"-"}))
        else:
            yield from map(_line, group)


def _line(line: str) -> Part:
    line = line.replace("**", "")
    for mark, kind in MARKS:
        if line.startswith(mark):
            return Part(kind, line.removeprefix(mark))
    if re.match(r"\d+\. ", line):
        return Part("number", line)
    return Part("para", line)
