"""Cuts text into sentences, Chinese and Latin; joined again they are the text, character for character."""

import re
from collections.abc import Callable, Iterator

_CLOSERS = "」』）)】》〉”’］\\]}"
_BOUNDARY = re.compile(
    rf"""
    (?: [。！？；｡]+ [。！？；｡!?…]* [{_CLOSERS}]*
      | [!?;]+ [{_CLOSERS}]* (?=["']?(?:\s|$)|[\u3000-\u9fff\uf900-\uffef])
      | \.+ [{_CLOSERS}]* (?=["']?(?:\s|$))
      | (?=\n)
    )
    """,
    re.VERBOSE,
)
_SPACE = re.compile(r"\s*")
_LAST_WORD = re.compile(r"[^\s(（「\"']*$")
_ABBREVIATIONS = re.compile(
    r"(?:mr|mrs|ms|dr|prof|st|mt|no|nos|vs|figs?|eq|sec|ch|vol|eds?|pp?|art|e\.g|i\.e|cf|al|approx|"
    r"inc|ltd|co|corp|dept|tel|ext|ave|rd|blvd|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|[a-z])",
    re.IGNORECASE | re.ASCII,
)
_COMMAS = re.compile(r"[，、：]+|,(?!\d)")
_BLANKS = re.compile(r"\s+")


def sentences(text: str) -> list[str]:
    """Sentences with the white space after them; a newline ends one too.

    A full stop in a decimal, an address, a time, an abbreviation, an initial or a
    list number ends none. Closing quotes and brackets stay with their sentence.
    """
    found, start = [], 0
    for match in _BOUNDARY.finditer(text):
        end = match.end()
        if end <= start or (text[match.start()] == "." and _goes_on(text, start, match)):
            continue
        if text[end : end + 1] in ('"', "'") and text.count(text[end], start, end) % 2:
            end += 1
        end = _end_of_space(text, end)
        found.append(text[start:end])
        start = end
    if start < len(text):
        found.append(text[start:])
    return found


def _end_of_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _goes_on(text: str, start: int, stop: re.Match[str]) -> bool:
    """True where a full stop belongs to a word, so that the sentence goes on."""
    position = stop.start()
    after = _end_of_space(text, stop.end())
    following = text[after : after + 1]
    if following.islower() and following.isascii():
        return True
    if stop.end() - position > 1:  # "..." or ".)" is no abbreviation
        return False
    before = text[max(start, position - 16) : position]
    word = _LAST_WORD.search(before)
    last = word.group() if word else ""
    if last.isdigit():
        return before.strip() == last
    return bool(_ABBREVIATIONS.fullmatch(last))


def fit(text: str, size: int) -> list[str]:
    """Pieces of at most `size` characters, white space at their end not counted.

    Cuts at sentences, then commas, then spaces, and only then anywhere.
    """
    return list(_fit(text, size, (sentences, _at(_COMMAS), _at(_BLANKS))))


def _fit(text: str, size: int, cutters: tuple[Callable[[str], list[str]], ...]) -> Iterator[str]:
    if len(text.rstrip()) <= size:
        yield text
    elif not cutters:
        yield from (text[i : i + size] for i in range(0, len(text), size))
    else:
        for piece in _packed(cutters[0](text), size):
            yield from _fit(piece, size, cutters[1:])


def _at(pattern: re.Pattern[str]) -> Callable[[str], list[str]]:
    def cut(text: str) -> list[str]:
        ends = [match.end() for match in pattern.finditer(text)]
        return [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True) if a < b]

    return cut


def _packed(pieces: list[str], size: int) -> Iterator[str]:
    """Neighbours joined again while they fit."""
    held = ""
    for piece in pieces:
        if held and len(held) + len(piece.rstrip()) > size:
            yield held
            held = ""
        held += piece
    if held:
        yield held
