"""The platforms and Notion: to whom does the token belong, and may it do what is needed?"""

from collections.abc import Iterator
from typing import Any, Final

from adapters.doctor.finding import Check, Finding, tell
from adapters.doctor.remote import Service
from adapters.settings import Settings
from knowledge.sources.notion.api import VERSION

_READS_MESSAGES: Final = (1 << 18) | (1 << 19)
"""Flags of a Discord application that may read what does not mention it."""


def configured(loaded: Settings) -> Iterator[tuple[str, Check]]:
    if not loaded.platforms():
        yield "platforms", _no_platform
    for name in loaded.platforms():
        yield name, {"line": line, "slack": slack, "discord": discord}[name]
    if loaded.notion_token:
        yield "notion", notion


def _no_platform(loaded: Settings) -> Finding:
    return tell(loaded, "platforms", "ok", "doctor.platforms_none")


def line(loaded: Settings) -> Finding:
    token = loaded.line_channel_access_token
    service = Service(
        "LINE", loaded.line_api_base, "LINE_API_BASE", "LINE_CHANNEL_ACCESS_TOKEN",
        {"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    who = service.get("v2/bot/info").get("displayName") or "LINE"
    hook = service.get("v2/bot/channel/webhook/endpoint")
    if not hook.get("active"):
        return tell(loaded, "line", "warning", "doctor.line_webhook_off", who=who)
    return tell(loaded, "line", "ok", "doctor.line_ok", who=who, url=hook.get("endpoint"))


def slack(loaded: Settings) -> Finding:
    told = _slack(loaded, "SLACK_BOT_TOKEN", loaded.slack_bot_token, "auth.test")
    who, team = told.get("user"), told.get("team")
    if loaded.slack_app_token:
        _slack(loaded, "SLACK_APP_TOKEN", loaded.slack_app_token, "apps.connections.open")
    way = "Socket Mode" if loaded.slack_app_token else "/slack/events"
    return tell(loaded, "slack", "ok", "doctor.slack_ok", who=who, team=team, way=way)


def _slack(loaded: Settings, variable: str, token: str | None, method: str) -> dict[str, Any]:
    """Slack says no with HTTP 200 and a reason. Raises BotError."""
    headers = {"Authorization": f"Bearer {token}"}
    service = Service("Slack", loaded.slack_api_base, "SLACK_API_BASE", variable, headers)
    told = service.post(method)
    if not told.get("ok"):
        raise service.refused(str(told.get("error", "?"))[:80])
    return told


def discord(loaded: Settings) -> Finding:
    service = Service(
        "Discord", loaded.discord_api_base, "DISCORD_API_BASE", "DISCORD_TOKEN",
        {"Authorization": f"Bot {loaded.discord_token}"},
    )  # fmt: skip
    who = service.get("users/@me").get("username") or "Discord"
    starts = service.get("gateway/bot").get("session_start_limit") or {}
    if starts.get("remaining") == 0:
        return tell(loaded, "discord", "error", "doctor.discord_starts", who=who)
    flags = service.get("applications/@me").get("flags") or 0
    if loaded.discord_message_content and not flags & _READS_MESSAGES:
        return tell(loaded, "discord", "error", "doctor.discord_intent", who=who)
    return tell(loaded, "discord", "ok", "doctor.discord_ok", who=who)


def notion(loaded: Settings) -> Finding:
    service = Service(
        "Notion", loaded.notion_api_base, "NOTION_API_BASE", "NOTION_TOKEN",
        {"Authorization": f"Bearer {loaded.notion_token}", "Notion-Version": VERSION},
    )  # fmt: skip
    who = service.get("v1/users/me").get("name") or "Notion"
    return tell(loaded, "notion", "ok", "doctor.notion_ok", who=who)
