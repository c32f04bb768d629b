"""Text recognition: a picture becomes lines in reading order.

RapidOCR with the models inside its wheel; the only module that imports it, and only when used.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rapidocr import RapidOCR
from rapidocr.utils.output import RapidOCROutput

_SETTINGS = {
    "Global.log_level": "critical",
    "Global.max_side_len": 1600,
    # It turns lines of digits upside down; whole pages that are, we turn ourselves.
    "Global.use_cls": False,
    "Global.text_score": 0.0,
    # One line at a time: a batch is padded to its widest line, and takes half as much memory again.
    "Rec.rec_batch_num": 1,
    "EngineConfig.onnxruntime.intra_op_num_threads": 2,
}
_PROSE = 0.6
"""A column of text is made of lines this wide, measured in columns; cells of a table are not."""
_LEAST_LINES = 4
_SURE = 0.85
"""Mean confidence of a page that is read the right way up; upside down it is about 0.67."""
_LEAST_SURE = 0.5
"""Below this a line is a guess at a pattern."""


@dataclass(frozen=True, slots=True)
class _Line:
    left: float
    top: float
    right: float
    bottom: float
    text: str
    sure: float
    """The engine's own confidence, from 0 to 1."""


class Ocr:
    """One engine; not for two threads at once."""

    def __init__(self) -> None:
        self._engine = RapidOCR(params=_SETTINGS)

    def lines(self, picture: Image.Image) -> list[str]:
        """The text of a picture, one string a line; cells of a table row share a line."""
        pixels = np.asarray(picture.convert("RGB"))[:, :, ::-1]
        best, lines = self._read(pixels)
        for quarters in () if best >= _SURE else (2, 1, 3) if lines else (2,):
            sure, turned = self._read(np.rot90(pixels, quarters))
            best, lines = max((best, lines), (sure, turned), key=lambda read: read[0])
        return list(in_order([line for line in lines if line.sure >= _LEAST_SURE]))

    def _read(self, pixels: NDArray[np.uint8]) -> tuple[float, list[_Line]]:
        """Mean confidence, and the lines as they are found."""
        found = self._engine(np.ascontiguousarray(pixels))
        if not isinstance(found, RapidOCROutput) or found.boxes is None or not found.txts:
            return 0.0, []
        told = zip(found.boxes, found.txts, found.scores or (), strict=True)
        lines = [_line(box, text, sure) for box, text, sure in told]
        return sum(line.sure for line in lines) / len(lines), lines


def _line(box: Sequence[Sequence[float]], text: str, sure: float) -> _Line:
    across, down = [point[0] for point in box], [point[1] for point in box]
    return _Line(min(across), min(down), max(across), max(down), text.strip(), sure)


def in_order(lines: Sequence[_Line]) -> Iterator[str]:
    """Columns of prose one after the other; whatever else stands side by side shares a line."""
    for column in _columns(sorted(lines, key=lambda line: line.left)):
        for row in _rows(column):
            yield "  ".join(line.text for line in sorted(row, key=lambda line: line.left))


def _columns(lines: Sequence[_Line]) -> list[Sequence[_Line]]:
    """Split at the gutter that no line crosses, where there is prose on both sides of it."""
    right = 0.0
    for index, line in enumerate(lines):
        if index and line.left > right:
            before, after = lines[:index], lines[index:]
            if _is_prose(before) and _is_prose(after):
                return [before, *_columns(after)]
        right = max(right, line.right)
    return [lines]


def _is_prose(lines: Sequence[_Line]) -> bool:
    wide = max(line.right for line in lines) - min(line.left for line in lines)
    usual = median(line.right - line.left for line in lines)
    tall = median(line.bottom - line.top for line in lines)
    return len(lines) >= _LEAST_LINES and usual >= wide * _PROSE and usual >= tall * 8


def _rows(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """From top to bottom; lines whose middles are at one height make a row."""
    row: list[_Line] = []
    for line in sorted(lines, key=lambda line: line.top + line.bottom):
        if (
            row
            and (line.top + line.bottom) / 2 > row[-1].bottom - (row[-1].bottom - row[-1].top) / 4
        ):
            yield row
            row = []
        row.append(line)
    if row:
        yield row
