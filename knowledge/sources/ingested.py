"""The files and folders that were ingested once, to be read again."""

from collections.abc import Mapping
from pathlib import Path

from knowledge.settings import KnowledgeSettings
from knowledge.sources.base import Source
from knowledge.sources.files import FileSource


def configured(settings: KnowledgeSettings, known: Mapping[str, str]) -> Mapping[str, Source]:
    """Their roots are absolute paths; each keeps the audience it was ingested for."""
    return {
        root: FileSource(Path(root), audience, settings.max_file_bytes, settings.data_dir)
        for root, audience in known.items()
        if Path(root).is_absolute()
    }
