"""Places to read from as the owner lists them, each for an audience: `<place>@staff`."""

import re

from knowledge.passages import PUBLIC

_MARKED = re.compile(r"(?P<place>.*[^/\s@])\s*@(?P<audience>[^\s@/.:?#]+)", re.DOTALL)
"""The `@` of `https://…/@somebody` follows a slash and is part of the address."""


def split_audience(entry: str) -> tuple[str, str]:
    """(place, audience); `public` where none is named."""
    found = _MARKED.fullmatch(entry.strip())
    return (found["place"], found["audience"]) if found else (entry.strip(), PUBLIC)
