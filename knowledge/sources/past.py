"""What an earlier run left in the ledger, as one run over files looks it up."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from knowledge.sources.base import KnownFile, Unchanged


class Past:
    """The known documents of one source, for one audience.

    The parts of a container share its stamp, which ends with how many parts there are: where
    fewer are known, some failed or were never reached, and it is opened again.
    """

    def __init__(self, known: Mapping[str, KnownFile], audience: str) -> None:
        self.known = known
        self._audience = audience
        self._names = sorted(known)

    def stamp(self, stamp: str, parts: int) -> str:
        """What every part of a container is stamped with."""
        return f"{stamp}:{parts}" if stamp else ""

    def holds(self, source: str, content_hash: str) -> bool:
        """Whether just this content is known, to the same audience."""
        found = self.known.get(source)
        return found is not None and (found.content_hash, found.audience) == (
            content_hash,
            self._audience,
        )

    def untouched(self, source: str, stamp: str) -> list[Unchanged]:
        """The file, or all parts of the container, if none need be looked at; else nothing."""
        alone = self.known.get(source)
        if alone and (alone.stamp, alone.audience) == (stamp, self._audience):
            return [Unchanged(source, stamp)]
        names = list(self._below(source))
        whole = (self.stamp(stamp, len(names)), self._audience)
        if names and all((self.known[n].stamp, self.known[n].audience) == whole for n in names):
            return [Unchanged(name, whole[0]) for name in names]
        return []

    def _below(self, source: str) -> Iterator[str]:
        if source in self.known:
            yield source
        start = bisect_left(self._names, f"{source}/")
        for name in self._names[start:]:
            if not name.startswith(f"{source}/"):
                return
            yield name
