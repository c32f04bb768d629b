"""What a backup says of itself."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

FORMAT: Final = 1
"""Raise it when an older program could not read the file rightly."""


@dataclass(frozen=True, slots=True)
class Member:
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    made_at: str
    """ISO 8601, UTC."""
    program: str
    """Version of the program."""
    schema: str
    """The step of `bot.storage.migrations` that the rows fit."""
    database: str
    data_dir: str
    """Absolute, where it was made: paths of uploads begin with it."""
    collection: str | None
    """Of the passages; None where there are none."""
    embedding: str | None
    rows: Mapping[str, int]
    """Table → how many."""
    passages: int
    members: Mapping[str, Member]
    format: int = FORMAT

    def pack(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()


def unpack(data: bytes) -> Manifest:
    """Raises ValueError, KeyError, TypeError for what is no manifest."""
    told: dict[str, Any] = json.loads(data)
    members = {name: Member(**member) for name, member in told.pop("members").items()}
    return Manifest(**told, members=members)
