"""Text recognition: a picture becomes lines in reading order.

RapidOCR with the models inside its wheel; the only module that imports it, and only when used.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from PIL import Image
from rapidocr import RapidOCR
from rapidocr.utils.output import RapidOCROutput

_SETTINGS = {
    "Global.log_level": "critical",
    "Global.max_side_len": 1600,
    # One line at a time: a batch is padded to its widest line, and takes half as much memory again.
    "Rec.rec_batch_num": 1,
    "EngineConfig.onnxruntime.intra_op_num_threads": 2,
}
_PROSE = 0.6
"""A column of text is made of lines this wide, measured in columns; cells of a table are not."""
_LEAST_LINES = 4


@dataclass(frozen=True, slots=True)
class _Line:
    left: float
    top: float
    right: float
    bottom: float
    text: str


class Ocr:
    """One engine; not for two threads at once."""

    def __init__(self) -> None:
        self._engine = RapidOCR(params=_SETTINGS)

    def lines(self, picture: Image.Image) -> list[str]:
        """The text of a picture, one string a line; cells of a table row share a line."""
        pixels = np.asarray(picture.convert("RGB"))[:, :, ::-1]
        found = self._engine(np.ascontiguousarray(pixels))
        if not isinstance(found, RapidOCROutput) or found.boxes is None or not found.txts:
            return []
        return list(
            in_order([_line(box, text) for box, text in zip(found.boxes, found.txts, strict=True)])
        )


def _line(box: Sequence[Sequence[float]], text: str) -> _Line:
    across, down = [point[0] for point in box], [point[1] for point in box]
    return _Line(min(across), min(down), max(across), max(down), text.strip())


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
