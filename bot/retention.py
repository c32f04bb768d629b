"""How long what people said is kept, in days per platform. Pure."""

import re
from collections.abc import Mapping

from bot.errors import ConfigError
from bot.quotas.limits import PLATFORMS

DEFAULT = "365"
"""A year: long enough to see what was asked last season."""
_RULE = re.compile(r"(?:([a-z]+)\s*=\s*)?(\d{1,5}|forever)")


def parse(text: str | None) -> Mapping[str, int]:
    """`365` for every platform, `line=180, web=30` for some, `forever` for never.

    Platforms that are not named keep what the plain number says. Raises ConfigError
    `config.value`.
    """
    kept = dict.fromkeys(PLATFORMS, int(DEFAULT))
    named: dict[str, str] = {}
    for rule in (text or DEFAULT).split(","):
        match = _RULE.fullmatch(rule.strip().lower())
        if match is None or (match[1] and match[1] not in PLATFORMS) or match[2] == "0":
            raise ConfigError("config.value", name="RETENTION_DAYS", hint=rule.strip())
        if match[1]:
            named[match[1]] = match[2]
        else:
            kept = {platform: _days(match[2]) for platform in PLATFORMS}
    kept |= {platform: _days(days) for platform, days in named.items()}
    return {platform: days for platform, days in kept.items() if days}


def _days(written: str) -> int:
    """0 for `forever`."""
    return 0 if written == "forever" else int(written)
