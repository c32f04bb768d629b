"""Citation marks in every shape that models give them, and the sentences they stand in."""

import re
from dataclasses import dataclass
from itertools import pairwise

_WORD = (
    r"(?:参考资料|參考資料|资料来源|資料來源|来源|來源|资料|資料|参考|參考|出处|出處"
    r"|sources?|ref(?:erence)?s?|doc(?:ument)?s?)"
)
_LIST = r"\d{1,2}(?:\s*[,、，;和及與与&-]\s*\[?\d{1,2})*"
MARK = (
    rf"(?i:[\[［【〔]\s*\^?{_WORD}?\s*[:：#]?\s*{_LIST}\s*[\]］】〕]"
    rf"|[(（]\s*{_WORD}\s*[:：#]?\s*\[?{_LIST}\]?\s*[)）])"
)
"""[1] [1, 2] 【1】 ［1］ (來源1) …, in text as it was written or folded."""

_MARK = re.compile(MARK)
_END = re.compile(
    rf"(?:[。！？!?；]+[」』”\"）)]*|(?<![ap]\.m)(?<!\b[A-Z])\.(?=\s+[A-Z\[【]|\s*$|\s*{MARK})|(?=\n))"
    rf"(?:[ \t]*{MARK})*\s*"
)
_SPACE_BEFORE_END = re.compile(r"[ \t]+(?=[。，、；：！？.,;:!?]|$)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without its marks."""

    body: str
    marks: tuple[int, ...]
    """0-based passages, as the model numbered them, existing or not."""
    gap: str
    """The white space after it."""


def sentences(text: str) -> list[Sentence]:
    """All of the text, in order: bodies and gaps joined give it back, but for its marks."""
    cuts = [0, *(end.end() for end in _END.finditer(text) if end.end() > end.start()), len(text)]
    pieces = [text[start:end] for start, end in pairwise(cuts)]
    return [_sentence(piece) for piece in pieces if piece.strip()]


def _sentence(piece: str) -> Sentence:
    marks = [number for mark in _MARK.findall(piece) for number in _numbers(mark)]
    body = _SPACE_BEFORE_END.sub("", _MARK.sub("", piece).rstrip())
    gap = piece[len(piece.rstrip()) :]
    return Sentence(body.strip(), tuple(dict.fromkeys(marks)), gap)


def _numbers(mark: str) -> list[int]:
    spread = re.fullmatch(r"\D*(\d{1,2})\s*-\s*(\d{1,2})\D*", mark)
    if spread and int(spread[1]) < int(spread[2]) <= int(spread[1]) + 5:
        return list(range(int(spread[1]) - 1, int(spread[2])))
    return [int(number) - 1 for number in re.findall(r"\d+", mark)]


def without_marks(text: str) -> str:
    return _MARK.sub("", text)
