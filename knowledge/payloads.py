"""Locators as they lie in a point's payload."""

from typing import Any

from knowledge.passages import Locator


def pack_locator(locator: Locator) -> dict[str, Any]:
    return {
        "headings": list(locator.headings),
        "page": locator.page,
        "sheet": locator.sheet,
        "rows": list(locator.rows) if locator.rows else None,
    } | ({"anchor": locator.anchor} if locator.anchor else {})


def unpack_locator(packed: dict[str, Any]) -> Locator:
    rows = packed.get("rows")
    return Locator(
        headings=tuple(packed.get("headings") or ()),
        page=packed.get("page"),
        sheet=packed.get("sheet"),
        rows=(int(rows[0]), int(rows[1])) if rows else None,
        anchor=packed.get("anchor") or "",
    )
