"""The files on a page, as documents of their own that stand beside it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from knowledge.errors import DocumentError
from knowledge.parsing import PARSER_VERSION, SUFFIXES, Limits, Part, parts
from knowledge.parsing.readers import Readers
from knowledge.passages import Document, Failure
from knowledge.sources.base import (
    Change,
    Found,
    KnownFile,
    Removed,
    Skipped,
    Unchanged,
    source_of,
)
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


@dataclass(frozen=True, slots=True)
class Attachments:
    """What became of the files of a page that was read anew.

    A file that holds others (an archive, a mail with attachments) is taken apart as in a folder:
    what is in it is named `<the file>/inner/path`.
    """

    fetcher: Fetcher
    readers: Readers
    known: Mapping[str, KnownFile]

    def changes(
        self, page_key: str, title: str, audience: str, files: Sequence[tuple[str, str]]
    ) -> Iterator[Change]:
        seen: set[str] = set()
        closed: list[str] = []
        for key, (name, address) in keys_of(page_key, files).items():
            for change in self._file(key, name, address, title, audience):
                source = source_of(change)
                yield change if source not in seen else Skipped(source, "file.same_name")
                seen.add(source)
                if isinstance(change, Failure):
                    closed.append(f"{source}/")
        for key in known_files(page_key, self.known):
            if key.startswith(tuple(closed)):  # it may still be in there
                yield Unchanged(key, self.known[key].stamp)
            elif key not in seen:
                yield Removed(key)

    def _file(
        self, key: str, name: str, address: str, title: str, audience: str
    ) -> Iterator[Change]:
        try:
            found = self.fetcher.get(address)
            if found.status != 200:
                # The address itself is signed, so it is in no message.
                raise DocumentError("web.status", source=key, status=str(found.status))
            inside = parts(found.content, name, self._limits)
        except DocumentError as error:
            yield Failure(key, error.code, {**error.detail, "source": key})
            return
        for part in [Part(name, lambda: found.content)] if inside is None else inside:
            yield self._part(key + quote(part.name.removeprefix(name)), part, title, audience)

    def _part(self, key: str, part: Part, title: str, audience: str) -> Change:
        known = self.known.get(key)
        if not part.wanted:
            return Skipped(key, "file.unsupported")
        try:
            data = part.read()
            content_hash = f"{PARSER_VERSION}:{hashlib.sha256(data).hexdigest()}"
            if known and (known.content_hash, known.audience) == (content_hash, audience):
                return Unchanged(key, known.stamp)
            parsed = self.readers.submit(data, part.name, self._limits).result()
        except DocumentError as error:
            is_picture = PurePosixPath(part.name).suffix.lower() in _PICTURES
            if error.code in _NO_TEXT and is_picture:
                return Skipped(key, "notion.picture")
            return Failure(key, error.code, {**error.detail, "source": key})
        about = f"{parsed.title}（{title}）" if title else parsed.title
        return Found(Document(key, about, parsed.blocks, content_hash, audience), "")

    @property
    def _limits(self) -> Limits:
        return Limits(file=self.fetcher.max_bytes)
