"""LINE's section of the settings, and how fast things go there."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from adapters.settings import Settings

API = "https://api.line.me"
BLOBS = "https://api-data.line.me"
Policy = Literal["never", "admins", "always"]


@dataclass(frozen=True, slots=True)
class LineSettings:
    secret: str = field(repr=False)
    token: str = field(repr=False)
    api_base: str
    blob_base: str
    push_policy: Policy
    admins: frozenset[str]
    called: tuple[str, ...]
    """What a message in a group begins with when it is meant for the bot."""
    prefix: str
    """Before every command's name."""
    language: str


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds; tests go faster."""

    promise_s: float = 45.0
    """After the receipt of a token, it is spent on a button that brings a new one."""
    life_s: float = 60.0
    """LINE: "must be used within one minute after receiving the webhook"."""
    call_s: float = 10.0
    """For one call of the API; the promise and its answer both fit into a token's life."""
    look_s: float = 1.0
    """How often to look for tokens that get old."""
    loading_s: float = 50.0
    """After which the loading animation, which lasts 60 s at most, is shown anew."""

    @property
    def life(self) -> timedelta:
        return timedelta(seconds=self.life_s)

    @property
    def promise_after(self) -> timedelta:
        return timedelta(seconds=self.promise_s)


def line_settings(settings: Settings) -> LineSettings:
    base = settings.line_api_base.rstrip("/")
    return LineSettings(
        secret=settings.line_channel_secret or "",
        token=settings.line_channel_access_token or "",
        api_base=base,
        blob_base=BLOBS if base == API else base,
        push_policy=settings.line_push_policy,
        admins=frozenset(settings.line_admins),
        called=settings.line_group_names,
        prefix=settings.command_prefix,
        language=settings.bot_language,
    )
