"""Replies of censored models that dodge the question instead of answering it.

Hosted models of some makers, and a few open ones, meet words on a list with a set phrase
("let us change the subject") or a mark of the server's. That is a failure of the model and no
answer, nor is it the honest 無資料 of one that read the passages.
"""

import re
from typing import Final

from bot.thinking import RETRACT

FINISH_REASONS: Final = frozenset({"content_filter", "sensitive", "sensitive_content", "safety"})
_SERVERS_WORDS: Final = re.compile(
    r"data_inspection_failed|content_filter|contentFilter|content_policy|inappropriate content"
    r"|不安全或敏感|敏感内容|敏感詞|敏感词|违规内容|high risk|sensitive (?:words?|content)",
    re.IGNORECASE,
)
_OPENERS: Final = (
    "很抱歉",
    "抱歉",
    "对不起",
    "對不起",
    "你好",
    "您好",
    "作为",
    "作為",
    "根据相关",
    "根據相關",
    "这个",
    "這個",
    "该问题",
    "我还没",
    "我還沒",
    "让我们",
    "讓我們",
    "尊敬的",
    "亲爱的",
)
_DODGES: Final = re.compile(
    r"[换換](?:一?[个個])?(?:其他|其它)?(?:话题|話題|问题|問題)|(?:话题|話題)[^。]{0,8}[换換]一?[个個]"
    r"|[还還][没沒](?:有)?(?:学[会习]|學[會習])(?:如何|怎么|怎麼)?回答"
    r"|(?:相关|相關)(?:法律|法规|法規)[^。]{0,20}(?:无法|無法|不能|不予)"
    r"|(?:敏感|不合适|不適當|不当)的?(?:话题|話題|内容|內容|信息|资讯)"
    r"|无法给到相关内容|無法給到相關內容"
)
_DECIDED_AFTER: Final = 60
"""Characters; the set phrases are short and come at once."""


def is_servers_refusal(text: str) -> bool:
    """Whether an error's code or message says that the words were not allowed."""
    return _SERVERS_WORDS.search(text) is not None


class Evasion(Exception):
    """The reply is a set phrase; nothing of it was let through."""


class Watch:
    """Feed the start of a reply, show what comes back; holds back only what begins like a set
    phrase, until it is known to be one or not. Raises `Evasion`."""

    def __init__(self) -> None:
        self._held = ""
        self._is_open = True

    def feed(self, text: str) -> str:
        self._is_open = self._is_open or RETRACT in text  # what came before was only thought
        if not self._is_open:
            return text
        self._held += text
        start = self._held.rpartition(RETRACT)[2].lstrip()
        if _DODGES.search(start[: 2 * _DECIDED_AFTER]) and _begins_so(start):
            raise Evasion
        if len(start) < _DECIDED_AFTER and _begins_so(start):
            return ""
        return self.close()

    def close(self) -> str:
        """What was held back."""
        held, self._held, self._is_open = self._held, "", False
        return held


def _begins_so(start: str) -> bool:
    """Also while the opening word is not yet whole."""
    return any(start.startswith(opener) or opener.startswith(start) for opener in _OPENERS)
