"""SVG: the words in the drawing."""

from collections.abc import Iterator

from lxml import etree

from knowledge.parsing.markup import local
from knowledge.parsing.model import Draft
from knowledge.parsing.outline import Outline
from knowledge.parsing.text import clean, one_line

_SHOWN = ("text", "desc", "title", "p", "div")
_HIDDEN = ("defs", "metadata", "style", "script")


def draft(root: etree._Element) -> Draft:
    """One line for each piece of text; the drawing's own title titles it."""
    lines = [one_line(clean(text)) for text in _texts(root)]
    title = root.findtext("{*}title") or ""
    outline = Outline()
    outline.text("\n".join(filter(None, dict.fromkeys(lines))))
    return Draft(outline.finish(), (clean(title),))


def _texts(element: etree._Element) -> Iterator[str]:
    if not isinstance(element.tag, str) or local(element) in _HIDDEN or _is_invisible(element):
        return
    if local(element) in _SHOWN:
        yield "".join(str(text) for text in element.itertext())
        return
    for child in element:
        yield from _texts(child)


def _is_invisible(element: etree._Element) -> bool:
    style = str(element.get("style") or "").replace(" ", "")
    return (
        element.get("display") == "none"
        or element.get("visibility") == "hidden"
        or "display:none" in style
        or "visibility:hidden" in style
    )
