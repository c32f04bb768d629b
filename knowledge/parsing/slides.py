"""PPTX: each slide's title, text, tables and notes; the page is the slide's number."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

from pptx import Presentation
from pptx.exc import PythonPptxError
from pptx.util import Emu

from knowledge.parsing.guard import damage
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.outline import Outline
from knowledge.parsing.text import clean, one_line


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.damaged`."""
    outline = Outline()
    first = ""
    with damage(source.name, PythonPptxError):
        deck = Presentation(io.BytesIO(source.data))
        for number, slide in enumerate(deck.slides, 1):
            if slide.element.get("show") != "0":
                title = _add_slide(outline, slide, number)
                first = first or title
        blocks = outline.finish()
        return Draft(blocks, (first, str(deck.core_properties.title or "")))


def _add_slide(outline: Outline, slide: Any, number: int) -> str:
    title = slide.shapes.title
    name = one_line(clean(title.text_frame.text)) if title is not None else ""
    outline.turn_page(number)
    outline.heading(1, name)
    for shape in _in_reading_order(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            _add_shape(outline, shape)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        outline.text(clean(slide.notes_slide.notes_text_frame.text))
    return name


def _in_reading_order(shapes: Iterable[Any]) -> Iterator[Any]:
    """From top to bottom, then left to right; groups opened."""
    placed = sorted(shapes, key=lambda shape: (shape.top or Emu(0), shape.left or Emu(0)))
    for shape in placed:
        if hasattr(shape, "shapes"):
            yield from _in_reading_order(shape.shapes)
        else:
            yield shape


def _add_shape(outline: Outline, shape: Any) -> None:
    if getattr(shape, "has_table", False) and shape.has_table:
        rows = [[clean(cell.text) for cell in row.cells] for row in shape.table.rows]
        outline.table(rows, header=bool(shape.table.first_row))
    elif shape.has_text_frame:
        outline.text("\n".join(_bullets(shape.text_frame.paragraphs)))


def _bullets(paragraphs: Iterable[Any]) -> Iterator[str]:
    for paragraph in paragraphs:
        text = clean(paragraph.text).strip()
        if text:
            yield "  " * paragraph.level + text
