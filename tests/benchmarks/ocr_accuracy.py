"""What text recognition reads of a printed page of Traditional Chinese.

    python -m tests.benchmarks.ocr_accuracy [--font FILE] [--face 3]

Pages of the sample documents are set in several sizes, drawn as a 200 dpi scanner would see
them (A4), read through the same path as a picture in a folder, and compared character by
character: accuracy is 1 less the edit distance divided by the length, without spaces.
"""

import argparse
import io
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from knowledge.ingest import sample_folder
from knowledge.parsing import Tools, parse
from knowledge.parsing.readers import Here
from knowledge.sources.base import Found
from knowledge.sources.files import FileSource

FONT = Path("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc")
DPI = 200
A4 = (1654, 2339)
MARGIN = 160


def text_of_the_sample() -> str:
    """All that the Chinese documents of the sample say."""
    changes = FileSource(sample_folder(), readers=Here()).changes({})
    found = [change.document for change in changes if isinstance(change, Found)]
    chinese = [document for document in found if not document.source.startswith("english")]
    return "".join(block.text for document in chinese for block in document.blocks)


def page(text: str, points: float, font: Path, face: int) -> tuple[Image.Image, str]:
    """A page full of text, and what is on it."""
    size = round(points * DPI / 72)
    letters = ImageFont.truetype(font, size, index=face)
    image = Image.new("L", A4, 255)
    draw = ImageDraw.Draw(image)
    written, x, y = [], float(MARGIN), MARGIN
    for char in text.replace("\n", ""):
        wide = letters.getlength(char)
        if x + wide > A4[0] - MARGIN:
            x, y = float(MARGIN), y + round(size * 1.6)
        if y + size > A4[1] - MARGIN:
            break
        draw.text((x, y), char, font=letters, fill=0)
        written.append(char)
        x += wide
    return image, "".join(written)


def worn(image: Image.Image) -> Image.Image:
    """Copied askew: turned by one degree, blurred, with grain, and saved as a poor JPEG."""
    turned = image.rotate(1.0, fillcolor=255, resample=Image.Resampling.BICUBIC)
    soft = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.8)), np.float32)
    grain = np.random.default_rng(7).normal(0, 12, soft.shape)
    return Image.fromarray(np.clip(soft * 0.85 + 20 + grain, 0, 255).astype(np.uint8))


def saved(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def distance(wanted: str, got: str) -> int:
    """Insertions, deletions and replacements from one to the other."""
    row = np.arange(len(got) + 1)
    letters = np.array([ord(char) for char in got])
    steps = np.arange(len(got) + 1)
    for index, char in enumerate(wanted, 1):
        above = np.minimum(row[:-1] + (letters != ord(char)), row[1:] + 1)
        fresh = np.concatenate(([index], above))
        row = np.minimum.accumulate(fresh - steps) + steps
    return int(row[-1])


def accuracy(data: bytes, wanted: str, tools: Tools) -> tuple[float, float]:
    """Share of the characters that are right, and the seconds it took."""
    start = time.perf_counter()
    parsed = parse(data, "page.jpg", tools=tools)
    seconds = time.perf_counter() - start
    got = "".join("".join(block.text for block in parsed.blocks).split())
    wanted = "".join(wanted.split())
    return 1 - distance(wanted, got) / len(wanted), seconds


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints one line a page."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--font", type=Path, default=FONT)
    parser.add_argument("--face", type=int, default=3, help="of a font collection; 3 is Taiwan's")
    given = parser.parse_args(arguments)
    text, tools = text_of_the_sample(), Tools()
    for points in (14, 12, 10, 8):
        image, written = page(text, points, given.font, given.face)
        for name, data in (("clean", saved(image, 90)), ("worn", saved(worn(image), 40))):
            share, seconds = accuracy(data, written, tools)
            print(
                f"{points:2} pt {name:5}  {len(written):4} characters  {share:.4f}  {seconds:4.1f} s"
            )


if __name__ == "__main__":
    main()
