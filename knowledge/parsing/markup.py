"""XML trees, read without fetching or growing anything."""

import re

from lxml import etree

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def tree(text: str | bytes) -> etree._Element:
    """The root element. Raises lxml's XMLSyntaxError (a SyntaxError)."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    if isinstance(text, str):  # decoded already, so that what it declares is no longer true
        text = _DECLARATION.sub("", text, count=1).lstrip().encode()
    return etree.fromstring(text, parser)


def local(element: etree._Element) -> str:
    """The tag without its namespace."""
    return str(etree.QName(element).localname)


def children(element: etree._Element) -> list[etree._Element]:
    """Child elements; unresolved entities are none."""
    return [child for child in element if isinstance(child.tag, str)]


def own_text(element: etree._Element) -> str:
    """Text directly inside the element."""
    return (element.text or "") + "".join(child.tail or "" for child in element)
