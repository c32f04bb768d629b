"""What the bot needs to be told; read from the environment by `adapters.settings` only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from knowledge.settings import KnowledgeSettings


@dataclass(frozen=True, slots=True)
class ModelSettings:
    engine: Literal["openai", "embedded", "none"]
    data_dir: Path
    model_path: Path
    base_url: str | None = None
    """One URL, or several with commas between."""
    api_key: str | None = None
    name: str | None = None
    timeout_s: float = 60.0
    concurrency: int = 1
    thinking: bool = False
    """Whether models that can think aloud may do so before they answer."""
    last_resort: "PaidModel | None" = None

    @property
    def base_urls(self) -> tuple[str, ...]:
        return tuple(url.strip() for url in (self.base_url or "").split(",") if url.strip())


@dataclass(frozen=True, slots=True)
class PaidModel:
    """Asked only where every other model failed."""

    base_url: str
    api_key: str | None
    name: str
    tokens_per_day: int
    """Questions and answers together."""


@dataclass(frozen=True, slots=True)
class BotSettings:
    knowledge: KnowledgeSettings
    model: ModelSettings
    language: str = "zh-TW"
    timezone: str = "Asia/Taipei"
    quotas: str | None = None
    """As `bot.quotas.parse` reads it."""
    retention: str | None = None
    """As `bot.retention.parse` reads it."""
    audiences: str | None = None
    """As `bot.audiences.parse` reads it."""
    inbox_capacity: int = 500
    drain_s: float = 20.0
    """Seconds that answers under way get when the program is asked to end."""
