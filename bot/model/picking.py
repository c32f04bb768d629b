"""Values of a config under the first of several names."""

from collections.abc import Mapping
from typing import Any


class Picker:
    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config

    def number(self, *names: str) -> int | None:
        for name in names:
            value = self.config.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
        return None

    def flag(self, name: str, default: bool) -> bool:
        value = self.config.get(name)
        return value if isinstance(value, bool) else default
