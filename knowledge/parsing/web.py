"""HTML: what a reader came for, as Markdown; navigation, scripts and hidden parts dropped."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Comment, Tag
from bs4.dammit import EncodingDetector
from bs4.exceptions import ParserRejectedMarkup
from markdownify import MarkdownConverter

from knowledge.parsing import markdown
from knowledge.parsing.grids import lift_tables
from knowledge.parsing.guard import damage
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.outline import Outline
from knowledge.parsing.text import decode, join_cjk
from knowledge.passages import Block

_DROPPED = [
    "nav",
    "script",
    "style",
    "aside",
    "noscript",
    "template",
    "svg",
    "math",
    "iframe",
    "object",
    "canvas",
    "video",
    "audio",
    "button",
    "select",
    "input",
    "textarea",
    "dialog",
    "head",
]
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.I
)
_REACHABLE = re.compile(r"^(?:https?:|mailto:|tel:)", re.I)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ESCAPED_SPACES = re.compile(r"[ \t]+\n")


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.encoding`, `file.damaged`."""
    declared = EncodingDetector.find_declared_encoding(source.data, is_html=True)
    text = decode(source.data, source.name, declared)
    with damage(source.name, ParserRejectedMarkup):
        return read(text)


def read(text: str, title_at: str = "title") -> Draft:
    """Parse decoded HTML; also the second half of the Word parser.

    `title_at` is the CSS selector of the title, which is not repeated among the blocks.
    """
    soup = BeautifulSoup(_DECLARATION.sub("", text, count=1), "lxml")
    marked = soup.select_one(title_at)
    title = marked.extract().get_text(strip=True) if marked else ""
    outline = Outline()
    _add(outline, soup)
    blocks = outline.finish() or ((Block(title),) if title else ())
    return Draft(blocks, tuple(filter(None, [title, outline.opening])))


def feed(outline: Outline, text: str) -> None:
    """Add a fragment of HTML to an outline."""
    _add(outline, BeautifulSoup(text, "lxml"))


def _add(outline: Outline, soup: BeautifulSoup) -> None:
    for tag in list(_unwanted(soup)):
        if not tag.decomposed:
            tag.decompose()
    for link in soup.find_all("a"):
        if not _REACHABLE.match(str(link.get("href") or "")):
            link.unwrap()
    slots = markdown.Slots()
    lift_tables(soup, slots)
    text = _converter().convert_soup(soup)
    markdown.feed(outline, join_cjk(_ESCAPED_SPACES.sub("\n", text)), slots.grids)


def _converter() -> MarkdownConverter:
    return MarkdownConverter(
        heading_style="ATX",
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
        newline_style="backslash",
        strip=["strong", "b", "em", "i", "u", "s", "del", "img", "sup", "sub"],
    )


def _unwanted(soup: BeautifulSoup) -> Iterator[Tag]:
    yield from soup.find_all(_DROPPED)
    for tag in soup.find_all(["header", "footer"]):
        # The header of an article holds its title; the page's own holds the menu.
        if not tag.find_parent(["article", "main", "section"]):
            yield tag
    for tag in soup.find_all(True):
        style = str(tag.get("style") or "")
        if (
            tag.has_attr("hidden")
            or tag.get("aria-hidden") == "true"
            or _HIDDEN_STYLE.search(style)
        ):
            yield tag
    for comment in soup.find_all(string=lambda node: isinstance(node, Comment)):
        comment.extract()
