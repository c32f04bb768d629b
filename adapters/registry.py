"""Which platforms there are. A line here and a folder beside this file make one more."""

from collections.abc import Iterable
from importlib import import_module
from typing import Protocol, cast

from adapters.base import Adapter, PlatformOff, Surroundings

ADAPTERS: dict[str, str] = {
    "line": "adapters.line.adapter:LineAdapter",
    "discord": "adapters.discord.adapter:DiscordAdapter",
    "slack": "adapters.slack.adapter:SlackAdapter",
}
"""Imported only where a platform is on: an SDK takes half a second and some 30 MB."""


class Maker(Protocol):
    def __call__(self, around: Surroundings) -> Adapter: ...


def maker(name: str) -> Maker:
    """Raises PlatformOff `platform.extra_missing` where the SDK is not installed."""
    module, _, cls = ADAPTERS[name].partition(":")
    try:
        return cast(Maker, getattr(import_module(module), cls))
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith(("adapters", "bot", "knowledge")):
            raise
        raise PlatformOff("platform.extra_missing", platform=name) from error


def known(names: Iterable[str]) -> list[str]:
    """Those that are registered, in the registry's order."""
    wanted = set(names)
    return [name for name in ADAPTERS if name in wanted]
