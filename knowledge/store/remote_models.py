"""Our points and queries as the Qdrant server's client wants them."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np
from qdrant_client import models

from knowledge.index import Hit, Point, SparseVector

LEXICAL: Final = "lexical"
DENSE: Final = "dense"
_BATCH: Final = 64


def dense_config(dimension: int | None) -> dict[str, models.VectorParams]:
    if dimension is None:
        return {}
    quantization = models.ScalarQuantizationConfig(
        type=models.ScalarType.INT8, quantile=0.99, always_ram=True
    )
    params = models.VectorParams(
        size=dimension,
        distance=models.Distance.COSINE,
        on_disk=True,  # the int8 copies stay in memory, originals serve the rescoring
        multivector_config=models.MultiVectorConfig(
            comparator=models.MultiVectorComparator.MAX_SIM
        ),
        quantization_config=models.ScalarQuantization(scalar=quantization),
    )
    return {DENSE: params}


def stored_dimension(vectors: Any) -> int | None:
    found = vectors.get(DENSE) if isinstance(vectors, dict) else vectors
    return None if found is None else int(found.size)


def groups(points: Sequence[Point]) -> Iterator[list[models.PointStruct]]:
    remaining = iter(points)
    while group := [struct(point) for point in islice(remaining, _BATCH)]:
        yield group


def struct(point: Point) -> models.PointStruct:
    vectors: dict[str, Any] = {LEXICAL: sparse(point.sparse)}
    if point.dense is not None and point.dense.size:
        vectors[DENSE] = np.atleast_2d(point.dense).tolist()
    return models.PointStruct(id=point.id, vector=vectors, payload=point.payload)


def sparse(vector: SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())


def stored(record: models.Record) -> Point:
    vectors: Any = record.vector
    words = vectors[LEXICAL]
    indices = np.array(words.indices, np.uint32)
    rows = vectors.get(DENSE)
    return Point(
        id=str(record.id),
        sparse=SparseVector(indices, np.array(words.values, np.float32)),
        dense=None if rows is None else np.array(rows, np.float32),
        payload=record.payload or {},
    )


def request(query: Any, using: str, limit: int, where: models.Filter | None) -> models.QueryRequest:
    rescored = models.SearchParams(
        quantization=models.QuantizationSearchParams(rescore=True, oversampling=3.0)
    )
    return models.QueryRequest(
        query=query,
        using=using,
        limit=limit,
        filter=where,
        params=rescored if using == DENSE else None,
        with_payload=True,
    )


def any_of(field: str, values: list[Any]) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key=field, match=models.MatchAny(any=values))])


def hit(point: models.ScoredPoint) -> Hit:
    return Hit(str(point.id), point.score, point.payload or {})
