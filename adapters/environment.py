"""Reading the environment: the only place that does, and what it says of a mistake."""

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from dotenv import dotenv_values
from pydantic import ValidationError

from adapters.settings import Settings
from bot.errors import ConfigError


def load(env_file: Path | None = Path(".env")) -> Settings:
    """Reads and checks the settings.

    Raises ConfigError: `config.value` (a bad value), `config.typo` (a name close to one of
    ours), `config.half` (a section with a part missing), each naming the variable.
    """
    file = _env_file(env_file)
    _refuse_typos([*os.environ, *file])
    try:
        settings = Settings(_env_file=env_file if file else None)  # type: ignore[call-arg]
    except ValidationError as error:
        raise _bad_value(error) from error
    _refuse_half_sections(settings)
    return settings


def _env_file(path: Path | None) -> Mapping[str, str | None]:
    if path is None or not path.is_file():
        return {}
    try:
        return dotenv_values(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("config.file", path=str(path)) from error


def _names() -> list[str]:
    return [name.upper() for name in Settings.model_fields]


def _refuse_typos(given: Iterable[str]) -> None:
    """A name that is nearly one of ours is a slip; anything else is not our business."""
    known = _names()
    present = {name.upper() for name in given}
    for name in sorted(present - set(known)):
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.86)
        if close and close[0] not in present:
            raise ConfigError("config.typo", name=name, meant=close[0])


def _bad_value(error: ValidationError) -> ConfigError:
    """The first wrong value, without repeating it: it may be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = str(first["loc"][0])
    info = Settings.model_fields[field]
    return ConfigError("config.value", name=field.upper(), hint=info.description or "")


def _refuse_half_sections(settings: Settings) -> None:
    for given, needed in _half_sections(settings):
        raise ConfigError("config.half", given=given, needed=needed)


# A variable that is useless without another one (either of two, where a slash is between).
_NEEDS: tuple[tuple[str, str], ...] = (
    ("QDRANT_API_KEY", "QDRANT_URL"),
    ("LLM_API_KEY", "LLM_BASE_URL"),
    ("LLM_MODEL", "LLM_BASE_URL"),
    ("LLM_ENGINE=openai", "LLM_BASE_URL"),
    ("LLM_FALLBACK_API_KEY", "LLM_FALLBACK_BASE_URL"),
    ("LLM_FALLBACK_MODEL", "LLM_FALLBACK_BASE_URL"),
    ("LLM_FALLBACK_TOKENS_PER_DAY", "LLM_FALLBACK_BASE_URL"),
    ("LLM_FALLBACK_BASE_URL", "LLM_FALLBACK_MODEL"),
    ("LLM_FALLBACK_BASE_URL", "LLM_FALLBACK_TOKENS_PER_DAY"),
    ("EMBEDDING_API_KEY", "EMBEDDING_BASE_URL"),
    ("EMBEDDING_ENGINE=openai", "EMBEDDING_BASE_URL"),
    ("LINE_CHANNEL_SECRET", "LINE_CHANNEL_ACCESS_TOKEN"),
    ("LINE_CHANNEL_ACCESS_TOKEN", "LINE_CHANNEL_SECRET"),
    ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN / SLACK_SIGNING_SECRET"),
    ("SLACK_APP_TOKEN / SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN"),
    ("LINE_ADMINS", "LINE_CHANNEL_SECRET"),
    ("SLACK_ADMINS", "SLACK_BOT_TOKEN"),
    ("DISCORD_ADMIN_ROLES", "DISCORD_TOKEN"),
    ("DISCORD_MESSAGE_CONTENT", "DISCORD_TOKEN"),
    ("NOTION_ROOTS", "NOTION_TOKEN"),
    ("NOTION_WEBHOOK_TOKEN", "NOTION_TOKEN"),
)


def _half_sections(settings: Settings) -> Iterator[tuple[str, str]]:
    """(the variable that is set, the variable that it needs)."""
    for given, needed in _NEEDS:
        if _is_set(settings, given) and not _is_set(settings, needed):
            yield given, needed


def _is_set(settings: Settings, names: str) -> bool:
    """`NAME`, `NAME=value`, or `NAME / NAME` for either of two."""
    for name in names.split(" / "):
        field, _, wanted = name.partition("=")
        value = getattr(settings, field.lower())
        if value == wanted if wanted else value:
            return True
    return False
