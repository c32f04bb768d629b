"""The files and folders that were ingested once, to be read again."""

from collections.abc import Mapping
from pathlib import Path

from knowledge.settings import KnowledgeSettings
from knowledge.sources.base import Source
from knowledge.sources.files import FileSource


def configured(settings: KnowledgeSettings, known: Mapping[str, str]) -> Mapping[str, Source]:
    """Their roots are absolute paths; each keeps the audience it was ingested for, and leaves
    alone what was ingested by itself from within it, perhaps for others."""
    roots = {root: Path(root) for root in known if Path(root).is_absolute()}
    return {
        root: FileSource(
            path,
            known[root],
            settings.max_file_bytes,
            (settings.data_dir, *(one for one in roots.values() if path in one.parents)),
        )
        for root, path in roots.items()
    }
