"""Text as platforms take it: split to their lengths, without Markdown where they show none. Pure."""

import re
from collections.abc import Callable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

Length = Callable[[str], int]
_FENCE = re.compile(r"^(`{3,}|~{3,})([^\n`]*)$", re.MULTILINE)
_BREAKS = ("\n\n", "\n", "。", "！", "？", "; ", "；", ". ", "，", " ")
"""Where a text is best cut, the best first; what is cut at stays with the first part."""
_TIMES = re.compile(r"(?<=\d)\*(?=\d)")
"""A product, where Markdown would read emphasis."""
_LEAST = 0.5
"""Of the limit: no cut earlier than that where a worse one comes later."""


def utf16(text: str) -> int:
    """Length in UTF-16 units, as LINE counts: an emoji is two or more."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(text: str, limit: int, length: Length = len) -> list[str]:
    """Parts of at most `limit`; joined they are the text, but for code fences, which are closed
    at the end of a part and opened again in the next. Never empty.
    """
    parts: list[str] = []
    opened, rest = "", text
    while True:
        room = limit - length(opened)
        if length(rest) <= room:
            return [*parts, opened + rest]
        head = _head(rest, room - length("\n```"), length)
        rest = rest[len(head) :]
        # Of the whole text: what begins a line only since it was cut there opens nothing.
        fence = _open_fence(text[: len(text) - len(rest)])
        parts.append(opened + head + (_closing(head, fence) if fence else ""))
        opened = f"{fence}\n" if fence else ""


def _closing(head: str, fence: str) -> str:
    mark = fence[: len(fence) - len(fence.lstrip("`~"))]
    return mark if head.endswith("\n") else f"\n{mark}"


def _head(text: str, room: int, length: Length) -> str:
    """As much as fits, cut at the best place; at least one character."""
    most = _fitting(text, max(room, 1), length)
    window = text[:most]
    for mark in _BREAKS:
        at = window.rfind(mark) + len(mark)
        if at - len(mark) >= _LEAST * most:
            return window[:at]
    return window[: _whole_character(text, most)]


def _fitting(text: str, room: int, length: Length) -> int:
    """How many characters have at most this length."""
    low, high = 1, min(len(text), room)
    while low < high:
        middle = (low + high + 1) // 2
        if length(text[:middle]) <= room:
            low = middle
        else:
            high = middle - 1
    return low


def _whole_character(text: str, at: int) -> int:
    """Not before a combining mark, a joiner or what a joiner joins, nor within the marks of a
    code block, where that can be helped."""
    cut = at
    while cut > max(1, at - 16) and _belongs(text[cut - 1], text[cut : cut + 1]):
        cut -= 1
    return cut


def _belongs(before: str, character: str) -> bool:
    return before == "\u200d" or before == character == "`" or _joins(character)


def _joins(character: str) -> bool:
    return character != "" and (
        "\u0300" <= character <= "\u036f"
        or "\ufe00" <= character <= "\ufe0f"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or character == "\u200d"
    )


def _open_fence(text: str) -> str:
    """The line that opened the code block in which a text ends, or nothing."""
    opened = ""
    for match in _FENCE.finditer(text):
        mark, info = match.groups()
        if not opened:
            opened = match.group(0)
        elif not info.strip() and mark.startswith(opened[:3]):
            opened = ""
    return opened


def plain(markdown: str) -> str:
    """Markdown as a person would type it where none is shown: no marks, links with their
    address behind them, tables as lines."""
    tokens = MarkdownIt("commonmark").enable("table").parse(_TIMES.sub(r"\\*", markdown))
    blocks = re.sub(r"\n{3,}", "\n\n", "".join(_spoken(tokens)))
    return blocks.strip()


def _spoken(tokens: list[Token]) -> Iterator[str]:
    lists: list[int | None] = []
    for token in tokens:
        match token.type:
            case "ordered_list_open":
                lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_close" | "bullet_list_close":
                lists.pop()
                yield "\n" if not lists else ""
            case "list_item_open":
                yield _bullet(lists)
            case "inline":
                yield from _inline(token.children or [])
            case "fence" | "code_block" | "html_block":
                yield f"{token.content.rstrip()}\n\n"
            case "hr":
                yield "\n"
            case "td_close" | "th_close":
                yield "\u3000"
            case "tr_close":
                yield "\n"
            case "paragraph_close" | "heading_close":
                yield "\n" if token.hidden or lists else "\n\n"
            case "table_close":
                yield "\n"


def _bullet(lists: list[int | None]) -> str:
    indent = "\u3000" * (len(lists) - 1)
    number = lists[-1]
    if number is None:
        return f"{indent}・"
    lists[-1] = number + 1
    return f"{indent}{number}. "


def _inline(children: list[Token]) -> Iterator[str]:
    links: list[tuple[str, str]] = []
    for child in children:
        match child.type:
            case "text" | "code_inline" | "html_inline":
                links = [(href, shown + child.content) for href, shown in links]
                yield child.content
            case "softbreak" | "hardbreak":
                yield "\n"
            case "link_open":
                links.append((str(child.attrGet("href") or ""), ""))
            case "link_close":
                href, shown = links.pop()
                yield "" if href in (shown, f"mailto:{shown}") else f"（{href}）"
            case "image":
                yield f"{child.content}（{child.attrGet('src')}）"
