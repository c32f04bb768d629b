"""DOCX: mammoth gives HTML with the meaning of the styles, the HTML path does the rest."""

import io
import zipfile
from xml.etree import ElementTree

import mammoth

from knowledge.parsing import web
from knowledge.parsing.guard import damage
from knowledge.parsing.model import Draft, Source

_TITLE = "document-title"
_STYLES = "\n".join(
    [f"p[style-name='{name}'] => p.{_TITLE}:fresh" for name in ("Title", "標題", "标题")]
    + [
        f"p[style-name='{name} {level}'] => h{level}:fresh"
        for name in ("標題", "标题")  # office suites that store the localised name
        for level in range(1, 7)
    ]
)
_DC_TITLE = "{http://purl.org/dc/elements/1.1/}title"


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.damaged`."""
    with damage(source.name):
        html = mammoth.convert_to_html(
            io.BytesIO(source.data), style_map=_STYLES, convert_image=_no_image
        ).value
        draft = web.read(html, f"p.{_TITLE}")
        # The title property is often left over from a template, so a real heading goes first.
        return Draft(draft.blocks, (*draft.titles, core_title(source.data)))


def _no_image(_image: object) -> list[object]:
    """Without this every picture would come along as a base64 address."""
    return []


def core_title(data: bytes) -> str:
    """The title property of an Office file, or an empty string."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if "docProps/core.xml" not in archive.namelist():
            return ""
        # Expat bounds the growth of entities and fetches no external ones.
        root = ElementTree.fromstring(archive.read("docProps/core.xml"))
    return (root.findtext(_DC_TITLE) or "").strip()
