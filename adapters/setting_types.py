"""The kinds of values that a setting can have, beyond what pydantic knows.

Each raises ValueError with the word after which `adapters.environment` looks up its sentence.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from knowledge.sources.notion.pages import plain_id
from knowledge.sources.scope import split_audience

_ADDRESS = re.compile(r"https?://[^\s/@]+(?:/\S*)?(?:\?\S*)?", re.I)
_HTTP = ("http://", "https://")
_SQL = ("postgresql://", "postgres://", "sqlite:///")
_PLATFORMS = ("line", "slack", "discord")

Value = TypeVar("Value")


def _only(holds: Callable[[Value], bool], problem: str) -> AfterValidator:
    def checked(value: Value) -> Value:
        if not holds(value):
            raise ValueError(problem)
        return value

    return AfterValidator(checked)


def _every(holds: Callable[[str], bool], problem: str) -> AfterValidator:
    def all_hold(values: tuple[str, ...]) -> bool:
        return all(map(holds, values))

    return _only(all_hold, problem)


def _split(value: Any) -> Any:
    """`a, b` → ("a", "b")."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _is_http(url: str) -> bool:
    return url.startswith(_HTTP)


def _are_http(urls: str) -> bool:
    listed = [url.strip() for url in urls.split(",") if url.strip()]
    return bool(listed) and all(map(_is_http, listed))


def _is_room(name: str) -> bool:
    platform, _, room = name.partition(":")
    return platform in _PLATFORMS and bool(room)


def _is_address(entry: str) -> bool:
    return _ADDRESS.fullmatch(split_audience(entry)[0]) is not None


def _is_notion(entry: str) -> bool:
    return bool(plain_id(split_audience(entry)[0]))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


Csv = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Zone = Annotated[str, _only(_is_zone, "timezone")]
Url = Annotated[str, _only(_is_http, "url")]
Urls = Annotated[str, _only(_are_http, "urls")]
"""One or more, between commas; kept as it was written."""
DatabaseUrl = Annotated[str, _only(lambda url: url.startswith(_SQL), "database")]
Prefix = Annotated[str, _only(re.compile(r"[a-z0-9_-]*").fullmatch, "prefix")]
Room = Annotated[str, _only(_is_room, "room")]
"""`platform:room`."""
RoleIds = Annotated[Csv, _every(_is_number, "roles")]
Addresses = Annotated[Csv, _every(_is_address, "address")]
"""Web addresses, with or without `@audience`."""
NotionPlaces = Annotated[Csv, _every(_is_notion, "roots")]
"""Addresses or ids of pages and databases, with or without `@audience`."""
