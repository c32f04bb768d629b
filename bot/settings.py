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
    api_key: str | None = None
    name: str | None = None
    timeout_s: float = 60.0
    concurrency: int = 1
    thinking: bool = False
    """Whether models that can think aloud may do so before they answer."""


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
