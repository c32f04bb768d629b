"""docker-compose.yml as a test may look at it."""

import os
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
COMPOSE_ONLY = {
    "DOCUMENTS", "LLM_HF_GGUF", "LLM_HF_MODEL", "MODEL_MEMORY", "POSTGRES_PASSWORD", "TUNNEL_TOKEN",
}  # fmt: skip
"""Variables that Compose reads and the program does not."""


def loaded() -> dict[str, Any]:
    told = yaml.safe_load(FILE.read_text("utf-8"))
    assert isinstance(told, dict)
    return told


def schema() -> Path:
    """The Compose specification's own schema, where whoever runs the tests has put it."""
    return Path(os.environ.get("SPECS_DIR") or ROOT.parent / "shared/specs") / "compose-spec.json"
