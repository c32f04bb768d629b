"""The whole text of one page: the page-Markdown endpoint, and block by block where it fails."""

import re
from collections.abc import Iterable

from knowledge.errors import DocumentError
from knowledge.sources.notion.api import Gone, NotionApi
from knowledge.sources.notion.blocks import markdown_of
from knowledge.sources.notion.pages import plain_id

PIECES = 500
"""Of one page, asked for one by one; beyond that the blocks are walked."""
_UNKNOWN = re.compile(r'[ \t]*<unknown\b[^<>]*\burl="([^"]*)"[^<>]*/?>')


def enhanced_markdown(api: NotionApi, page_id: str) -> str:
    """Raises DocumentError `notion.unavailable`, `notion.token`, `Gone`."""
    try:
        text, is_whole = _by_pieces(api, page_id)
    except DocumentError as error:
        if error.code not in ("notion.rejected", "notion.capability"):
            raise
        is_whole, text = False, ""
    return text if is_whole else markdown_of(page_id, api.children)


def _by_pieces(api: NotionApi, page_id: str) -> tuple[str, bool]:
    """The text, and whether that is all. What the endpoint left out is asked for by its id
    and put where it was left out."""
    answer = api.markdown(page_id)
    text, is_whole = str(answer.get("markdown") or ""), True
    is_cut = bool(answer.get("truncated"))
    waiting, asked = _ids(answer), set[str]()
    if is_cut and not waiting:
        return text, False
    while waiting:
        id_ = waiting.pop(0)
        if id_ in asked:
            continue
        if len(asked) >= PIECES:
            return text, False
        asked.add(id_)
        try:
            piece = api.markdown(id_)
        except Gone:  # a block that the integration may not see
            continue
        waiting += _ids(piece)
        is_whole = is_whole and not (piece.get("truncated") and not _ids(piece))
        text = _placed(text, id_, str(piece.get("markdown") or ""))
    return text, is_whole


def _ids(answer: dict[str, object]) -> list[str]:
    listed = answer.get("unknown_block_ids")
    return [str(id_) for id_ in listed] if isinstance(listed, Iterable) else []


def _placed(text: str, block_id: str, piece: str) -> str:
    wanted = plain_id(block_id)
    for mark in _UNKNOWN.finditer(text):
        address, _, block = mark[1].partition("#")
        if wanted in (plain_id(block), plain_id(address)):
            indent = mark[0][: len(mark[0]) - len(mark[0].lstrip())]
            moved = "\n".join(indent + line if line else "" for line in piece.split("\n"))
            return text[: mark.start()] + moved + text[mark.end() :]
    return f"{text.rstrip()}\n\n{piece}"
