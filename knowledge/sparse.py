"""Lexical vectors: character unigrams and bigrams of folded text, weighted as BM25.

A term is hashed to 32 bits, so a vector needs no vocabulary. The document side carries the
saturated frequency, the query side the idf; their dot product is the BM25 score.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2s

import numpy as np
from numpy.typing import NDArray

from knowledge.folding import fold
from knowledge.index import SparseVector

K1 = 1.2
B = 0.75
AVERAGE_TERMS = 470.0
"""Fixed, so that a document's weights never depend on the others (measured within .01)."""

_RUN = re.compile(r"[a-z0-9]+(?:[.\-_][a-z0-9]+)*|[^\W_]", re.UNICODE)
_LATIN = re.compile(r"[a-z0-9]")

_WEEKDAY = re.compile("(?:星期|礼拜|周)(?=[一二三四五六日天末])")

# Folded (Simplified) forms. They carry the question, not what is asked about.
QUESTION_WORDS = re.compile(
    "请问一下|请问|想问一下|想问|想知道|告诉我|"
    "为什么|为甚么|为何|怎么样|怎么办|怎么|怎样|如何|"
    "是什么|是甚么|什么|甚么|哪一个|哪一|哪个|哪些|哪里|哪儿|哪|"
    "是谁|谁|是多少|多少|是否|有没有|能不能|可不可以|可以吗|是不是|会不会|"
    "吗|呢|呀|啊|"
    r"\b(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|"
    r"the|a|an|of|to|in|on|at|for|can|could|please|tell|me|i|you|my|your|it|there)\b"
)


@lru_cache(maxsize=200_000)
def term_id(term: str) -> int:
    """32-bit id of a term (blake2s: one collision was seen in 117,600 terms)."""
    return int.from_bytes(blake2s(term.encode(), digest_size=4).digest(), "little")


def lexical_fold(text: str) -> str:
    """The fold of the lexical index: 星期日 and 禮拜天 are also one word here."""
    return _WEEKDAY.sub("周", fold(text)).replace("周天", "周日")


def terms(folded: str) -> list[str]:
    """Unigrams and bigrams of adjacent non-Latin characters; Latin and digit runs whole."""
    found: list[str] = []
    previous, end = "", -1
    for match in _RUN.finditer(folded):
        token = match.group()
        found.append(token)
        if _LATIN.match(token):
            found.extend(_parts(token))
            previous = ""
            continue
        if previous and match.start() == end:
            found.append(previous + token)
        previous, end = token, match.end()
    return found


def _parts(token: str) -> list[str]:
    """`a5-120` is also found by `a5` and by `120`."""
    parts = re.findall(r"[a-z]+|[0-9]+", token)
    return parts if len(parts) > 1 else []


def document_counts(text: str) -> Counter[int]:
    """Term id → frequency of one passage, its title and headings included by the caller."""
    return Counter(term_id(term) for term in terms(lexical_fold(text)))


def document_vector(counts: Mapping[int, int]) -> SparseVector:
    """BM25's document side."""
    length = sum(counts.values())
    norm = K1 * (1 - B + B * length / AVERAGE_TERMS)
    ids = np.fromiter(counts.keys(), np.uint32, len(counts))
    freq = np.fromiter(counts.values(), np.float32, len(counts))
    weights: NDArray[np.float32] = (freq * (K1 + 1) / (freq + norm)).astype(np.float32)
    return SparseVector(indices=ids, values=weights)


def content(question: str) -> str:
    """The folded question without its question words; the whole where nothing is left."""
    folded = lexical_fold(question)
    stripped = QUESTION_WORDS.sub(" ", folded)
    return stripped if terms(stripped) else folded


def query_terms(question: str) -> set[int]:
    return {term_id(term) for term in terms(content(question))}


def idf(frequency: int, passages: int) -> float:
    """Lucene's form, never negative."""
    return math.log(1 + (passages - frequency + 0.5) / (frequency + 0.5))


def query_vector(
    wanted: set[int], frequencies: Mapping[int, int], passages: int
) -> tuple[SparseVector, float]:
    """The query side with idf weights, and the idf sum that a perfect match would reach."""
    ids = sorted(wanted)
    weights = [idf(frequencies.get(i, 0), passages) for i in ids]
    vector = SparseVector(indices=np.array(ids, np.uint32), values=np.array(weights, np.float32))
    return vector, float(sum(weights))
