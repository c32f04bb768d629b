"""Discord's section of the settings."""

from dataclasses import dataclass

from adapters.settings import Settings


@dataclass(frozen=True, slots=True)
class DiscordSettings:
    token: str
    api_base: str
    """Without a slash at its end."""
    admin_roles: frozenset[int]
    message_content: bool
    """Whether the privileged intent is asked for that shows messages without a mention."""
    prefix: str
    """Before every command's name."""
    language: str


def section(settings: Settings) -> DiscordSettings:
    return DiscordSettings(
        token=settings.discord_token or "",
        api_base=settings.discord_api_base.rstrip("/"),
        admin_roles=frozenset(int(role) for role in settings.discord_admin_roles),
        message_content=settings.discord_message_content,
        prefix=settings.command_prefix,
        language=settings.bot_language,
    )
