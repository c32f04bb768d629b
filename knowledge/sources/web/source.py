"""Web pages as a `Source`: asked for conditionally, compared by what they say."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit

from knowledge.errors import DocumentError
from knowledge.parsing import PARSER_VERSION, SUFFIXES, Limits, Parsed, parse
from knowledge.passages import Document, Failure
from knowledge.sources.base import (
    Change,
    Found,
    KnownFile,
    Notice,
    Removed,
    Skipped,
    Source,
    Unchanged,
)
from knowledge.sources.fetching import Fetched, Fetcher
from knowledge.sources.web.robots import Robots
from knowledge.sources.web.sitemap import addresses

ROOT = "web"
_GONE = frozenset({404, 410})
_LONGEST_STAMP = 100
"""Characters that the ledger keeps."""
_OFFICE = "application/vnd.openxmlformats-officedocument."
_SUFFIX_OF = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "application/pdf": ".pdf",
    "application/json": ".json",
    "application/xml": ".xml",
    "text/xml": ".xml",
    f"{_OFFICE}wordprocessingml.document": ".docx",
    f"{_OFFICE}spreadsheetml.sheet": ".xlsx",
    f"{_OFFICE}presentationml.presentation": ".pptx",
}


class WebSource(Source):
    """Pages by address and by sitemap, each with its audience. For one thread.

    A document's source is the address without what follows `#`.
    """

    def __init__(
        self,
        pages: Mapping[str, str],
        sitemaps: Mapping[str, str],
        fetcher: Fetcher,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pages = pages
        self._sitemaps = sitemaps
        self._fetcher = fetcher
        self._robots = Robots(fetcher, pause)
        self._listed: tuple[dict[str, str], list[Notice]] | None = None

    def count(self) -> int:
        """Reads the sitemaps, for the `changes` that follow."""
        return len(self._list()[0])

    def changes(self, known: Mapping[str, KnownFile]) -> Iterator[Change | Notice]:
        """See `Source`."""
        (listed, notices), self._listed = self._list(), None
        gone: list[str] = []
        for url, audience in listed.items():
            change = self._change(url, audience, known.get(url))
            if isinstance(change, Removed):
                gone.append(url)
            else:
                yield change
        if not notices:  # else what a sitemap would have listed is not known
            gone += sorted(known.keys() - listed.keys())
        yield from map(Removed, gone)
        yield from notices

    def _list(self) -> tuple[dict[str, str], list[Notice]]:
        """Address → audience, a page's own before its sitemap's; and which sitemaps failed."""
        if self._listed is None:
            listed, notices = dict(self._pages), list[Notice]()
            for sitemap, audience in self._sitemaps.items():
                try:
                    for url in addresses(sitemap, self._fetcher):
                        listed.setdefault(canonical(url), audience)
                except DocumentError as error:
                    notices.append(Notice(error.code, error.detail))
            self._listed = listed, notices
        return self._listed

    def _change(self, url: str, audience: str, known: KnownFile | None) -> Change:
        try:
            if not self._robots.allows(url):
                return Skipped(url, "web.robots")
            self._robots.wait(url)
            is_same_to = known if known and known.audience == audience else None
            found = self._fetcher.get(url, conditions(is_same_to))
            if found.status == 304 and is_same_to:
                return Unchanged(url, is_same_to.stamp)
            if found.status in _GONE and known:
                return Removed(url)
            if found.status != 200:
                return Failure(url, "web.status", {"source": url, "status": str(found.status)})
            return self._read(url, audience, found, is_same_to)
        except DocumentError as error:
            return Failure(url, error.code, {**error.detail, "source": url})

    def _read(self, url: str, audience: str, found: Fetched, known: KnownFile | None) -> Change:
        name = file_name(url, found.headers.get("content-type", ""))
        if name is None:
            return Skipped(url, "file.unsupported", {"source": url})
        parsed = parse(found.content, name, Limits(file=self._fetcher.max_bytes))
        content_hash, stamp = _hash(parsed), stamp_of(found)
        if known and known.content_hash == content_hash:
            return Unchanged(url, stamp)
        return Found(Document(url, parsed.title, parsed.blocks, content_hash, audience), stamp)


def canonical(url: str) -> str:
    """One address for one page. Raises DocumentError `web.address`."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise DocumentError("web.address", source=url) from error
    if parts.scheme.lower() not in ("http", "https") or not host or "@" in parts.netloc:
        raise DocumentError("web.address", source=url)
    shown = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme.lower(), shown + port, parts.path or "/", parts.query, ""))


def file_name(url: str, content_type: str) -> str | None:
    """What the parser is to take the page for; None where it is nothing that can be read."""
    own = unquote(PurePosixPath(urlsplit(url).path).name) or urlsplit(url).hostname or "page"
    suffix = _SUFFIX_OF.get(content_type.partition(";")[0].strip().lower())
    if suffix is None:
        return own if PurePosixPath(own).suffix.lower() in SUFFIXES else None
    return own if PurePosixPath(own).suffix.lower() == suffix else own + suffix


def stamp_of(found: Fetched) -> str:
    """What to ask with the next time; empty where the site gave nothing to compare by."""
    tag, date = found.headers.get("etag", ""), found.headers.get("last-modified", "")
    if len(tag) + len(date) > _LONGEST_STAMP - len(PARSER_VERSION) - 2:
        tag = ""
    return f"{PARSER_VERSION}\t{tag}\t{date}" if (tag or date) and len(date) < 50 else ""


def conditions(known: KnownFile | None) -> dict[str, str]:
    version, _, rest = (known.stamp if known else "").partition("\t")
    tag, _, date = rest.partition("\t")
    if version != PARSER_VERSION:
        return {}
    asked = {"If-None-Match": tag, "If-Modified-Since": date}
    return {name: value for name, value in asked.items() if value}


def _hash(parsed: Parsed) -> str:
    """Of what the page says: its bytes change with every visit of many a site."""
    digest = hashlib.sha256(parsed.title.encode("utf-8", "replace"))
    for block in parsed.blocks:
        said = "\0".join([*block.headings, block.text])
        digest.update(said.encode("utf-8", "replace") + b"\1")
    return f"{PARSER_VERSION}:{digest.hexdigest()}"
