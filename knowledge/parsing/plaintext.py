"""Plain text: paragraphs between blank lines, hard-wrapped lines joined again."""

import re
from collections.abc import Iterator

from knowledge.parsing.model import Draft, Source
from knowledge.parsing.outline import Outline
from knowledge.parsing.text import decode, unwrap

_BLANK = re.compile(r"\n[ \t\u3000]*\n")
_WRAPPED_FROM = 50
"""Columns; text files wrapped by an editor or a mailer are 60–80 wide."""


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.encoding`."""
    outline = Outline()
    for paragraph in paragraphs(decode(source.data, source.name)):
        outline.text(paragraph)
    return Draft(outline.finish())


def paragraphs(text: str) -> Iterator[str]:
    """Runs of lines between blank ones."""
    for paragraph in _BLANK.split(text):
        yield "\n".join(unwrap(paragraph.split("\n"), _WRAPPED_FROM))
