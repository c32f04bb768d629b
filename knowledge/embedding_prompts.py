"""What an embedding model wants to read before a query and before a passage.

A model that was trained with such words finds less without them. They are written in
`config_sentence_transformers.json` beside newer models; the rest is in their model cards.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_TASK: Final = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query"
)


@dataclass(frozen=True, slots=True)
class Prompts:
    query: str = ""
    passage: str = ""


_KNOWN: Final = (
    (r"\be5\b.*\binstruct\b", Prompts(f"{_TASK}\nQuery: ")),  # intfloat's model cards
    (r"\be5\b", Prompts("query: ", "passage: ")),
    (r"\bqwen3-embedding\b", Prompts(f"{_TASK}\nQuery:")),  # the file beside the model
    (r"\bembeddinggemma\b", Prompts("task: search result | query: ", "title: none | text: ")),
)


def prompts_for(name: str) -> Prompts:
    """By the model's name, as it stands on a hub or in a server's list; empty for the others."""
    for pattern, prompts in _KNOWN:
        if re.search(pattern, name.lower()):
            return prompts
    return Prompts()


def prompts_told(config: Mapping[str, Any]) -> Prompts | None:
    """As the file beside the model says; None where it says nothing of queries."""
    told = config.get("prompts")
    if not isinstance(told, Mapping) or "query" not in told:
        return None
    return Prompts(str(told["query"]), str(told.get("document") or told.get("passage") or ""))
