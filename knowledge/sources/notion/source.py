"""A Notion workspace as a `Source`: what changed in it, and what is gone.

A page is compared by the time of its last edit, which Notion gives to the minute: one that is
younger than `OVERLAP` is read again the next time and compared by its content.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

from knowledge.errors import DocumentError
from knowledge.parsing import PARSER_VERSION, parse
from knowledge.parsing.crew import Crew
from knowledge.parsing.readers import Readers
from knowledge.passages import Block, Document, Failure
from knowledge.settings import KnowledgeSettings
from knowledge.sources.base import (
    Change,
    Found,
    KnownFile,
    Notice,
    Source,
    Unchanged,
)
from knowledge.sources.fetching import Fetcher, netloc
from knowledge.sources.notion import files
from knowledge.sources.notion.anchors import anchored
from knowledge.sources.notion.api import Gone, NotionApi
from knowledge.sources.notion.content import enhanced_markdown
from knowledge.sources.notion.enhanced import Content, read
from knowledge.sources.notion.listing import Listing
from knowledge.sources.notion.pages import (
    Page,
    completed,
    files_of,
    plain_id,
    property_lines,
    roots_of,
    unfinished,
)
from knowledge.sources.notion.sweep import Sweep
from knowledge.sources.notion.tree import Tree

ROOT = "notion"
OVERLAP = timedelta(minutes=2)
CONTENT_VERSION = "2"
"""Raise it when the same page would be read otherwise: every page is then read again."""


class NotionSource(Source):
    """One workspace; for one thread, and for one reading at a time."""

    def __init__(
        self,
        api: NotionApi,
        roots: Mapping[str, str],
        fetcher: Fetcher,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        readers: Readers | None = None,
    ) -> None:
        """Where no `readers` are given, each reading has a crew of its own for attachments."""
        self._readers = readers
        self._api = api
        self._roots = roots
        self._fetcher = fetcher
        self._clock = clock
        self._listing: Listing | None = None
        self._listed_at = clock()

    def count(self) -> int:
        """Lists the workspace, for the `changes` that follow."""
        return len(self._list().waiting)

    def changes(self, known: Mapping[str, KnownFile]) -> Iterator[Change | Notice]:
        """See `Source`. Raises DocumentError: `notion.token`, or why nothing could be listed."""
        listing, self._listing = self._list(), None
        if listing.error is not None and not listing.waiting:
            raise listing.error
        with nullcontext(self._readers) if self._readers else Crew() as readers:
            attached = files.Attachments(self._fetcher, readers, known)
            yield from self._pages(listing, known, attached)
            sweep = Sweep(self._api, listing, known)
            for _ in sweep.still_there():
                yield from self._pages(listing, known, attached)
        yield from sweep.gone()
        yield from listing.notices

    def _list(self) -> Listing:
        if self._listing is None:
            self._listed_at = self._clock()
            self._listing = Listing(self._api, Tree(self._api, self._roots))
            self._listing.everything()
        return self._listing

    def _pages(
        self, listing: Listing, known: Mapping[str, KnownFile], attached: files.Attachments
    ) -> Iterator[Change]:
        keys = keys_by_id(known)
        while listing.waiting:
            page = listing.waiting.popleft()
            key = keys.get(page.id, page.url)
            try:
                audience = listing.tree.audience_of(page)
            except Gone:  # a parent cannot be seen; see `Sweep` for what is known already
                listing.unplaced.add(page.id)
                continue
            except DocumentError as error:
                yield from _with_files(key, known, Failure(key, error.code, error.detail))
                continue
            if audience is None:
                listing.outside.add(page.id)
                continue
            yield from self._page(listing, page, key, audience, attached)

    def _page(
        self, listing: Listing, page: Page, key: str, audience: str, attached: files.Attachments
    ) -> Iterator[Change]:
        known = attached.known
        before = known.get(key)
        stamp = self._stamp(page)
        if before and stamp and (before.stamp, before.audience) == (stamp, audience):
            yield from _with_files(key, known, Unchanged(key, stamp))
            return
        try:
            page = self._completed(page)
            content = read(enhanced_markdown(self._api, page.id))
        except DocumentError as error:
            if error.code == "notion.token":
                raise
            yield from _with_files(key, known, Failure(key, error.code, error.detail))
            return
        listing.also(content.pages, content.databases)
        files_there = [*content.files, *files_of(page)]
        beside = list(attached.changes(key, page.title, audience, files_there))
        if any(isinstance(change, Failure) for change in beside):
            stamp = ""  # so that they are tried again
        yield self._change(listing, page, key, audience, content, before, stamp)
        yield from beside

    def _change(
        self,
        listing: Listing,
        page: Page,
        key: str,
        audience: str,
        content: Content,
        before: KnownFile | None,
        stamp: str,
    ) -> Change:
        database = listing.names.get(page.parent.id)
        lines = [*([database] if database else []), *property_lines(page, listing.titles)]
        content_hash = _hash(page.title, lines, content.markdown)
        if before and (before.content_hash, before.audience) == (content_hash, audience):
            return Unchanged(key, stamp)
        try:
            blocks = _blocks(lines, content.markdown)
            if any(block.headings for block in blocks):
                blocks = anchored(blocks, self._api.children(page.id))
        except DocumentError as error:
            return Failure(key, error.code, {**error.detail, "source": key})
        return Found(Document(key, page.title or key, blocks, content_hash, audience), stamp)

    def _stamp(self, page: Page) -> str:
        """Empty where the page may have changed again within the same minute."""
        if self._listed_at - page.edited < OVERLAP:
            return ""
        return f"{CONTENT_VERSION}.{PARSER_VERSION}:{page.edited.isoformat(timespec='minutes')}"

    def _completed(self, page: Page) -> Page:
        """With the whole of its long properties."""
        properties = dict(page.properties)
        for name, id_ in unfinished(page):
            items = list(self._api.property_items(page.id, id_))
            properties[name] = completed(properties[name], items)
        return Page(
            page.id, page.title, page.url, page.edited, page.trashed, page.parent, properties
        )


def keys_by_id(known: Mapping[str, KnownFile]) -> dict[str, str]:
    """A page keeps the address under which it was first read, whatever it is renamed to."""
    return {id_: key for key in known if "#" not in key and (id_ := plain_id(key))}


def _with_files(key: str, known: Mapping[str, KnownFile], change: Change) -> Iterator[Change]:
    """The files of a page that was not read are as they were."""
    yield change
    for name in files.known_files(key, known):
        yield Unchanged(name, known[name].stamp)


def _blocks(lines: Sequence[str], markdown: str) -> tuple[Block, ...]:
    """Raises DocumentError `file.damaged`."""
    told = (Block("\n".join(lines)),) if lines else ()
    if not markdown.strip():
        return told
    try:
        return (*told, *parse(markdown.encode(), "page.md").blocks)
    except DocumentError as error:
        if error.code != "file.empty":
            raise
        return told


_SIGNED = re.compile(r"(https?://[^\s)\"'<>?]+)\?[^\s)\"'<>]*")
"""The addresses of Notion's own files are signed anew each time."""


def _hash(title: str, lines: Sequence[str], markdown: str) -> str:
    said = "\0".join([title, *lines, _SIGNED.sub(r"\1", markdown)])
    digest = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()
    return f"{CONTENT_VERSION}.{PARSER_VERSION}:{digest}"


def opened(settings: KnowledgeSettings) -> Mapping[str, Source]:
    """Raises DocumentError `notion.root_name`."""
    api = NotionApi(settings.notion_token or "", settings.notion_api_base)
    # Tests and mirrors serve files themselves; Notion's own are on public hosts.
    fetcher = Fetcher(settings.max_file_bytes, frozenset({netloc(settings.notion_api_base)}))
    return {ROOT: NotionSource(api, roots_of(settings.notion_roots), fetcher)}
