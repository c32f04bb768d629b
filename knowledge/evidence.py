"""How much of a question one passage holds in one place: a signal of the gate."""

import re
from collections.abc import Mapping
from functools import lru_cache

from knowledge.passages import Passage
from knowledge.sparse import lexical_fold, term_id, terms

_SENTENCE = re.compile(r"[^。！？；!?;\n]+[。！？；!?;\n]*")


def evidence(passage: Passage, weights: Mapping[int, float]) -> float:
    """Share (0–1) of the idf weights that stands in the best two adjacent sentences.

    Title and headings count for every sentence: they are what it is about.
    """
    total = sum(weights.values())
    if total <= 0:
        return 0.0
    context = _ids(lexical_fold("\n".join([passage.title, *passage.locator.headings])))
    best, previous = 0.0, frozenset[int]()
    for present in _sentences(passage.text):
        found = present | previous | context
        best = max(best, sum(weight for term, weight in weights.items() if term in found))
        previous = present
    return best / total


@lru_cache(maxsize=256)  # some dozens of kilobytes each; the same passages are found again
def _sentences(text: str) -> tuple[frozenset[int], ...]:
    return tuple(_ids(match.group()) for match in _SENTENCE.finditer(lexical_fold(text)))


def _ids(folded: str) -> frozenset[int]:
    return frozenset(term_id(term) for term in terms(folded))
