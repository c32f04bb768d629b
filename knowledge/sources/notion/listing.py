"""Which pages there are: Notion's search, the rows of every database, and the roots.

The search is an index: it lags behind and promises nothing, so what is found while pages are
read (`also`) and what is asked for by id counts as well.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from knowledge.errors import DocumentError
from knowledge.sources.base import Notice
from knowledge.sources.notion.api import Gone, NotionApi
from knowledge.sources.notion.pages import (
    Json,
    Page,
    Ref,
    is_trashed,
    page_of,
    parent_of,
    plain_id,
    text_of,
)
from knowledge.sources.notion.tree import Tree

_FATAL = frozenset({"notion.token"})


@dataclass(slots=True)
class Listing:
    """Pages to look at, in the order in which they were found, each once."""

    api: NotionApi
    tree: Tree
    waiting: deque[Page] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)
    """Ids of all pages met, those in the trash included."""
    trashed: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)
    """Ids of pages that are below none of the roots."""
    unplaced: set[str] = field(default_factory=set)
    """Ids of pages of which this could not be told."""
    titles: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Of databases, by the id of the data source that rows name as their parent."""
    is_complete: bool = True
    notices: list[Notice] = field(default_factory=list)
    error: DocumentError | None = None
    """The first thing that made it incomplete."""
    _asked: set[str] = field(default_factory=set)
    """Ids of databases whose rows were listed."""

    def everything(self) -> None:
        """All that can be seen. Raises DocumentError `notion.token`; anything else that goes
        wrong makes the listing incomplete and leaves what was listed."""
        self._guarded(self._search_pages)
        for found in self._searched_databases():
            self._guarded(partial(self._data_source, found), essential=False)
        for root in self.tree.roots:
            self._guarded(partial(self._root, root))

    def also(self, pages: Iterable[str], databases: Iterable[str]) -> None:
        """What a page that was read holds."""
        for id_ in pages:
            if id_ not in self.seen:
                self._guarded(partial(self._linked_page, id_), essential=False)
        for id_ in databases:
            self._guarded(partial(self._database, id_), essential=False)

    def add(self, found: Json) -> Page | None:
        """One page object; None where it is no page or was met before."""
        if found.get("object", "page") != "page" or "last_edited_time" not in found:
            return None
        page = page_of(found)
        self.tree.put(page.id, page.parent)
        if page.id in self.seen:
            return None
        self.seen.add(page.id)
        if page.trashed:
            self.trashed.add(page.id)
            return None
        self.titles[page.id] = page.title
        self.waiting.append(page)
        return page

    def _guarded(self, step: Callable[[], object], essential: bool = True) -> None:
        """What is not `essential` may be refused for good, as views of other databases are."""
        try:
            step()
        except Gone:
            pass  # a link to what the integration may not see
        except DocumentError as error:
            if error.code in _FATAL:
                raise
            if not essential and error.code != "notion.unavailable":
                return
            self.is_complete = False
            self.error = self.error or error
            problem = error.detail.get("problem", error.code)
            self.notices.append(Notice("notion.listing", {"problem": problem}))

    def _search_pages(self) -> None:
        for found in self.api.search("page"):
            self.add(found)

    def _searched_databases(self) -> list[Json]:
        found: list[Json] = []
        self._guarded(lambda: found.extend(self.api.search("data_source")))
        return found

    def _linked_page(self, id_: str) -> None:
        self.add(self.api.page(id_))

    def _root(self, id_: str) -> None:
        """A root is a page, a database, or one data source of a database."""
        looks: tuple[Callable[[], object], ...] = (
            lambda: self.add(self.api.page(id_)),
            lambda: self._database(id_),
            lambda: self._data_source(self.api.data_source(id_)),
        )
        for look in looks:
            try:
                look()
            except DocumentError as error:
                if error.code not in ("notion.gone", "notion.rejected"):
                    raise
                continue
            return
        self.notices.append(Notice("notion.root", {"root": id_}))

    def _database(self, id_: str) -> None:
        if id_ in self._asked:
            return
        self._asked.add(id_)
        found = self.api.database(id_)
        self.tree.put(id_, parent_of(found))
        if is_trashed(found):
            return
        for source in found.get("data_sources") or ():
            key = plain_id(str(source["id"])) or ""
            self.tree.put(key, Ref("database", id_))
            self.names[key] = str(source.get("name") or "")
            self._rows(str(source["id"]))

    def _data_source(self, found: Json) -> None:
        id_ = plain_id(str(found["id"])) or str(found["id"])
        database = parent_of(found)
        self.tree.put(id_, database)
        self.names[id_] = text_of(found.get("title"))
        if found.get("database_parent"):
            self.tree.put(database.id, parent_of({"parent": found["database_parent"]}))
        if not is_trashed(found):
            self._rows(id_)

    def _rows(self, data_source_id: str) -> None:
        key = plain_id(data_source_id) or data_source_id
        if key in self._asked:
            return
        self._asked.add(key)
        for found in self.api.rows(data_source_id):
            self.add(found)
