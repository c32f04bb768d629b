"""Makes real files for tests."""

import io
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image, ImageDraw
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas


def saved(save: Callable[[Any], Any]) -> bytes:
    """What a library writes, given its method that saves."""
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


def pdf(pages: Sequence[Sequence[str]], title: str = "", password: str | None = None) -> bytes:
    """One line of text below the other, in a font that is named but not embedded."""
    pdfmetrics.registerFont(UnicodeCIDFont("MSung-Light"))
    buffer = io.BytesIO()
    canvas = Canvas(buffer, encrypt=StandardEncryption(password) if password else None)
    canvas.setTitle(title)
    for lines in pages:
        canvas.setFont("MSung-Light", 12)
        for index, line in enumerate(lines):
            canvas.drawString(72, 800 - 20 * index, line)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def mixed_pdf() -> bytes:
    """A page of text, then one that is nothing but a picture with the word OPENING in it."""
    picture = Image.new("RGB", (900, 300), "white")
    ImageDraw.Draw(picture).text((60, 100), "OPENING HOURS 2026", fill="black", font_size=64)
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(72, 700, "Leaf Stationery opens at ten every weekday.")
    canvas.showPage()
    canvas.drawImage(ImageReader(picture), 0, 300, 595, 200)
    canvas.save()
    return buffer.getvalue()
