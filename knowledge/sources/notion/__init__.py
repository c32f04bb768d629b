"""A Notion workspace as a source: pages, the rows of databases, and the files on them."""

from collections.abc import Mapping

from knowledge.errors import DocumentError
from knowledge.settings import KnowledgeSettings
from knowledge.sources.base import Source


def configured(settings: KnowledgeSettings, known: Mapping[str, str]) -> Mapping[str, Source]:
    """The workspace of NOTION_TOKEN, or what is below NOTION_ROOTS in it.

    Raises DocumentError `notion.extra`, `notion.root_name`.
    """
    if not settings.notion_token:
        return {}
    try:
        from knowledge.sources.notion import source  # Notion's client is an optional extra
    except ImportError as error:
        raise DocumentError("notion.extra") from error
    return source.opened(settings)
