"""The same question is embedded once."""

from collections.abc import Sequence

import numpy as np
import pytest

from knowledge.embedding import Embedder, Vectors
from knowledge.recent import KEPT, RecentQueries


class Counting(Embedder):
    model_id = "counting"
    dimension = 2

    def __init__(self) -> None:
        self.queries: list[str] = []

    def passages(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 2), np.float32)

    def query(self, text: str) -> Vectors:
        self.queries.append(text)
        return np.array([len(text), 1], np.float32)


def test_a_question_is_embedded_once_and_an_old_one_again() -> None:
    inner = Counting()
    recent = RecentQueries(inner)
    assert recent.query("一").tolist() == recent.query("一").tolist() == [1, 1]
    assert inner.queries == ["一"]
    for number in range(KEPT):
        recent.query(f"題{number}")
    recent.query("一")
    assert inner.queries.count("一") == 2


def test_nobody_can_spoil_what_others_get() -> None:
    vector = RecentQueries(Counting()).query("一")
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 5
