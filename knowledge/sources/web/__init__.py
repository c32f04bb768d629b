"""Web pages as a source: those that the owner lists, and those in the sitemaps that they list."""

from collections.abc import Mapping

from knowledge.settings import KnowledgeSettings
from knowledge.sources.base import Source
from knowledge.sources.fetching import Fetcher
from knowledge.sources.scope import split_audience
from knowledge.sources.web.source import ROOT, WebSource, canonical


def configured(settings: KnowledgeSettings, known: Mapping[str, str]) -> Mapping[str, Source]:
    """WEB_PAGES and WEB_SITEMAPS; with neither, what came from them before is to go.

    Raises DocumentError `web.address`.
    """
    if not (settings.web_pages or settings.web_sitemaps or ROOT in known):
        return {}
    pages = dict(map(split_audience, settings.web_pages))
    maps = dict(map(split_audience, settings.web_sitemaps))
    fetcher = Fetcher(settings.max_file_bytes, frozenset(settings.web_private_hosts))
    listed = {canonical(url): audience for url, audience in pages.items()}
    return {ROOT: WebSource(listed, maps, fetcher)}
