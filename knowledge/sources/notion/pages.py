"""Page objects of the API as what a sync needs to know. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from knowledge.errors import DocumentError
from knowledge.sources.scope import split_audience

Json = Mapping[str, Any]

_ID = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$")
_UNSAID = frozenset({
    "title", "created_time", "created_by", "last_edited_time", "last_edited_by", "button", "files",
})  # fmt: skip
"""Properties that say nothing about the subject, or are told elsewhere."""


@dataclass(frozen=True, slots=True)
class Ref:
    """Something that something else is in."""

    kind: str
    """`page`, `database`, `data_source`, `block` or `workspace`."""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    id: str
    """32 hexadecimal digits."""
    title: str
    url: str
    edited: datetime
    """Aware; to the minute."""
    trashed: bool
    parent: Ref
    properties: Mapping[str, Any]

    @property
    def is_row(self) -> bool:
        return self.parent.kind in ("data_source", "database")


def plain_id(text: str) -> str | None:
    """The id that an id or an address ends in: 32 digits, no hyphens. None where there is none."""
    found = _ID.search(re.split(r"[?#]", text.strip())[0].rstrip("/").lower())
    return found[0].replace("-", "") if found else None


def page_of(found: Json) -> Page:
    id_ = plain_id(str(found["id"])) or str(found["id"])
    return Page(
        id=id_,
        title=_title(found.get("properties") or {}),
        url=str(found.get("url") or f"https://www.notion.so/{id_}"),
        edited=datetime.fromisoformat(str(found["last_edited_time"])),
        trashed=is_trashed(found),
        parent=parent_of(found),
        properties=found.get("properties") or {},
    )


def is_trashed(found: Json) -> bool:
    return bool(found.get("in_trash") or found.get("archived"))


def parent_of(found: Json) -> Ref:
    parent = found.get("parent") or {}
    kind = str(parent.get("type") or "workspace").removesuffix("_id")
    return Ref(kind, plain_id(str(parent.get(f"{kind}_id") or "")) or "")


def text_of(rich: Sequence[Json] | None) -> str:
    """Rich text without its looks."""
    return "".join(str(part.get("plain_text") or "") for part in rich or ())


def _title(properties: Json) -> str:
    for value in properties.values():
        if value.get("type") == "title":
            return text_of(value.get("title")).strip()
    return ""


def property_lines(page: Page, titles: Mapping[str, str]) -> Iterator[str]:
    """`name：value`, one line a property that has a value; `titles` name related pages by id."""
    for name, value in page.properties.items():
        if value.get("type") in _UNSAID:
            continue
        if said := " ".join(_said(value, titles).split()):
            yield f"{name}：{said}"


def _said(value: Json, titles: Mapping[str, str]) -> str:
    kind = str(value.get("type"))
    inner = value.get(kind)
    match kind:
        case "rich_text":
            return text_of(inner)
        case "checkbox":
            return "✓" if inner else "✗"
        case "select" | "status":
            return _name(inner)
        case "multi_select" | "people":
            return "、".join(filter(None, map(_name, inner or ())))
        case "date":
            return _date(inner)
        case "relation":
            named = (titles.get(plain_id(str(one.get("id"))) or "", "") for one in inner or ())
            return "、".join(filter(None, named))
        case "unique_id":
            return _unique_id(inner or {})
        case "formula" | "verification":
            return _computed(inner or {})
        case "rollup":
            return _rollup(inner or {}, titles)
        case "place":
            return " ".join(str((inner or {}).get(key) or "") for key in ("name", "address"))
        case _:
            return "" if inner is None or isinstance(inner, dict | list) else str(inner)


def _name(option: Json | None) -> str:
    return str((option or {}).get("name") or "")


def _date(span: Json | None) -> str:
    ends = [str(span[end]) for end in ("start", "end") if span.get(end)] if span else []
    return " → ".join(end.replace("T", " ")[:16] for end in ends)


def _unique_id(inner: Json) -> str:
    prefix = inner.get("prefix")
    number = "" if inner.get("number") is None else str(inner["number"])
    return f"{prefix}-{number}" if prefix and number else number


def _computed(inner: Json) -> str:
    kind = inner.get("type")
    if kind is None:
        return str(inner.get("state") or "")
    value = inner.get(kind)
    if kind == "date":
        return _date(value)
    if kind == "boolean":
        return "✓" if value else "✗"
    return "" if value is None else str(value)


def _rollup(inner: Json, titles: Mapping[str, str]) -> str:
    if inner.get("type") != "array":
        return _computed(inner)
    return "、".join(filter(None, (_member(one, titles) for one in inner.get("array") or ())))


def _member(one: Json, titles: Mapping[str, str]) -> str:
    return text_of(one.get("title")) if one.get("type") == "title" else _said(one, titles)


def unfinished(page: Page) -> Iterator[tuple[str, str]]:
    """(name, id) of properties of which the page object holds the beginning only."""
    for name, value in page.properties.items():
        if value.get("has_more") and value.get("id"):
            yield name, str(value["id"])


def completed(value: Json, items: Sequence[Json]) -> Json:
    """A property with all that its own endpoint lists."""
    kind = str(value.get("type"))
    return {**value, kind: [item[kind] for item in items if kind in item], "has_more": False}


def files_of(page: Page) -> Iterator[tuple[str, str]]:
    """(name, address) of what is attached in properties."""
    for value in page.properties.values():
        if value.get("type") == "files":
            for one in value.get("files") or ():
                if url := file_url(one):
                    yield str(one.get("name") or ""), url


def file_url(holder: Json) -> str:
    """Of a file object or of a block that is one; empty where there is none."""
    for kind in ("file", "external", "file_upload"):
        inner = holder.get(kind)
        if isinstance(inner, dict) and inner.get("url"):
            return str(inner["url"])
    return ""


def roots_of(entries: Sequence[str]) -> dict[str, str]:
    """Id → audience. Raises DocumentError `notion.root_name`."""
    roots: dict[str, str] = {}
    for entry in entries:
        place, audience = split_audience(entry)
        id_ = plain_id(place)
        if id_ is None:
            raise DocumentError("notion.root_name", root=place)
        roots[id_] = audience
    return roots
