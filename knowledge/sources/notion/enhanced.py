"""Notion's enhanced Markdown as plain Markdown, and what it points at. Pure.

Its tags (`<callout>`, `<columns>`, `<page url>` …) say how a page looks; what they hold is
kept, they go. Tables become HTML that the Markdown parser reads, code is left alone.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

from knowledge.sources.notion.pages import plain_id

_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_WRAPS = (
    "callout|columns|column|details|synced_block|synced_block_reference|meeting-notes|notes|"
    "summary|transcript|tabs|tab|content"
)
_OPEN = re.compile(rf"^\s*<({_WRAPS})(?:\s[^<>]*)?>\s*(?P<rest>.*)$")
_CLOSE = re.compile(rf"^(?P<rest>.*?)\s*</(?:{_WRAPS})>\s*$")
_TABLE = re.compile(r"(?<!\\)<table\b[^>]*>.*?</table>", re.DOTALL)
_TARGET = re.compile(r"(?<!\\)<(page|database)\b([^>]*)>(.*?)</\1>", re.DOTALL)
_MEDIA = re.compile(r"(?<!\\)<(file|pdf|image|video|audio)\b([^>]*?)(?:/>|>(.*?)</\1>)", re.DOTALL)
_IMAGE = re.compile(r"!\[((?:[^\]\\]|\\.)*)\]\((\S+?)\)")
_DATE = re.compile(r"(?<!\\)<mention-date\b([^>]*?)/?>(?:</mention-date>)?")
_INLINE = re.compile(r"(?<!\\)</?(?:span|mention-[a-z-]+|citation)\b[^<>]*>")
_EMPTY = re.compile(
    r"(?<!\\)<(?:empty-block|table_of_contents|breadcrumb|divider|unknown)\b[^<>]*/?>"
)
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_LOOKS = re.compile(r'[ \t]*\{(?:\s*[a-z-]+="[^"]*")+\s*\}[ \t]*$', re.MULTILINE)
_ESCAPE = re.compile(r"\\([\\`*_~$\[\]{}|^()])")
_ESCAPED_TAG = re.compile(r"(?<=\S)([ \t]*)\\([<>])")
"""At the start of a line it stays: there it would open a block of HTML."""
_EMPHASIS = re.compile(r"(\*\*|~~|`)(?=\S)(.+?)(?<=\S)\1")


@dataclass(slots=True)
class Content:
    """A page's text, and what it mentions that has to be fetched."""

    markdown: str = ""
    pages: list[str] = field(default_factory=list)
    """Ids of the pages below it."""
    databases: list[str] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    """(name, address) of what is attached."""


def read(enhanced: str) -> Content:
    content = Content()
    parts = []
    for text, is_code in _parts(enhanced):
        parts.append(text if is_code else _plain(text, content))
    content.markdown = re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).strip()
    return content


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """Runs of lines, and whether they are a fenced block of code."""
    run: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if not fence and mark:
            yield "\n".join(run), False
            run, fence = [line.lstrip("\t")], mark[1]
        elif fence and mark and line.strip().startswith(fence):
            yield "\n".join([*run, line.lstrip("\t")]), True
            run, fence = [], ""
        else:
            run.append(line)
    yield "\n".join(run), bool(fence)


def _plain(text: str, content: Content) -> str:
    text = _TABLE.sub(lambda found: _table(found[0]), text)
    text = _TARGET.sub(lambda found: _target(found, content), text)
    text = _MEDIA.sub(lambda found: _media(found[2], found[3] or "", content), text)
    text = _IMAGE.sub(lambda found: _attached(found[1], found[2], content), text)
    text = _DATE.sub(lambda found: _date(found[1]), text)
    text = _EMPTY.sub("", _INLINE.sub("", text))
    text = _LOOKS.sub("", "\n".join(_unwrapped(text)))
    return _ESCAPED_TAG.sub(r"\1\2", _ESCAPE.sub(r"\1", text))


def _unwrapped(text: str) -> Iterator[str]:
    """Lines without the tags around them, and moved out by as many levels."""
    depth = 0
    for line in text.split("\n"):
        opened = _OPEN.match(line)
        if opened:
            line = opened["rest"]
            depth += 1
            yield ""
        closed = _CLOSE.match(line)
        if closed and depth:
            depth -= 1
            yield _moved(closed["rest"], depth + 1)
            yield ""
        elif line or not opened:
            yield _moved(line, depth)


def _moved(line: str, depth: int) -> str:
    for _ in range(depth):
        line = line.removeprefix("\t")
    return line


def _table(markup: str) -> str:
    soup = BeautifulSoup(markup, "lxml")
    table = soup.find("table")
    if table is None:
        return ""
    has_header = table.get("header-row") == "true"
    lines = []
    for number, row in enumerate(table.find_all("tr")):
        tag = "th" if has_header and number == 0 else "td"
        cells = (_cell(cell.get_text(" ", strip=True)) for cell in row.find_all(["td", "th"]))
        lines.append("<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>")
    return "\n\n<table>\n" + "\n".join(lines) + "\n</table>\n\n" if lines else ""


def _cell(text: str) -> str:
    text = _ESCAPE.sub(r"\1", _EMPHASIS.sub(r"\2", " ".join(text.split())))
    return html.escape(text, quote=False)


def _target(found: re.Match[str], content: Content) -> str:
    attributes = dict(_ATTRIBUTE.findall(found[2]))
    listed = content.pages if found[1] == "page" else content.databases
    if (id_ := plain_id(attributes.get("url", ""))) is not None:
        listed.append(id_)
    return _INLINE.sub("", found[3]).strip()


def _media(attributes: str, caption: str, content: Content) -> str:
    source = dict(_ATTRIBUTE.findall(attributes)).get("src", "")
    return _attached(caption.strip(), source, content)


def _attached(caption: str, address: str, content: Content) -> str:
    """What is said of a file where it stands: its caption, or its name."""
    address = html.unescape(address)
    name = file_name(address)
    if address.startswith(("http://", "https://")):
        content.files.append((name, address))
    return caption or name


def file_name(address: str) -> str:
    return unquote(urlsplit(address).path.rsplit("/", 1)[-1])


def _date(attributes: str) -> str:
    found = dict(_ATTRIBUTE.findall(attributes))
    ends = [found[end] for end in ("start", "end") if found.get(end)]
    if ends and found.get("startTime"):
        ends[0] += f" {found['startTime']}"
    return " → ".join(ends)
