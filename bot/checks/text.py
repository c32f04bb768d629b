"""Small tools for texts that are looked at many times within one check."""

from functools import lru_cache

from knowledge import folding


def words(text: str) -> tuple[str, ...]:
    """The words of a text, in order: word lists stay readable as lines of text."""
    return tuple(text.split())


@lru_cache(maxsize=1024)
def fold(text: str) -> str:
    """`knowledge.folding.fold`, remembered: one answer folds each sentence ten times."""
    return folding.fold(text)
