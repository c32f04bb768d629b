"""Discord's own description of its API, as a judge of what is sent to it."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

SPECS = Path(os.environ.get("SPECS_DIR") or Path(__file__).parents[3] / "shared" / "specs")
FILE = SPECS / "discord.json"
_NAME = "urn:discord"


@cache
def _spec() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


@cache
def _validator(schema: str) -> Draft202012Validator:
    resource: Resource[Any] = Resource(contents=_spec(), specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource(_NAME, resource)
    return Draft202012Validator(
        {"$ref": f"{_NAME}#/components/schemas/{schema}"}, registry=registry
    )


def mistakes(schema: str, value: Any) -> list[str]:
    """What the schema has against it; nothing where there is no copy of the schemas."""
    if not FILE.exists():
        return []
    found = _validator(schema).iter_errors(json.loads(json.dumps(value)))
    return [f"{schema} {list(error.absolute_path)}: {error.message[:300]}" for error in found]
