"""Finds, by reading the syntax trees, every sentence code that the program mentions."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.errors import BotError
from knowledge.errors import KnowledgeError

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("adapters", "bot", "knowledge")

_CODE = re.compile(r"[a-z_]+\.(?!json$)[a-z_0-9]*[a-z0-9]")  # config.json is a file


@dataclass(frozen=True)
class Mention:
    """A code as it stands in the source."""

    code: str
    where: str
    details: frozenset[str] | None = None
    """Names handed over with it; None where that cannot be told."""


def mentions() -> Iterator[Mention]:
    """Codes handed to an error of ours, to `Failure`, `Skipped` or `say`."""
    for where, call in _calls():
        position = _code_position(call)
        if position is None or len(call.args) <= position:
            continue
        for constant in _strings(call.args[position]):
            yield Mention(constant, where, _details(call, position))


def constants(prefixes: Iterable[str]) -> Iterator[Mention]:
    """Any string with the look of a code of a known family, wherever it stands."""
    known = set(prefixes)
    for path, tree in _trees():
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=str(text)) if _family(text) in known:
                    yield Mention(text, f"{path}:{node.lineno}")


def stems() -> Iterator[Mention]:
    """The fixed beginnings of codes put together at run time: `f"doctor.{name}"` → "doctor."."""
    for path, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                head = str(node.values[0].value)
                if re.fullmatch(r"[a-z_]+\.[a-z_0-9]*", head):
                    yield Mention(head, f"{path}:{node.lineno}")


def _family(text: str) -> str | None:
    return text.split(".")[0] if _CODE.fullmatch(text) else None


@cache
def _trees() -> tuple[tuple[Path, ast.Module], ...]:
    return tuple(_read())


def _read() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.parent.name != "phrases" or path.stem == "__init__":
                yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield f"{path}:{node.lineno}", node


def _code_position(call: ast.Call) -> int | None:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {"Failure": 1, "Skipped": 1, "say": 0}.get(
                name, 0 if name in _errors() else None
            )
    return None


@cache
def _errors() -> frozenset[str]:
    """Names of the errors that carry a code: by the source, so whatever has been imported."""
    classes = [
        (node.name, {base.id for base in node.bases if isinstance(base, ast.Name)})
        for _, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    found = {KnowledgeError.__name__, BotError.__name__}
    while more := {name for name, bases in classes if bases & found} - found:
        found |= more
    return frozenset(found)


def _strings(node: ast.expr) -> Iterator[str]:
    """The constants that the argument can come to, through `a if x else b` too."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _strings(body)
            yield from _strings(orelse)


def _details(call: ast.Call, position: int) -> frozenset[str] | None:
    names = {keyword.arg for keyword in call.keywords}
    if None in names:  # `**detail`
        return None
    if position == 1:  # Failure and Skipped hand over their source beside their details
        names.add("source")
        if len(call.args) > 2:
            if not isinstance(call.args[2], ast.Dict):
                return None
            names |= {str(key.value) for key in call.args[2].keys if isinstance(key, ast.Constant)}
    return frozenset(str(name) for name in names)
