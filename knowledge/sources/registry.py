"""Every kind of source by name. A new one is a module beside this and a line below.

The function that a line names has this shape, and gives nothing where nothing of its kind
is configured:

    def configured(settings: KnowledgeSettings, known: Mapping[str, str]) -> Mapping[str, Source]

`known` are the ledger's roots with their audience; the result maps a root to the `Source`
that reads it. A source that is a single place (a workspace) is its own only root, under the
name that it has here.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import cast

from knowledge.settings import KnowledgeSettings
from knowledge.sources.base import Source

SOURCES: Mapping[str, str] = {
    "files": "knowledge.sources.ingested:configured",
    "web": "knowledge.sources.web:configured",
    "notion": "knowledge.sources.notion:configured",
}

Configured = Callable[[KnowledgeSettings, Mapping[str, str]], Mapping[str, Source]]


def configured(
    name: str, settings: KnowledgeSettings, known: Mapping[str, str]
) -> Mapping[str, Source]:
    """The roots of one kind of source. Imported only now: its libraries may not be there."""
    module, _, function = SOURCES[name].partition(":")
    return cast(Configured, getattr(importlib.import_module(module), function))(settings, known)


def all_configured(
    settings: KnowledgeSettings, known: Mapping[str, str]
) -> Iterator[tuple[str, Mapping[str, Source]]]:
    for name in SOURCES:
        yield name, configured(name, settings, known)
