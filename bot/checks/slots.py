"""A word put where the passage has another one between the same neighbours.

「由德國學者王五開創」 against 「由德國學者陸特開創」: a small model that mixes things up
keeps the sentence and changes the name. People who paraphrase change more than one
place, or use an everyday word, so everyday words are let through.
"""

import re
from collections.abc import Sequence

from bot.checks.marks import without_marks
from bot.checks.text import fold

_RUN = re.compile(r"[\u3400-\u9fff·・•‧]+")
_EVERYDAY = frozenset(
    "的了是在和与及或也都就而但并且于以为之其这那此该个们把被让从到由对向将会能可有请你您我他她它不没无未须应需要必再还只很更最"
    "做作成用给打开关取拿放换退买卖付缴收寄送到达来去进出上下内外前后中间时日月年天早晚点分"
    "办理申使提供携带出示享受获得得支付购消费期限店家本每各全部所另加"
)
_REACH = 2
"""Characters on each side that must be the same."""
_LONGEST = 8


def replaced(sentence: str, passages: Sequence[str], question: str) -> str | None:
    """A run of the sentence that nothing holds and that stands in another word's place.

    ``passages`` and ``question`` are folded.
    """
    asked = question
    for run in _RUN.findall(fold(without_marks(sentence))):
        for start, end in _novel(run, passages, asked):
            word: str = run[start:end]
            left, right = run[max(0, start - _REACH) : start], run[end : end + _REACH]
            if len(left) < _REACH or len(right) < _REACH or _is_everyday(word):
                continue
            if any(_stands_for(word, left, right, passage) for passage in passages):
                return word
    return None


def _novel(run: str, passages: Sequence[str], asked: str) -> list[tuple[int, int]]:
    """Where characters stand of which no pair with a neighbour is known."""
    known = [
        any(run[at : at + 2] in text for text in (*passages, asked)) for at in range(len(run) - 1)
    ]
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
    return [(start, end) for start, end in spans if 2 <= end - start <= _LONGEST]


def _is_everyday(word: str) -> bool:
    return sum(char in _EVERYDAY for char in word) * 2 >= len(word)


def _stands_for(word: str, left: str, right: str, passage: str) -> bool:
    between = re.compile(
        f"{re.escape(left)}([\u3400-\u9fff·・•‧]{{1,{_LONGEST}}}?){re.escape(right)}"
    )
    return any(not set(match[1]) & set(word) for match in between.finditer(passage))
