"""JPEG, PNG, WebP, GIF, BMP, TIFF: what is written in them, by text recognition."""

import io
import warnings
from collections.abc import Iterator

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from knowledge.errors import DocumentError
from knowledge.parsing.guard import damage
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.outline import Outline
from knowledge.parsing.sniff import too_large
from knowledge.parsing.text import clean, unwrap

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_MOST_PAGES = 200
_WRAPPED_FROM = 24
"""Columns; shorter lines are labels."""


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.damaged`, `file.too_large`, `file.pages`, `file.ocr_missing`,
    `file.scanned`."""
    outline = Outline()
    with damage(source.name, UnidentifiedImageError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about tags that nobody reads here
        with _open(source) as image:
            image.load()
            pages = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
            if pages > _MOST_PAGES:
                raise DocumentError("file.pages", source=source.name, limit=str(_MOST_PAGES))
            ocr = source.tools.ocr(source.name)
            for number, frame in enumerate(_frames(image), 1):
                outline.page = number if pages > 1 else None
                outline.text(paragraphs(ocr.lines(frame)))
                source.tools.pulse()
    blocks = outline.finish()
    if not blocks:
        raise DocumentError("file.scanned", source=source.name)
    return Draft(blocks)


def _open(source: Source) -> Image.Image:
    """Only the head is read so far."""
    try:
        image = Image.open(io.BytesIO(source.data), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise too_large(source.name, source.limits.file) from error
    if image.width * image.height > source.limits.pixels:
        raise too_large(source.name, source.limits.file)
    return image


def paragraphs(lines: list[str]) -> str:
    """Recognised lines as text, wrapped ones joined."""
    return "\n".join(unwrap([clean(line) for line in lines], _WRAPPED_FROM))


def _frames(image: Image.Image) -> Iterator[Image.Image]:
    """The pages of a TIFF; of an animation the first picture, which stands for all."""
    if image.format != "TIFF":
        yield _upright(image)
        return
    for frame in ImageSequence.Iterator(image):
        yield _upright(frame)


def _upright(image: Image.Image) -> Image.Image:
    """As a person holds it, and on white where it is transparent."""
    turned = ImageOps.exif_transpose(image)
    if "A" in turned.getbands() or "transparency" in turned.info:
        seen = turned.convert("RGBA")
        paper = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(paper, seen).convert("RGB")
    return turned.convert("RGB")
