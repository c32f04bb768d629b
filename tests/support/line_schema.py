"""LINE's own schemas (SPECS_DIR, by default ../shared/specs beside the repository) as validators.

OpenAPI tells kinds of objects apart by a `discriminator`, which JSON Schema knows nothing of:
each is turned into conditions here, so that every button inside of a bubble is checked as what it
is; and what a schema does not mention is a mistake.
"""

import os
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

ROOT = Path(__file__).resolve().parents[2]
_REF = "#/components/schemas/"
Schema = dict[str, Any]


def folder() -> Path:
    return Path(os.environ.get("SPECS_DIR") or ROOT.parent / "shared" / "specs")


MESSAGING, WEBHOOK = "line-messaging-api.yml", "line-webhook.yml"


def missing() -> str | None:
    """Why nothing can be checked here, or None."""
    if (folder() / MESSAGING).is_file() and (folder() / WEBHOOK).is_file():
        return None
    return f"LINE's schemas are not in {folder()} (SPECS_DIR)"


def problems(name: str, value: Any, file: str = MESSAGING) -> list[str]:
    """What is wrong with a value that should be a `name`; [] where it is right."""
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
        for error in _validator(file, name).iter_errors(value)
    ]


@cache
def _validator(file: str, name: str) -> Draft202012Validator:
    resource = DRAFT202012.create_resource(_schemas(file))
    registry: Registry[Any] = Registry().with_resource(f"urn:{file}", resource)
    return Draft202012Validator({"$ref": f"urn:{file}{_REF}{name}"}, registry=registry)


@cache
def _schemas(file: str) -> Schema:
    text = (folder() / file).read_text(encoding="utf-8")
    schemas: Schema = yaml.load(text, Loader=yaml.CSafeLoader)["components"]["schemas"]
    kinds = {name: one for name, one in schemas.items() if "discriminator" in one}
    made = deepcopy(schemas)
    for name, one in kinds.items():
        plain = {key: value for key, value in one.items() if key != "discriminator"}
        made[f"{name}__plain"] = plain
        made[name] = {"allOf": [{"$ref": f"{_REF}{name}__plain"}, *_by_kind(one["discriminator"])]}
    for one in made.values():
        for part in one.get("allOf", ()):
            parent = str(part.get("$ref", "")).removeprefix(_REF)
            if parent in kinds:
                part["$ref"] = f"{_REF}{parent}__plain"
    return {"components": {"schemas": made}}


def _by_kind(discriminator: Schema) -> list[Schema]:
    key, mapping = discriminator["propertyName"], discriminator["mapping"]
    known = {"properties": {key: {"enum": list(mapping)}}}
    return [known, *(_if(key, value, ref) for value, ref in mapping.items())]


def _if(key: str, value: str, ref: str) -> Schema:
    strict = {"$ref": ref, "unevaluatedProperties": False}
    return {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": strict}
