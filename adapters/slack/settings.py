"""Slack's section of the settings."""

from dataclasses import dataclass

from adapters.settings import Settings

PATH = "/slack/events"
"""Where Slack's calls come in without Socket Mode."""


@dataclass(frozen=True, slots=True)
class SlackSettings:
    bot_token: str
    app_token: str | None
    """Present: Socket Mode, and no address is needed that Slack can reach."""
    signing_secret: str | None
    api_base: str
    """Ends in a slash."""
    admins: frozenset[str]
    """Ids of users (U…, W…) and of user groups (S…)."""
    prefix: str
    language: str


def section(settings: Settings) -> SlackSettings:
    base = settings.slack_api_base
    return SlackSettings(
        bot_token=settings.slack_bot_token or "",
        app_token=settings.slack_app_token,
        signing_secret=settings.slack_signing_secret,
        api_base=base if base.endswith("/") else f"{base}/",
        admins=frozenset(settings.slack_admins),
        prefix=settings.command_prefix,
        language=settings.bot_language,
    )
