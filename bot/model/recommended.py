"""Models for Traditional Chinese by GPU memory; the table is `recommended.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

TYPICAL_CONTEXT: Final = 8192
_TOLERANCE: Final = 1.05
"""A card of 24 GiB never has all of it free."""
TYPICAL_CONCURRENCY: Final = 2


@dataclass(frozen=True, slots=True)
class Recommended:
    memory_gib: int
    role: str
    """`chat`, `taiwan` (chat, trained on texts of Taiwan), `embedding` or `reranker`."""
    name: str
    form: str
    licence: str
    source: str
    """Where these facts stand."""
    parameters: int
    bytes_each: float
    layers: int
    kv_heads: int
    head_dim: int
    zh: str
    en: str
    window: int = 0
    """Tokens that `sliding_layers` look back; 0: none slide."""
    sliding_layers: int = 0

    @property
    def weights(self) -> float:
        return self.parameters * self.bytes_each

    def cache(self, context: int, concurrency: int) -> float:
        """Bytes of keys and values of so many conversations."""
        full = self.layers - self.sliding_layers
        tokens = full * context + self.sliding_layers * min(context, self.window)
        return tokens * 2 * self.kv_heads * self.head_dim * 2 * concurrency

    def why(self, language: str) -> str:
        return self.en if language == "en" else self.zh


@cache
def recommended() -> tuple[Recommended, ...]:
    table = tomllib.loads(files("bot.model").joinpath("recommended.toml").read_text("utf-8"))
    return tuple(Recommended(**row) for row in table["model"])


def best_for(memory: float, role: str = "chat") -> Recommended:
    """The largest that fits so many bytes."""
    room = memory * _TOLERANCE / 2**30
    fitting = [row for row in recommended() if row.role == role and row.memory_gib <= room]
    return max(fitting, key=lambda row: row.memory_gib)
