"""Hybrid search: one lexical and one dense pool, fused, checked against the ledger.

The fused score is `BM25 / idf sum + 6 · cosine of the best window`. Both parts have a fixed
scale, so scores of two phrasings of one question may be compared, which ranks do not allow.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from knowledge.embedding import Embedder, Vectors
from knowledge.errors import EmbeddingError
from knowledge.evidence import evidence
from knowledge.index import Hit, PassageIndex
from knowledge.ledger import Ledger
from knowledge.passages import Passage, ScoredPassage
from knowledge.payloads import unpack_locator
from knowledge.sparse import idf, query_terms, query_vector

DENSE_WEIGHT = 6.0
POOL = 50
ENOUGH = 25
"""Live passages in each pool below which more are asked for, where dead ones took the places."""
ALL = 400
"""How many a search that must show k passages looks through where nothing matches."""
EARLIER_PHRASING = 0.5
"""Taken off the scores of all phrasings but the last: few words match easily."""
SIGNAL_DEPTH = 3
"""How many of the best passages the gate's signals look at."""


@dataclass(frozen=True, slots=True)
class Query:
    texts: tuple[str, ...]
    """Phrasings of one question; the last is the stand-alone one that signals are made of."""
    audiences: frozenset[str] | None = None
    """None: everything."""
    k: int = 5
    fill: bool = False
    """Show k passages even where fewer match at all."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What the gate decides on; each is near 0 for an unrelated best passage."""

    self_score: float = 0.0
    """Best BM25 as a share of the question's idf sum."""
    coverage: float = 0.0
    """Share of the question's idf that stands in the best two adjacent sentences."""
    lexical_z: float = 0.0
    """Best BM25 against the rest of its pool, in standard deviations."""
    dense: float | None = None
    """Best cosine; None without an embedder."""
    dense_gap: float | None = None
    """Best cosine less the mean of the pool's tail."""
    dense_z: float | None = None

    def as_dict(self) -> dict[str, float | None]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Retrieved:
    passages: tuple[ScoredPassage, ...]
    signals: Signals
    embedding_failed: EmbeddingError | None = None
    """The search went on lexically."""
    known: int = 0
    """Live passages in the whole knowledge base: nothing found is not nothing known."""


@dataclass(frozen=True, slots=True)
class _Pools:
    lexical: tuple[Hit, ...]
    dense: tuple[Hit, ...]
    idf_sum: float


_Place = tuple[PassageIndex, Embedder | None, EmbeddingError | None]


class HybridRetriever:
    """Thread-safe. Raises StoreError and LedgerError; an embedder's failure is a value."""

    def __init__(self, ledger: Ledger, index: PassageIndex, embedder: Embedder | None) -> None:
        self._ledger = ledger
        self._at: _Place = (index, embedder, None)

    def use(
        self,
        index: PassageIndex,
        embedder: Embedder | None,
        instead: EmbeddingError | None = None,
    ) -> None:
        """Searches that begin from now on look there. `instead` of an embedder is told with
        what is found by words alone."""
        self._at = (index, embedder, instead)

    def search(self, query: Query) -> Retrieved:
        """The k best live passages over all phrasings, and the signals of the last."""
        found: dict[str, ScoredPassage] = {}
        index, embedder, instead = self._at
        signals, failure, total = Signals(), instead, 0
        for number, text in enumerate(query.texts, 1):
            discount = 0.0 if number == len(query.texts) else EARLIER_PHRASING
            vector, failure = (None, instead) if instead else _embed(embedder, text)
            frequencies, total = self._ledger.statistics(query_terms(text))
            pools = self._pools(index, text, vector, query, frequencies, total)
            ranked = fuse(pools.lexical, pools.dense, pools.idf_sum)
            signals = self._signals(text, ranked, pools, frequencies, total)
            for scored in discounted(ranked, discount):
                if scored.passage.id not in found or found[scored.passage.id].score < scored.score:
                    found[scored.passage.id] = scored
        best = distinct(sorted(found.values(), key=lambda scored: -scored.score), query.k)
        if query.fill and len(best) < min(query.k, total):
            best += self._any_others(index, {scored.passage.id for scored in best}, query)
        return Retrieved(tuple(best[: query.k]), signals, failure, total)

    def _any_others(
        self, index: PassageIndex, taken: set[str], query: Query
    ) -> list[ScoredPassage]:
        """Passages that share nothing with the question, score 0: a search shows k of them.

        Only ever needed without vectors, which rank everything.
        """
        hits, _ = index.scroll(None, ALL)
        alive = self._ledger.alive(hit.payload["version"] for hit in hits)
        return [
            ScoredPassage(_passage(hit), 0.0)
            for hit in hits
            if hit.id not in taken
            and hit.payload["version"] in alive
            and (query.audiences is None or hit.payload["audience"] in query.audiences)
        ]

    def _pools(
        self,
        index: PassageIndex,
        text: str,
        vector: Vectors | None,
        query: Query,
        frequencies: Mapping[int, int],
        total: int,
    ) -> _Pools:
        """Both pools without dead versions; asks for more until there are enough, or no more."""
        sparse, idf_sum = query_vector(query_terms(text), frequencies, total)
        limit = POOL
        while True:
            found = index.search(sparse, vector, limit, query.audiences)
            alive = self._ledger.alive(hit.payload["version"] for pool in found for hit in pool)
            lexical, dense = (
                tuple(hit for hit in pool if hit.payload["version"] in alive) for pool in found
            )
            wanted = min(max(query.k, ENOUGH), POOL)
            short = any(
                len(live) < wanted and len(pool) >= limit
                for live, pool in zip((lexical, dense), found, strict=True)
            )
            if not short:  # else what was removed a moment ago crowds out what is there
                return _Pools(lexical[:POOL], dense[:POOL], idf_sum)
            limit *= 2

    def _signals(
        self,
        text: str,
        ranked: Sequence[ScoredPassage],
        pools: _Pools,
        frequencies: Mapping[int, int],
        total: int,
    ) -> Signals:
        if not ranked:
            return Signals()
        top = ranked[:SIGNAL_DEPTH]
        weights = {term: idf(frequencies.get(term, 0), total) for term in query_terms(text)}
        lexical = [hit.score / max(pools.idf_sum, 1e-6) for hit in pools.lexical]
        dense = [hit.score for hit in pools.dense]
        cosines = [scored.dense for scored in top if scored.dense is not None]
        best = max(cosines, default=None)
        self_score = max(scored.lexical for scored in top)
        return Signals(
            self_score=self_score,
            coverage=max(evidence(scored.passage, weights) for scored in top),
            lexical_z=_z(self_score * max(pools.idf_sum, 1e-6), [h.score for h in pools.lexical])
            if lexical
            else 0.0,
            dense=best,
            dense_gap=None if best is None else best - float(np.mean(dense[10:] or dense)),
            dense_z=None if best is None else _z(best, dense),
        )


def _embed(embedder: Embedder | None, text: str) -> tuple[Vectors | None, EmbeddingError | None]:
    if embedder is None:
        return None, None
    try:
        return embedder.query(text), None
    except EmbeddingError as error:
        return None, error


def _z(value: float, pool: Sequence[float]) -> float:
    return (value - float(np.mean(pool))) / (float(np.std(pool)) + 1e-6) if len(pool) > 1 else 0.0


def fuse(lexical: Sequence[Hit], dense: Sequence[Hit], idf_sum: float) -> list[ScoredPassage]:
    """Best first. A passage missing from the dense pool counts as that pool's worst."""
    cosines = {hit.id: hit.score for hit in dense}
    shares = {hit.id: hit.score / max(idf_sum, 1e-6) for hit in lexical}
    floor = min(cosines.values(), default=0.0)
    hits = {hit.id: hit for hit in [*lexical, *dense]}
    scored = [
        ScoredPassage(
            passage=_passage(hit),
            score=shares.get(id_, 0.0) + DENSE_WEIGHT * cosines.get(id_, floor),
            lexical=shares.get(id_, 0.0),
            dense=cosines.get(id_, floor) if cosines else None,
        )
        for id_, hit in hits.items()
    ]
    return sorted(scored, key=lambda one: (-one.score, one.passage.source, one.passage.id))


def discounted(ranked: Iterable[ScoredPassage], by: float) -> Iterator[ScoredPassage]:
    return (replace(scored, score=scored.score - by) for scored in ranked)


def distinct(ranked: Iterable[ScoredPassage], k: int) -> list[ScoredPassage]:
    """The k best, each text once: the same paragraph in two files is one piece of evidence."""
    kept: list[ScoredPassage] = []
    seen: set[str] = set()
    spare: list[ScoredPassage] = []
    for scored in ranked:
        if len(kept) == k:
            return kept
        (spare if scored.passage.text in seen else kept).append(scored)
        seen.add(scored.passage.text)
    return [*kept, *spare[: k - len(kept)]]


def _passage(hit: Hit) -> Passage:
    payload = hit.payload
    return Passage(
        id=hit.id,
        source=payload["source"],
        title=payload["title"],
        text=payload["text"],
        locator=unpack_locator(payload.get("locator") or {}),
        audience=payload["audience"],
    )
