"""How points and vectors travel to the store process: raw little-endian bytes, not lists."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from knowledge.index import Point, SparseVector

SERVICE_NAME: Final = "store"
VERSION: Final = "2"
"""Raise it whenever a request, a reply or the stored format changes."""
_BATCH_BYTES: Final = 2 * 1024 * 1024
_INDEX, _VALUE = np.dtype("<u4"), np.dtype("<f4")


def pack_sparse(vector: SparseVector) -> dict[str, bytes]:
    return {
        "indices": np.ascontiguousarray(vector.indices, _INDEX).tobytes(),
        "values": np.ascontiguousarray(vector.values, _VALUE).tobytes(),
    }


def unpack_sparse(packed: dict[str, bytes]) -> tuple[list[int], list[float]]:
    indices: list[int] = np.frombuffer(packed["indices"], _INDEX).tolist()
    values: list[float] = np.frombuffer(packed["values"], _VALUE).tolist()
    return indices, values


def pack_dense(rows: NDArray[np.float32] | None) -> dict[str, Any] | None:
    """None also where there is no row."""
    if rows is None or rows.size == 0:
        return None
    matrix = np.atleast_2d(rows)
    return {
        "width": matrix.shape[1],
        "values": np.ascontiguousarray(matrix, _VALUE).tobytes(),
    }


def unpack_dense(packed: dict[str, Any] | None) -> list[list[float]] | None:
    if packed is None:
        return None
    matrix = np.frombuffer(packed["values"], _VALUE).reshape(-1, packed["width"])
    rows: list[list[float]] = matrix.tolist()
    return rows


def pack_point(point: Point) -> dict[str, Any]:
    return {
        "id": point.id,
        "sparse": pack_sparse(point.sparse),
        "dense": pack_dense(point.dense),
        "payload": point.payload,
    }


def unpack_point(packed: dict[str, Any]) -> Point:
    sparse, dense = packed["sparse"], packed["dense"]
    rows = None if dense is None else np.frombuffer(dense["values"], _VALUE)
    return Point(
        id=packed["id"],
        sparse=SparseVector(
            np.frombuffer(sparse["indices"], _INDEX), np.frombuffer(sparse["values"], _VALUE)
        ),
        dense=None if rows is None else rows.reshape(-1, dense["width"]),
        payload=packed["payload"],
    )


def batches(points: Sequence[Point]) -> Iterator[list[dict[str, Any]]]:
    """Packed points in groups small enough that a search need not wait long behind one."""
    group: list[dict[str, Any]] = []
    size = 0
    for point in points:
        packed = pack_point(point)
        group.append(packed)
        size += _weight(packed)
        if size >= _BATCH_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _weight(packed: dict[str, Any]) -> int:
    dense = len(packed["dense"]["values"]) if packed["dense"] else 0
    text = 4 * len(str(packed["payload"].get("text", "")))
    return len(packed["sparse"]["values"]) * 2 + dense + text
