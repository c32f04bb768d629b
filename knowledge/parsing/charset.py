"""Which East Asian encoding bytes are in, where they do not say: the one that reads as everyday text.

Nearly any bytes can be decoded as Big5, GB18030 and Shift-JIS alike; read wrongly, the result is
a scatter of rare characters. So each candidate is judged by how many of its characters are common.
"""

import codecs
from functools import cache

_CANDIDATES = ("cp950", "big5hkscs", "gb18030", "cp932")
_SAMPLE = 64 * 1024
"""Bytes."""
_LEAST = 0.6
"""Share of everyday characters below which no candidate is believed."""
_LEVELS = (
    ("big5", range(0xA4, 0xC7)),
    ("gb2312", range(0xB0, 0xD8)),
    ("shift_jis", range(0x88, 0x98)),
)
"""The first level of each standard, by lead byte: what its makers held to be common."""
_MARKS = (
    *range(0x3000, 0x3020),  # punctuation
    *range(0x3041, 0x30FF),  # kana
    *range(0xFF01, 0xFF5F),  # full-width forms
    *range(0x2010, 0x2027),
    *range(0x2460, 0x2474),
)


def east_asian(data: bytes) -> str | None:
    """The encoding that makes most sense of the bytes; None where none does."""
    sample = data[:_SAMPLE]
    scores = [(_score(sample, encoding), encoding) for encoding in _CANDIDATES]
    best, encoding = max(scores, key=lambda scored: scored[0])
    return encoding if best >= _LEAST else None


def _score(sample: bytes, encoding: str) -> float:
    """Share of everyday characters among those that are not ASCII; 0 where it cannot be decoded."""
    try:
        text = codecs.getincrementaldecoder(encoding)("strict").decode(sample, final=False)
    except UnicodeError:
        return 0.0
    wide = [char for char in text if char > "\x7f"]
    return sum(char in _everyday() for char in wide) / len(wide) if wide else 0.0


@cache
def _everyday() -> frozenset[str]:
    common = {
        char
        for encoding, leads in _LEVELS
        for lead in leads
        for trail in range(0x40, 0xFF)
        for char in bytes((lead, trail)).decode(encoding, errors="ignore")
        if char > "\x7f"
    }
    return frozenset(common | set(map(chr, _MARKS)))
