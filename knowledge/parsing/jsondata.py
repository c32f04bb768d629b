"""JSON and JSON lines: records as rows, nested objects under headings of their keys."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from knowledge.errors import DocumentError
from knowledge.parsing.guard import damage
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.outline import Outline
from knowledge.parsing.tables import row_text
from knowledge.parsing.text import clean, decode

_ROW = 600
"""Characters; a longer record is a section of its own."""
_NAMES = ("title", "name", "subject", "question", "標題", "名稱", "id")
_DEEPEST = 60


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.damaged`, `file.encoding`."""
    text = decode(source.data, source.name)
    outline = Outline()
    with damage(source.name):
        value = _load(text, source.name)
        _add(outline, value, 0)
        title = _name(value) if isinstance(value, dict) else ""
        return Draft(outline.finish(), (title,))


def _load(text: str, name: str) -> Any:
    try:
        return _one(text)
    except ValueError:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise DocumentError("file.damaged", source=name) from None
        return [_one(line) for line in lines]


def _one(text: str) -> Any:
    """Numbers as they are written."""
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str, strict=False)


def _add(outline: Outline, value: Any, level: int) -> None:
    if level > _DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        _object(outline, value, level)
    elif isinstance(value, list) and not _is_plain(value):
        _records(outline, value, level)
    else:
        outline.text(_shown(value))


def _object(outline: Outline, value: Mapping[str, Any], level: int) -> None:
    plain = {key: _shown(item) for key, item in value.items() if _is_plain(item)}
    outline.text("\n".join(f"{clean(key)}：{text}" for key, text in plain.items() if text))
    for key, item in value.items():
        if key not in plain:
            outline.heading(level + 1, clean(key))
            _add(outline, item, level + 1)


def _records(outline: Outline, items: Sequence[Any], level: int) -> None:
    """Short records make a table; where one is long, each is a section."""
    flat = [dict(_flat(item)) for item in items if isinstance(item, dict)]
    lengths = [len(row_text(list(row), list(row.values()))) for row in flat]
    if len(flat) == len(items) and max(lengths) <= _ROW:
        _table(outline, flat)
        return
    for number, item in enumerate(items, 1):
        name = _name(item) if isinstance(item, dict) else ""
        outline.heading(level + 1, name or str(number))
        _add(outline, item, level + 1)


def _table(outline: Outline, rows: Sequence[Mapping[str, str]]) -> None:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if columns:
        outline.table(
            [columns, *([row.get(key, "") for key in columns] for row in rows)], header=True
        )


def _flat(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        path = f"{above}.{clean(key)}" if above else clean(key)
        if isinstance(item, dict):
            yield from _flat(item, path)
        elif _is_plain(item):
            yield path, _shown(item)
        else:
            for number, inner in enumerate(item, 1):
                yield from _flat({str(number): inner}, path)


def _is_plain(value: Any) -> bool:
    """A scalar, or a list of scalars."""
    if isinstance(value, list):
        return not any(isinstance(item, dict | list) for item in value)
    return not isinstance(value, dict)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "、".join(filter(None, map(_shown, value)))
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else clean(str(value)).strip()


def _name(value: Mapping[str, Any]) -> str:
    """What the record calls itself."""
    found = (value.get(key) for key in _NAMES)
    return next(
        (clean(name).strip() for name in found if isinstance(name, str) and name.strip()), ""
    )
