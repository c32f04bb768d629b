"""PDF: the text layer page by page, wrapped lines joined, running heads dropped; scans are read.

PDFium is not safe to use from several threads at once; parse one PDF at a time per process.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from knowledge.errors import DocumentError
from knowledge.parsing.guard import damage
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.text import clean, close_up, unwrap
from knowledge.passages import Block

_WRAPPED_FROM = 30
"""Columns; narrower lines are cells or labels, not wrapped prose."""
_HYPHEN = re.compile("-?[\ufffe\x02]\n?")
"""How PDFium marks a word hyphenated at the end of a line."""
_DIGITS = re.compile(r"\d+|[〇一二三四五六七八九十百]+(?=\s*頁)")
_REPEATED = 0.6
_DPI = 200
_RENDERED = 2400
"""Most pixels along the longer side of a rendered page."""
_STAMP = 30
"""Characters up to which the text of a page may be a stamp upon a scan."""
_COVERED = 0.5
_VISIBLE = 0.01
"""Shares of the page that a picture takes, with such a stamp and without any text."""
_DRAWN = (pdfium_c.FPDF_PAGEOBJ_IMAGE, pdfium_c.FPDF_PAGEOBJ_PATH)
_MOST_SCANS = 500
_SENTENCE = re.compile(r"^[^\n]*?[。！？；][」』）)】》”’]*")
_RADICALS = {
    code: unicodedata.normalize("NFKC", chr(code))
    for code in (*range(0x2E80, 0x2FD6), 0xFA0E)
    if unicodedata.normalize("NFKC", chr(code)) != chr(code)
}
"""Many fonts map common characters to look-alike radicals (⽇ for 日), which no search finds."""


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.damaged`, `file.encrypted`, `file.scanned`, `file.ocr_missing`,
    `file.pages`."""
    with damage(source.name):
        document = _open(source)
        try:
            pages = [_page_lines(document, index) for index in range(len(document))]
            scanned = [index for index in range(len(document)) if _is_scan(document, index, pages)]
            lacking = _read_scans(document, scanned, pages, source)
            title = clean(document.get_metadata_dict().get("Title", ""))
        finally:
            document.close()
    if not any(pages):
        raise lacking or DocumentError("file.scanned", source=source.name)
    texts = _finish_sentences([_paragraphs(lines) for lines in _without_running_heads(pages)])
    blocks = (Block(text, page=number) for number, text in enumerate(texts, 1) if text.strip())
    return Draft(tuple(blocks), (title,), (lacking,) if lacking else ())


def _open(source: Source) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(source.data)
    except pdfium.PdfiumError as error:
        if error.err_code in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY):
            raise DocumentError("file.encrypted", source=source.name) from error
        raise


def _page_lines(document: pdfium.PdfDocument, index: int) -> list[str]:
    """Non-empty lines of one page; none where the page itself is damaged."""
    try:
        page = document[index]
        text = page.get_textpage().get_text_bounded()
        page.close()
    except pdfium.PdfiumError:
        return []
    text = clean(_HYPHEN.sub("", text.replace("\r\n", "\n"))).translate(_RADICALS)
    return [close_up(line.strip()) for line in text.split("\n") if line.strip()]


def _is_scan(document: pdfium.PdfDocument, index: int, pages: Sequence[list[str]]) -> bool:
    """Whether next to nothing of the page is text, and a picture or drawing may be."""
    if sum(map(len, pages[index])) > _STAMP:
        return False
    try:
        page = document[index]
        whole = page.get_width() * page.get_height()
        covered = max(map(_area, page.get_objects(_DRAWN, max_depth=3)), default=0.0)
        page.close()
    except pdfium.PdfiumError:
        return False
    return bool(covered >= whole * (_COVERED if pages[index] else _VISIBLE))


def _area(drawn: pdfium.PdfObject) -> float:
    left, bottom, right, top = drawn.get_bounds()
    return float((right - left) * (top - bottom))


def _read_scans(
    document: pdfium.PdfDocument, scanned: Sequence[int], pages: list[list[str]], source: Source
) -> DocumentError | None:
    """Fill in the lines of pages that are pictures; why they cannot be read, if they cannot."""
    if not scanned:
        return None
    if len(scanned) > _MOST_SCANS:
        raise DocumentError("file.pages", source=source.name, limit=str(_MOST_SCANS))
    try:
        ocr = source.tools.ocr(source.name)
    except DocumentError as error:
        return error
    for index in scanned:
        read = [close_up(line) for line in ocr.lines(_picture(document, index))]
        # A stamp that is text is in the picture, too.
        pages[index] = read if sum(map(len, read)) > sum(map(len, pages[index])) else pages[index]
        source.tools.pulse()
    return None


def _picture(document: pdfium.PdfDocument, index: int) -> Image.Image:
    """A page as it is printed, with a bound on its pixels whatever its paper."""
    page = document[index]
    longest = max(page.get_width(), page.get_height(), 1)
    picture: Image.Image = page.render(
        scale=min(_RENDERED / longest, _DPI / 72), grayscale=True
    ).to_pil()
    page.close()
    return picture


def _without_running_heads(pages: Sequence[list[str]]) -> list[list[str]]:
    """Drop first and last lines that most pages share, page numbers aside."""
    filled = [lines for lines in pages if len(lines) > 2]
    if len(filled) < 3:
        return list(pages)
    least = len(filled) * _REPEATED
    heads = Counter(_shape(lines[0]) for lines in filled)
    feet = Counter(_shape(lines[-1]) for lines in filled)
    return [
        lines[
            1 if lines and heads[_shape(lines[0])] >= least else 0 : len(lines)
            - (1 if len(lines) > 1 and feet[_shape(lines[-1])] >= least else 0)
        ]
        for lines in pages
    ]


def _shape(line: str) -> str:
    return _DIGITS.sub("#", line).replace(" ", "")


def _paragraphs(lines: list[str]) -> str:
    return "\n".join(unwrap(lines, _WRAPPED_FROM))


def _finish_sentences(texts: list[str]) -> list[str]:
    """Move the rest of a sentence that runs over the page break to the page it began on."""
    done = list(texts)
    for index in range(len(done) - 1):
        before, after = done[index], done[index + 1]
        rest = _SENTENCE.match(after)
        last = before.rsplit("\n", 1)[-1]
        # Only long last lines run on; short ones are headings, labels or numbers.
        if rest and len(last) >= 15 and last[-1].isalnum() | (last[-1] in "，、"):
            done[index] = before + rest.group()
            done[index + 1] = after[rest.end() :].lstrip("\n")
    return done
