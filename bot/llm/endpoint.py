"""Where an OpenAI-compatible server is, and how patient to be with it."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from bot.errors import ConfigError

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server and one model. Raises `ConfigError` for a URL that is none."""

    base_url: str
    """Ends in /v1 on all servers known to us."""
    api_key: str | None = field(default=None, repr=False)
    model: str | None = None
    """None: the first that the server lists."""
    timeout_s: float = 60.0
    """Longest silence before the first and between two tokens."""
    connect_timeout_s: float = 5.0
    retries: int = 2
    """Further attempts after a refused connection, 429 or 5xx, before the first token."""
    temperature: float = 0.0
    disable_thinking: bool = False
    """Ask a model that thinks by default not to (`enable_thinking` of its chat template)."""
    name: Literal["openai", "embedded"] = "openai"

    def __post_init__(self) -> None:
        url = self.base_url.strip().rstrip("/").removesuffix("/chat/completions")
        object.__setattr__(self, "base_url", url)
        if (parts := _split(url)) is None or parts.scheme not in ("http", "https"):
            raise ConfigError("model.bad_url", base_url=self.shown_url)
        object.__setattr__(self, "api_key", (self.api_key or "").strip() or None)

    @property
    def total_s(self) -> float:
        """Longest time for one reply, retries and all; a server may be slow, not endless."""
        return 5 * self.timeout_s

    @property
    def is_loopback(self) -> bool:
        parts = _split(self.base_url)
        return parts is not None and parts.hostname in _LOOPBACK

    @property
    def shown_url(self) -> str:
        """The URL without a password that may stand in it."""
        parts = _split(self.base_url)
        if parts is None or "@" not in parts.netloc:
            return self.base_url
        return parts._replace(netloc="…@" + parts.netloc.rpartition("@")[2]).geturl()


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # a broken IPv6 address, a port that is no number
        return None
    return parts if parts.hostname else None
