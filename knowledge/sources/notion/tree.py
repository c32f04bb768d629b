"""Where a page stands: whether it is below one of the roots, and whose it therefore is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from knowledge.errors import DocumentError
from knowledge.passages import PUBLIC
from knowledge.sources.notion.api import NotionApi
from knowledge.sources.notion.pages import Page, Ref, parent_of

_DEEPEST = 200
"""Levels; a chain that is longer runs in a circle."""
WORKSPACE = Ref("workspace")


@dataclass(slots=True)
class Tree:
    """Parents by id, asked for where they are not known yet."""

    api: NotionApi
    roots: Mapping[str, str]
    """Id → audience; empty: everything, for everybody."""
    parents: dict[str, Ref] = field(default_factory=dict)

    def put(self, id_: str, parent: Ref) -> None:
        self.parents[id_] = parent

    def audience_of(self, page: Page) -> str | None:
        """Of the nearest root above; None for a page below none.

        Raises DocumentError, also `Gone`, where a parent could not be looked at: then it is
        not known where the page stands.
        """
        if not self.roots:
            return PUBLIC
        at = Ref("page", page.id)
        self.put(page.id, page.parent)
        for _ in range(_DEEPEST):
            if at.id in self.roots:
                return self.roots[at.id]
            if at.kind == "workspace" or not at.id:
                return None
            at = self._parent(at)
        return None

    def _parent(self, child: Ref) -> Ref:
        if child.id not in self.parents:
            self.parents[child.id] = self._asked(child)
        return self.parents[child.id]

    def _asked(self, child: Ref) -> Ref:
        match child.kind:
            case "page":
                return parent_of(self.api.page(child.id))
            case "database":
                return parent_of(self.api.database(child.id))
            case "data_source":
                return parent_of(self.api.data_source(child.id))
            case "block":
                return parent_of(self.api.block(child.id))
            case _:
                raise DocumentError("notion.rejected", problem=f"parent: {child.kind}")
