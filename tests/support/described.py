"""Requests against a vendor's own description of its API (OpenAPI 3)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema

Json = dict[str, Any]


@dataclass
class Described:
    spec: Json
    _validators: dict[str, Any] = field(default_factory=dict)

    def departures(self, method: str, target: str, body: Any) -> Iterator[str]:
        """How a request departs from the description; nothing where it does not."""
        parts = urlsplit(target)
        operation = self._operation(method, parts.path)
        if operation is None:
            yield f"{method} {parts.path} is not described"
            return
        allowed = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
        for name in parse_qs(parts.query).keys() - allowed:
            yield f"{method} {parts.path}: query parameter {name}"
        schema = self._schema(operation)
        if body is None or schema is None:
            return
        for error in self._validator(schema).iter_errors(body):
            yield f"{method} {parts.path}: {error.message[:200]}"

    def _operation(self, method: str, path: str) -> Json | None:
        """Paths without a blank first: `/collections/aliases` is no collection."""
        for template in sorted(self.spec["paths"], key=lambda one: one.count("{")):
            pattern = re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, path) and method.lower() in self.spec["paths"][template]:
                found: Json = self.spec["paths"][template][method.lower()]
                return found
        return None

    def _schema(self, operation: Json) -> Json | None:
        content = operation.get("requestBody", {}).get("content", {})
        found: Json | None = content.get("application/json", {}).get("schema")
        return found

    def _validator(self, schema: Json) -> Any:
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": self.spec["components"]}
            self._validators[key] = jsonschema.Draft202012Validator(whole)
        return self._validators[key]
