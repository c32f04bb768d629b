"""Whether retrieval found the answer: the right document, and the answer inside the passage."""

import re
import unicodedata
from collections.abc import Sequence

from bot.evaluation.questions import EvalLine
from knowledge.folding import fold
from knowledge.passages import Passage, ScoredPassage

_SPACE = re.compile(r"\s+")


def holds_answer(passage: Passage, line: EvalLine) -> bool:
    """Chunk-level hit: from the right document, with an answer in the passage's own text.

    Without `source` any document will do; without `answers` the document alone decides.
    """
    if line.source is not None and not same_source(passage.source, line.source):
        return False
    text = _SPACE.sub("", fold(passage.text))
    return not line.answers or any(_SPACE.sub("", fold(a)) in text for a in line.answers)


def same_source(found: str, wanted: str) -> bool:
    """Equal paths, or the wanted one is the end of the found one, at a folder's border."""
    found, wanted = (unicodedata.normalize("NFC", path) for path in (found, wanted))
    return found == wanted or found.endswith("/" + wanted.removeprefix("/"))


def rank(passages: Sequence[ScoredPassage], line: EvalLine) -> int | None:
    """1-based place of the first passage that holds the answer."""
    for place, scored in enumerate(passages, 1):
        if holds_answer(scored.passage, line):
            return place
    return None
