"""The project's own files."""

import re
from pathlib import Path

from adapters.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {name.upper() for name in Settings.model_fields}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def locked(name: str) -> dict[str, frozenset[str]]:
    """Package → versions (one a marker)."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([a-z0-9_.-]+)==(\S+)", text(name), flags=re.MULTILINE):
        found.setdefault(package, set()).add(version)
    return {package: frozenset(versions) for package, versions in found.items()}
