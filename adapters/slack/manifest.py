"""The app's manifest: what to paste into Slack, made from what the program handles. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.slack.annotate import SHORTCUT
from adapters.slack.settings import PATH
from bot.frontdesk.commands import NAMES, Name
from bot.phrases import say

EVENTS = (
    "app_home_opened",
    "app_mention",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
)
SCOPES = (
    "app_mentions:read",  # being called
    "channels:history", "groups:history", "im:history", "mpim:history",  # threads, edits, messages
    "chat:write", "chat:write.public",  # answers and statuses; /ask where the bot is no member
    "commands",
    "files:read",  # documents that admins send
    "reactions:write",  # eyes on a question, where no status is shown
    "usergroups:read",  # groups in SLACK_ADMINS
    "users:read",  # names and languages
)  # fmt: skip
BOT_NAME = "secretary"
"""Slack allows a-z, 0-9, -, _ and . in it."""
_WITH_HINT: frozenset[Name] = frozenset({"ask", "link", "bad", "resume", "pair"})
_BARE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})

Manifest = dict[str, Any]


def manifest(prefix: str = "", language: str = "zh-TW", address: str | None = None) -> Manifest:
    """For Socket Mode; with the `address` under which Slack reaches us, for HTTP."""
    url = None if address is None else f"{address.rstrip('/')}{PATH}"
    name = say("slack.app_name", language)
    return {
        "display_information": {"name": name, "description": say("slack.app_about", language)},
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": BOT_NAME, "always_online": True},
            "shortcuts": [
                {
                    "name": say("command.menu", language),
                    "type": "message",
                    "callback_id": SHORTCUT,
                    "description": say("command.annotate", language),
                }
            ],
            "slash_commands": [_command(one, prefix, language, url) for one in NAMES],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**_url("request_url", url), "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **_url("request_url", url)},
            "org_deploy_enabled": False,
            "socket_mode_enabled": url is None,
            "token_rotation_enabled": False,
        },
    }


def _command(name: Name, prefix: str, language: str, url: str | None) -> Manifest:
    command = {
        "command": f"/{prefix}{name}",
        "description": say(f"command.{name}", language),
        "should_escape": False,
        **_url("url", url),
    }
    if name in _WITH_HINT:
        command["usage_hint"] = say(f"command.{name}_hint", language)
    return command


def _url(name: str, url: str | None) -> dict[str, str]:
    return {} if url is None else {name: url}


def as_yaml(value: Mapping[str, Any]) -> str:
    """The few shapes that a manifest has; whatever is no plain word stands in quotes."""
    return "".join(f"{line}\n" for line in _mapping(value))


def _mapping(value: Mapping[str, Any]) -> Iterator[str]:
    for name, inner in value.items():
        match inner:
            case Mapping():
                yield f"{name}:"
                yield from (f"  {line}" for line in _mapping(inner))
            case list():
                yield f"{name}:"
                yield from (f"  {line}" for line in _sequence(inner))
            case _:
                yield f"{name}: {_scalar(inner)}"


def _sequence(values: Sequence[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, Mapping):
            first, *rest = _mapping(value)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
        else:
            yield f"- {_scalar(value)}"


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    is_word = _BARE.fullmatch(text) and text.lower() not in _WORDS and not text.endswith(":")
    return text if is_word else json.dumps(text, ensure_ascii=False)
