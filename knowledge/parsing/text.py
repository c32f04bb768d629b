"""Bytes to clean text: which encoding, which characters to drop, how to join wrapped lines."""

import codecs
import re
import unicodedata

from charset_normalizer import from_bytes

from knowledge.errors import DocumentError
from knowledge.parsing.charset import east_asian

_BOMS = (  # UTF-32's little-endian mark begins with UTF-16's, so it comes first
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDER = {  # web pages declare the small standard and use its vendor's extension
    "big5": "cp950",
    "big5-tw": "cp950",
    "csbig5": "cp950",
    "x-x-big5": "cp950",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "us-ascii": "cp1252",
}
_NEWLINES = re.compile("\r\n?|[\u2028\u2029\u0085\x0b\x0c]")
# Controls, zero-width and bidi marks, lone surrogates, non-characters: invisible to a reader,
# but they split words for the index and cannot all be stored.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_CJK = "\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff"
_WRAP = re.compile(r"[ \t]*\n[ \t]*")
_CJK_WRAP = re.compile(f"(?<=[{_CJK}])[ \t]*\n[ \t]*(?=[{_CJK}])")
_CJK_SPACE = re.compile(f"(?<=[{_CJK}]) (?=[{_CJK}])")
_ITEM = re.compile(
    r"\s*(?:[-*+•●■□◆◇○※▪‧·–—]\s*|[(（]?[0-9a-zA-Z]{1,3}[)）.、．]\s*|"
    r"[(（]?[一二三四五六七八九十]{1,3}[)）、.．]|第[0-9一二三四五六七八九十百]{1,5}[章節條項篇款]|[Qq&AaＱＡ]\d*[:：])"
)
_ENDS = tuple("。！？；：!?;:.…」』）)】》")


def clean(text: str) -> str:
    """Uniform newlines, no invisible characters, non-breaking spaces as spaces."""
    return _INVISIBLE.sub("", _NEWLINES.sub("\n", text)).replace("\u00a0", " ")


def decode(data: bytes, name: str, declared: str | None = None) -> str:
    """Decode a text file and clean it; `declared` is what the file says about itself.

    Raises:
        DocumentError: `file.encoding` when no encoding makes text of the bytes.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return clean(data[len(mark) :].decode(encoding, errors="replace"))
    text = _utf16_without_mark(data) or _strict(data.replace(b"\0", b""), declared)
    if text is None or _is_binary(text):
        raise DocumentError("file.encoding", source=name)
    return clean(text)


def _strict(data: bytes, declared: str | None) -> str | None:
    named = (declared or "").strip().lower()
    for encoding in ("utf-8", _WIDER.get(named, named)):
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeError, ValueError):
            continue
    return _nearly_utf8(data) or _guess(data)


def _nearly_utf8(data: bytes) -> str | None:
    """UTF-8 with a few bad bytes, such as a log cut in the middle of a character."""
    text = data.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = sum(1 for char in text[:20000] if char > "\x7f" and char != "\ufffd")
    return text if bad <= max(1, len(text) // 200) and good >= 4 * bad else None


def _guess(data: bytes) -> str | None:
    likely = east_asian(data)
    if likely is None:
        best = from_bytes(data).best()
        likely = best.encoding if best else None
    # What lies behind the part that was looked at may hold a few characters of Hong Kong.
    for encoding in (likely, "big5hkscs") if likely else ():
        try:
            return data.decode(encoding)
        except UnicodeError:
            continue
    return None


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 shows by ASCII characters (spaces, newlines, digits) whose other byte is NUL."""
    sample = data[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    # 一 (U+4E00) has a NUL on the other side, so one side need only clearly outweigh the other.
    if len(data) % 2 or max(even, odd) < max(1, len(sample) // 100, 2 * min(even, odd)):
        return None
    try:
        text = data.decode("utf-16-le" if odd > even else "utf-16-be")
    except UnicodeError:
        return None
    return text if _looks_written(text) else None


def _looks_written(text: str) -> bool:
    """Text of a real script: most characters assigned and none of them control characters."""
    sample = text[:2000]
    odd = sum(
        1
        for char in sample
        if unicodedata.category(char) in ("Cc", "Cn", "Co") and char not in "\r\n\t"
    )
    return odd * 20 < len(sample)


def _is_binary(text: str) -> bool:
    sample = text[:20000]
    controls = sum(1 for char in sample if char < " " and char not in "\r\n\t\x0b\x0c\x1b")
    return controls * 10 > len(sample)


def width(line: str) -> int:
    """Columns a line takes in a fixed-width font."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


def one_line(text: str) -> str:
    """Newlines to spaces, but to nothing between two Chinese characters."""
    return _WRAP.sub(" ", _CJK_WRAP.sub("", text.strip()))


def join_cjk(text: str) -> str:
    """Remove newlines between two Chinese characters and keep all others."""
    return _CJK_WRAP.sub("", text)


def close_up(line: str) -> str:
    """Remove the spaces of a line set with wide spacing, where each character stands apart."""
    closed = _CJK_SPACE.sub("", line)
    return closed if (len(line) - len(closed)) * 5 >= len(closed) * 3 else line


def unwrap(lines: list[str], least: int, full: float = 0.86) -> list[str]:
    """Undo hard wrapping: join a line that fills the measure with the line after it.

    `least` is the narrowest measure (columns) at which lines count as wrapped; below
    it equal lengths are taken for a list. A line that ends its sentence stays a line.
    """
    widths = [width(line) for line in lines]
    measure = sorted(widths)[int(len(widths) * 0.95)] if widths else 0
    if measure < least:
        return lines
    joined: list[str] = []
    for index, line in enumerate(lines):
        previous = lines[index - 1].rstrip() if index else ""
        wrapped = widths[index - 1] >= measure * full and not previous.endswith(_ENDS)
        if joined and line.strip() and previous and wrapped and not _ITEM.match(line):
            joined[-1] = one_line(f"{joined[-1]}\n{line.lstrip()}")
        else:
            joined.append(line)
    return joined
