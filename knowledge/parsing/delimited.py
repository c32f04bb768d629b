"""CSV and TSV: encoding, delimiter and header are found; one block a record."""

import csv
import io

from knowledge.parsing.guard import damage
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.tables import SheetReader
from knowledge.parsing.text import decode

_DELIMITERS = ",\t;|"
_SAMPLE_LINES = 30


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.encoding`, `file.damaged`."""
    text = decode(source.data, source.name)
    text, told = _told_delimiter(text)
    with damage(source.name):
        delimiter = told or _delimiter(text, source.name)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return Draft(tuple(SheetReader(None).read(rows)))


def _told_delimiter(text: str) -> tuple[str, str | None]:
    """Excel's own first line `sep=;` names the delimiter."""
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep=") and len(first) == 5:
        return "\n" + rest, first[4]
    return text, None


def _delimiter(text: str, name: str) -> str:
    """The candidate that cuts the first records into the most columns of equal count.

    `csv.Sniffer` takes letters for delimiters in Chinese text; this looks only at the four in use.
    """
    sample = "\n".join(text.split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES])
    usual = "\t" if name.lower().endswith(".tsv") else ","
    best, columns = usual, 1.0
    for candidate in sorted(_DELIMITERS, key=lambda mark: mark != usual):
        found = _columns(sample, candidate)
        if found > columns:
            best, columns = candidate, found
    return best


def _columns(sample: str, delimiter: str) -> float:
    """Typical number of columns, less where the records disagree."""
    counts = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=delimiter) if row]
    usual = max(set(counts), key=counts.count, default=1)
    return usual * counts.count(usual) / max(len(counts), 1)
