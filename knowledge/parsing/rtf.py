"""RTF: paragraphs and table rows, through striprtf."""

import re

from striprtf.striprtf import rtf_to_text

from knowledge.parsing.guard import damage
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.outline import Outline
from knowledge.parsing.text import clean
from knowledge.passages import Block

_TITLE = re.compile(r"\{\\title ?([^{}]*)\}")
_CODE_PAGE = re.compile(r"\\ansicpg\d+")


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.damaged`."""
    with damage(source.name):
        # Latin-1 keeps every byte as it is: RTF is ASCII, and some writers put raw bytes in.
        raw = _raw_bytes_escaped(source.data.decode("latin-1"))
        text = clean(rtf_to_text(raw, errors="replace"))
        title = _TITLE.search(raw)
        page = _CODE_PAGE.search(raw)
        name = (
            rtf_to_text(
                f"{{\\rtf1{page.group() if page else ''} {title.group(1)}}}", errors="replace"
            )
            if title
            else ""
        )
    return Draft(_blocks(text), (clean(name),))


def _raw_bytes_escaped(raw: str) -> str:
    r"""Bytes above ASCII as `\'xx`, which is how they should have been written."""
    return re.sub("[\x80-\xff]", lambda found: f"\\'{ord(found.group()):02x}", raw)


def _blocks(text: str) -> tuple[Block, ...]:
    outline = Outline()
    rows: list[list[str]] = []
    for line in text.split("\n"):
        if line.rstrip().endswith("|") and line.strip("| "):
            rows.append([cell.strip() for cell in line.rstrip()[:-1].split("|")])
            continue
        _close(outline, rows)
        outline.text(line.strip())
    _close(outline, rows)
    return outline.finish()


def _close(outline: Outline, rows: list[list[str]]) -> None:
    if rows:
        outline.table(rows, header=False)
        rows.clear()
