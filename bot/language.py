"""Which language somebody writes, and Chinese as it is written in Taiwan.

Only what is written in Simplified characters is converted. Traditional text stays as
it is: OpenCC's word tables would turn its 文件 into 檔案 and its 台 into 臺.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Literal

import opencc

from bot.thinking import RETRACT, ThinkFilter, strip_thinking

__all__ = ["RETRACT", "StreamingConverter", "ThinkFilter", "detect", "strip_thinking", "to_taiwan"]

Language = Literal["zh", "en", "other"]

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_HIRAGANA = re.compile(r"[\u3041-\u306d\u306f-\u3096]")  # without の, which shops like to write
_KATAKANA = re.compile(r"[\u30a1-\u30fa]")
_HANGUL = re.compile(r"[\uac00-\ud7af\u1100-\u11ff\u3131-\u318e]")
_CHINESE = re.compile(r"[的嗎吗呢嘛吧這这哪怎麼么們们沒没請请問问幾几您你我是有在可]|什|多少|如何")
_ENGLISH = re.compile(
    r"\b(?:what|how|when|where|who|which|why|is|are|was|do|does|did|can|could|may|will|would|should"
    r"|the|an?|to|of|for|in|on|at|my|your|i|you|it|there|please|have|has|and|or|with|much|many)\b",
    re.I,
)


def detect(text: str) -> Language:
    """The asker's language. Names of things count little: 「iPhone 15 Pro 有賣嗎」 is Chinese."""
    hiragana = len(_HIRAGANA.findall(text))
    han = len(_HAN.findall(text))
    chinese = len(_CHINESE.findall(text))
    if _HANGUL.search(text) and len(_HANGUL.findall(text)) >= han:
        return "other"
    if hiragana >= 2 or ((hiragana or _KATAKANA.search(text)) and not chinese):
        return "other"
    if han:
        english = len(_ENGLISH.findall(text))
        return "en" if english >= 2 and english > chinese else "zh"
    letters = [char for char in text if char.isalpha()]
    latin = sum(char.isascii() for char in letters)
    return "en" if letters and latin >= 0.9 * len(letters) else "other"


@cache
def _taiwan_words() -> opencc.OpenCC:
    return opencc.OpenCC("s2twp")


@cache
def _taiwan_characters() -> opencc.OpenCC:
    return opencc.OpenCC("s2tw")


# Characters that Big5 has, but that nobody in Taiwan writes in place of 萬, 與, 體 …
_IN_BIG5_YET_SIMPLIFIED = frozenset(
    "万与么价优体党厂听圣坏宁异庄忏怀怜惊扑扰据机极构气洁洒离种筑网胜虫蚕蜡触赶辟适荐吨岭"
)


@cache
def _taiwan(char: str) -> str:
    """The character as Taiwan writes it, where no other reading of it is possible."""
    if not _HAN.match(char):
        return char
    written = str(_taiwan_characters().convert(char))
    if written == char or char in _IN_BIG5_YET_SIMPLIFIED:
        return written
    try:
        char.encode("big5")
    except UnicodeEncodeError:
        return written
    return char


def _is_simplified(text: str) -> bool:
    return any(_taiwan(char) != char for char in text)


class StreamingConverter:
    """Converts deltas as they come, character by character; `to_taiwan` has the last word."""

    def feed(self, delta: str) -> str:
        return delta if delta.isascii() else "".join(map(_taiwan, delta))


_OPAQUE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]+`|https?://[^\s，。；、）」』》]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.S
)
_QUOTED = re.compile(r"「[^「」]*」|『[^『』]*』|《[^《》]*》")
_SENTENCE = re.compile(r"[^。！？；\n]*[。！？；\n]*")
_LONGEST_SPAN = 24
"""Characters looked at for one span that stands in the evidence; longer ones come in pieces."""


def to_taiwan(text: str, protected: Iterable[str] = ()) -> str:
    """Chinese in Taiwan's characters and words; sentences without Simplified ones stay.

    ``protected``: texts of the evidence. What stands in them in Traditional characters,
    and what the answer quotes from them in 「」『』《》, is kept letter for letter, and so
    are code, addresses and everything that is not Chinese.
    """
    if not _is_simplified(text):
        return text
    # A lone surrogate cannot be handed to OpenCC.
    text = text.encode("utf-8", "replace").decode("utf-8")
    evidence = tuple(protected)
    pieces: list[str] = []
    end = 0
    for opaque in _OPAQUE.finditer(text):
        pieces += [_prose(text[end : opaque.start()], evidence), opaque[0]]
        end = opaque.end()
    return "".join([*pieces, _prose(text[end:], evidence)])


def _prose(text: str, evidence: tuple[str, ...]) -> str:
    pieces: list[str] = []
    end = 0
    for quoted in _QUOTED.finditer(text):
        if any(quoted[0][1:-1] in source for source in evidence):
            pieces += [_sentences(text[end : quoted.start()], evidence), quoted[0]]
            end = quoted.end()
    return "".join([*pieces, _sentences(text[end:], evidence)])


def _sentences(text: str, evidence: tuple[str, ...]) -> str:
    return "".join(
        _convert(sentence, evidence) if _is_simplified(sentence) else sentence
        for sentence in _SENTENCE.findall(text)
    )


def _convert(sentence: str, evidence: tuple[str, ...]) -> str:
    """Converts around the spans that the evidence writes the same way."""
    traditional = "\n".join(part for source in evidence for part in _traditional(source))
    pieces: list[str] = []
    at = start = 0
    while at < len(sentence):
        length = _kept(sentence, at, traditional)
        if length:
            pieces += [_words(sentence[start:at], traditional), sentence[at : at + length]]
            start = at = at + length
        else:
            at += 1
    return "".join([*pieces, _words(sentence[start:], traditional)])


def _traditional(source: str) -> list[str]:
    return [part for part in _SENTENCE.findall(source) if part and not _is_simplified(part)]


def _kept(sentence: str, at: int, traditional: str) -> int:
    """Length of the longest span from here, of two characters or more, that stays."""
    length = 0
    for end in range(at + 2, min(len(sentence), at + _LONGEST_SPAN) + 1):
        span = sentence[at:end]
        if _is_simplified(span[-2:]) or span not in traditional:
            break
        length = end - at
    return length


def _words(text: str, traditional: str) -> str:
    converted = str(_taiwan_words().convert(text)) if text and not text.isascii() else text
    # OpenCC writes 臺灣; people and signs mostly write 台灣. The evidence decides.
    return converted if "臺" in traditional else converted.replace("臺", "台")
