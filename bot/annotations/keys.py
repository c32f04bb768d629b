"""The form in which two spellings of one question are the same."""

import hashlib
import re

from knowledge.folding import fold

_LIMIT = 500
"""Characters of the column that keeps a key."""
_HEAD = 400
_KEPT = re.compile(r"(?<=\d)[.:/,-](?=\d)|(?<![^\W_])-(?=\d)|[#+%$](?![^\W\d_])|[^\W_]")
"""1.5 is not 15, C++ is not C, 50% is not 50, -5 is not 5."""
_BEFORE = re.compile("^(?:你好|您好|哈啰|嗨|不好意思|请问一下|请问|想请问|想问一下|想问)")
_AFTER = re.compile("(?:谢谢你|谢谢您|谢谢|感谢|[呢啊呀喔哦噢耶啦])$")
_LEAST = 2
"""Characters that must remain when politeness goes."""


def exact_key(text: str) -> str:
    """Folded (width, case, Traditional and Simplified), without punctuation, spaces, greeting
    and thanks. Empty where nothing is said; at most 500 characters, a long one ends in a digest.

    嗎 and 吧 stay: with them a sentence may be a question, without them an order.
    """
    key = "".join(_KEPT.findall(fold(text)))
    key = _polite(key)
    if len(key) <= _LIMIT:
        return key
    return f"{key[:_HEAD]}#{hashlib.sha256(key.encode()).hexdigest()}"


def _polite(key: str) -> str:
    while True:
        shorter = _AFTER.sub("", _BEFORE.sub("", key))
        if shorter == key or len(shorter) < _LEAST:
            return key
        key = shorter
