"""The files on a page, as documents of their own that stand beside it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

from knowledge.errors import DocumentError
from knowledge.parsing import PARSER_VERSION, SUFFIXES, Limits, parse
from knowledge.passages import Document, Failure
from knowledge.sources.base import Change, Found, KnownFile, Removed, Skipped, Unchanged
from knowledge.sources.fetching import Fetcher

_NO_TEXT = frozenset({"file.empty", "file.scanned", "file.ocr_missing"})
"""Of a picture: most hold none, and nothing is wrong with that."""
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".svg", ".bmp", ".tif", ".tiff"})


def keys_of(page_key: str, files: Sequence[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Document → (name, address): the page's address with the file's name behind it. What is
    no format that can be read is not among them."""
    found: dict[str, tuple[str, str]] = {}
    addresses: set[str] = set()
    for name, address in files:
        if PurePosixPath(name).suffix.lower() not in SUFFIXES or address in addresses:
            continue
        addresses.add(address)
        key, number = f"{page_key}#{quote(name)}", 1
        while key in found:
            number += 1
            key = f"{page_key}#{quote(name)}-{number}"
        found[key] = (name, address)
    return found


def known_files(page_key: str, known: Mapping[str, KnownFile]) -> list[str]:
    return sorted(name for name in known if name.startswith(f"{page_key}#"))


def changes(
    page_key: str,
    title: str,
    audience: str,
    files: Sequence[tuple[str, str]],
    known: Mapping[str, KnownFile],
    fetcher: Fetcher,
) -> Iterator[Change]:
    """What became of the files of a page that was read anew."""
    wanted = keys_of(page_key, files)
    for key, (name, address) in wanted.items():
        yield _change(key, name, address, title, audience, known.get(key), fetcher)
    for key in known_files(page_key, known):
        if key not in wanted:
            yield Removed(key)


def _change(
    key: str,
    name: str,
    address: str,
    title: str,
    audience: str,
    known: KnownFile | None,
    fetcher: Fetcher,
) -> Change:
    try:
        found = fetcher.get(address)
        if found.status != 200:
            # The address itself is signed, so it is in no message.
            return Failure(key, "web.status", {"source": key, "status": str(found.status)})
        content_hash = f"{PARSER_VERSION}:{hashlib.sha256(found.content).hexdigest()}"
        if known and (known.content_hash, known.audience) == (content_hash, audience):
            return Unchanged(key, known.stamp)
        parsed = parse(found.content, name, Limits(file=fetcher.max_bytes))
    except DocumentError as error:
        if error.code in _NO_TEXT and PurePosixPath(name).suffix.lower() in _PICTURES:
            return Skipped(key, "notion.picture")
        return Failure(key, error.code, {**error.detail, "source": key})
    about = f"{parsed.title}（{title}）" if title else parsed.title
    return Found(Document(key, about, parsed.blocks, content_hash, audience), "")
