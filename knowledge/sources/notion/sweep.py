"""What is gone from a workspace: decided page by page, and never on a listing that broke off.

A page that was not listed is asked for. In the trash, it is removed. Not found (deleted, or no
longer shared), it is removed too, up to a cap a run: a slip of the sharing settings must not
empty the knowledge base. Where no clear answer comes, the page is removed when it was missed in
two complete listings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from knowledge.errors import DocumentError
from knowledge.sources.base import Change, KnownFile, Notice, Removed, Skipped
from knowledge.sources.notion import files
from knowledge.sources.notion.api import Gone, NotionApi
from knowledge.sources.notion.listing import Listing
from knowledge.sources.notion.pages import Page, plain_id

CAP_SHARE = 0.25
CAP_LEAST = 25
"""In one run, this many pages or this share of them go for not being found."""
MISSED = "missed"
"""The stamp of a page that one complete listing did not have."""


Verdict = Literal["trashed", "gone", "outside", "unsure", "held"]


@dataclass(slots=True)
class Sweep:
    api: NotionApi
    listing: Listing
    known: Mapping[str, KnownFile]
    _verdicts: dict[str, Verdict] = field(default_factory=dict)
    """By the document's key."""
    _not_found: int = 0

    def still_there(self) -> Iterator[Page]:
        """Looks at every known page that was not listed; those that are there after all."""
        for key, id_ in self._pages():
            if not self.listing.is_complete:
                return
            if id_ in self.listing.seen:
                continue
            if self._not_found >= self._cap():
                self._verdicts[key] = "held"
            elif (page := self._asked(key, id_)) is not None:
                yield page

    def gone(self) -> Iterator[Change | Notice]:
        """What is removed, and what is kept for now and why."""
        if not self.listing.is_complete:
            return
        for key, id_ in self._pages():
            if verdict := self._verdicts.get(key) or self._of_listed(id_):
                yield from self._changes(key, verdict)
        if held := sum(verdict == "held" for verdict in self._verdicts.values()):
            yield Notice("notion.cap", {"held": str(held), "cap": str(self._cap())})

    def _pages(self) -> list[tuple[str, str]]:
        pages = ((key, plain_id(key)) for key in sorted(self.known) if "#" not in key)
        return [(key, id_) for key, id_ in pages if id_ is not None]

    def _of_listed(self, id_: str) -> Verdict | None:
        listing = self.listing
        if id_ in listing.trashed:
            return "trashed"
        if id_ in listing.outside:
            return "outside"
        return "unsure" if id_ in listing.unplaced else None

    def _asked(self, key: str, id_: str) -> Page | None:
        """None where there is a verdict. Raises DocumentError `notion.token`."""
        try:
            return self.listing.add(self.api.page(id_))
        except Gone:
            self._verdicts[key] = "gone"
        except DocumentError as error:
            if error.code == "notion.token":
                raise
            self._verdicts[key] = "unsure"
        self._not_found += self._verdicts[key] == "gone" or self._was_missed(key)
        return None

    def _was_missed(self, key: str) -> bool:
        return self.known[key].stamp == MISSED

    def _cap(self) -> int:
        return max(CAP_LEAST, int(CAP_SHARE * len(self._pages())))

    def _changes(self, key: str, verdict: Verdict) -> Iterator[Change]:
        everything = [key, *files.known_files(key, self.known)]
        if verdict == "held":
            yield from (Skipped(name, "notion.held") for name in everything)
        elif verdict == "unsure" and not self._was_missed(key):
            yield from (Skipped(name, "notion.missed", stamp=MISSED) for name in everything)
        else:
            yield from (Removed(name) for name in everything)
