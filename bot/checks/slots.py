"""A word put where the passage has another one between the same neighbours.

「由德國學者王五開創」 against 「由德國學者陸特開創」: a small model that mixes things up
keeps the sentence and changes the name. People who paraphrase change more than one
place, or use an everyday word, so everyday words are let through.
"""

import re
from collections.abc import Sequence

from bot.checks.marks import without_marks
from bot.checks.support import FILLERS, GLUE
from bot.checks.text import fold

_RUN = re.compile(r"[\u3400-\u9fff·・•‧]+")
_EVERYDAY = frozenset(
    "的了是在和与及或也都就而但并且于以为之其这那此该个们把被让从到由对向将会能可有请你您我他她它不没无未须应需要必再还只很更最"
    "做作成用给打开关取拿放换退买卖付缴收寄送到达来去进出上下内外前后中间时日月年天早晚点分"
    "办理申使提供携带出示享受获得得支付购消费期限店家本每各全部所另加"
)
_REACH = 2
"""Characters on each side that must be the same."""
_FAR = 4
"""Characters after it that must be the same where nothing stands before it."""
_LONGEST = 8


def replaced(sentence: str, passages: Sequence[str], question: str) -> str | None:
    """A run of the sentence that nothing holds and that stands in another word's place.

    ``passages`` and ``question`` are folded.
    """
    asked = question
    for run in _RUN.findall(fold(without_marks(sentence))):
        for start, end in _novel(run, passages, asked):
            word: str = run[start:end]
            if not _is_everyday(word) and any(
                _stands_for(run, start, end, passage) for passage in passages
            ):
                return word
    return None


def _novel(run: str, passages: Sequence[str], asked: str) -> list[tuple[int, int]]:
    """Where characters stand of which no pair with a neighbour is known."""
    pairs = [run[at : at + 2] for at in range(len(run) - 1)]
    texts = (*passages, asked)
    known = [pair in FILLERS or any(pair in text for text in texts) for pair in pairs]
    covered = [
        (at > 0 and known[at - 1]) or (at < len(known) and known[at]) for at in range(len(run))
    ]
    spans: list[tuple[int, int]] = []
    for at, is_known in enumerate(covered):
        if is_known:
            continue
        if spans and spans[-1][1] == at:
            spans[-1] = (spans[-1][0], at + 1)
        else:
            spans.append((at, at + 1))
    trimmed = [_trim(run, *span) for span in spans]
    return [(start, end) for start, end in trimmed if 2 <= end - start <= _LONGEST]


def _trim(run: str, start: int, end: int) -> tuple[int, int]:
    """Without the glue at both ends: 與義大利的 is about 義大利."""
    while start < end and run[start] in GLUE:
        start += 1
    while start < end and run[end - 1] in GLUE:
        end -= 1
    return start, end


def _is_everyday(word: str) -> bool:
    return sum(char in _EVERYDAY for char in word) * 2 >= len(word)


def _stands_for(run: str, start: int, end: int, passage: str) -> bool:
    """Whether the passage has another word between the same neighbours.

    The word may also stand last in its clause, here and there; or first, if more of what
    follows is the same.
    """
    word = run[start:end]
    left = run[max(0, start - _REACH) : start]
    right = run[end : end + (_REACH if left else _FAR)]
    if len(right) < (_REACH if left else _FAR) and (right or len(left) < _REACH):
        return False
    before = re.escape(left) if len(left) == _REACH else rf"(?<![\u3400-\u9fff]){left}"
    after = re.escape(right) if right else r"(?![\u3400-\u9fff])"
    between = re.compile(f"{before}([\u3400-\u9fff·・•‧]{{1,{_LONGEST}}}?){after}")
    return any(_is_other(word, match[1]) for match in between.finditer(passage))


def _is_other(word: str, there: str) -> bool:
    """東門站 and 忠孝復興站 are different; 免費 and 免費的 are not."""
    if word[-1] == there[-1] and len(word) > 2 and len(there) > 2:
        word, there = word[:-1], there[:-1]
    return not set(word) & set(there)
