"""The index on a Qdrant server, over its REST interface."""

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models

from knowledge.errors import StoreError
from knowledge.index import Hit, Point, SparseVector
from knowledge.store.remote_calls import PATIENCE, Calls
from knowledge.store.remote_models import (
    DENSE,
    LEXICAL,
    any_of,
    dense_config,
    groups,
    hit,
    request,
    stored,
    stored_dimension,
)
from knowledge.store.remote_models import (
    sparse as packed_sparse,
)


class ServerIndex:
    """One collection on the server at `url` (port 6333 where the URL names none).

    `timeout` in whole seconds holds for every request. Searches say at once that the server is
    away; what ingest and upkeep ask waits for it, since all of it may be asked again.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None,
        collection: str,
        timeout: int = 20,
        patience: Sequence[float] = PATIENCE,
    ) -> None:
        self._name = collection
        calls = Calls(url, api_key, collection, patience)
        self._guarded, self._patiently = calls.once, calls.patiently
        with warnings.catch_warnings():
            # A key over plain HTTP is the owner's choice: the server is often next door.
            warnings.simplefilter("ignore", UserWarning)
            self._client = self._guarded(
                lambda: QdrantClient(
                    url=url, api_key=api_key, timeout=timeout, check_compatibility=False
                )
            )

    def ensure(self, dimension: int | None) -> None:
        if not self._guarded(lambda: self._client.collection_exists(self._name)):
            self._create(dimension)
        info = self._guarded(lambda: self._client.get_collection(self._name))
        found = stored_dimension(info.config.params.vectors)
        if found != dimension:
            raise StoreError(
                "store.dimension",
                collection=self._name,
                stored=str(found or 0),
                wanted=str(dimension or 0),
            )
        for field, kind in (
            ("audience", models.PayloadSchemaType.KEYWORD),
            ("version", models.PayloadSchemaType.INTEGER),
        ):
            if field not in info.payload_schema:
                self._index(field, kind)

    def _index(self, field: str, kind: models.PayloadSchemaType) -> None:
        self._guarded(lambda: self._client.create_payload_index(self._name, field, kind))

    def _create(self, dimension: int | None) -> None:
        try:
            self._guarded(
                lambda: self._client.create_collection(
                    self._name,
                    vectors_config=dense_config(dimension),
                    sparse_vectors_config={LEXICAL: models.SparseVectorParams()},
                )
            )
        except StoreError as error:
            if error.detail.get("status") != "409":  # another program was quicker
                raise

    def upsert(self, points: Sequence[Point]) -> None:
        for group in groups(points):
            self._patiently(partial(self._client.upsert, self._name, group))

    def search(
        self,
        sparse: SparseVector,
        dense: NDArray[np.float32] | None,
        limit: int,
        audiences: frozenset[str] | None,
    ) -> tuple[list[Hit], list[Hit]]:
        where = None if audiences is None else any_of("audience", sorted(audiences))
        requests = [request(packed_sparse(sparse), LEXICAL, limit, where)]
        if dense is not None:
            rows = np.atleast_2d(dense).tolist()
            requests.append(request(rows, DENSE, limit, where))
        answers = self._guarded(lambda: self._client.query_batch_points(self._name, requests))
        pools = [[hit(point) for point in answer.points] for answer in answers]
        return pools[0], pools[1] if dense is not None else []

    def delete_versions(self, versions: Sequence[int]) -> None:
        if versions:
            selector = models.FilterSelector(filter=any_of("version", list(versions)))
            self._patiently(lambda: self._client.delete(self._name, selector))

    def count(self, versions: Sequence[int] | None = None) -> int:
        where = None if versions is None else any_of("version", list(versions))
        return self._patiently(lambda: self._client.count(self._name, where, exact=True)).count

    def scroll(self, after: str | None, limit: int) -> tuple[list[Hit], str | None]:
        records, following = self._patiently(
            lambda: self._client.scroll(self._name, limit=limit, offset=after, with_payload=True)
        )
        hits = [Hit(str(record.id), 0.0, record.payload or {}) for record in records]
        return hits, None if following is None else str(following)

    def points(self, after: str | None, limit: int) -> tuple[list[Point], str | None]:
        records, following = self._patiently(
            lambda: self._client.scroll(
                self._name, limit=limit, offset=after, with_payload=True, with_vectors=True
            )
        )
        return [stored(record) for record in records], None if following is None else str(following)

    def settle(self) -> None:
        """Nothing to do: the server packs its segments by itself, while it serves."""

    def drop(self) -> None:
        self._patiently(lambda: self._client.delete_collection(self._name))

    def publish(self, name: str) -> None:
        """One request, so that the alias never leads nowhere."""
        alias = models.CreateAlias(collection_name=self._name, alias_name=name)
        actions: list[models.AliasOperations] = [models.CreateAliasOperation(create_alias=alias)]
        known = self._patiently(self._client.get_aliases).aliases
        if any(one.alias_name == name for one in known):
            old = models.DeleteAlias(alias_name=name)
            actions.insert(0, models.DeleteAliasOperation(delete_alias=old))
        self._patiently(lambda: self._client.update_collection_aliases(actions))

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
