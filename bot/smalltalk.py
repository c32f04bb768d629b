"""Small talk the bot answers by itself, and messages that ask nothing at all.

A message is small talk only when nothing but small talk is in it: every word of
「你好，請問幾點開門？」 that is left after the greeting makes it a question.
"""

import re
import unicodedata
from functools import cache
from typing import Literal

from knowledge.folding import fold

Talk = Literal["greeting", "thanks", "capabilities", "farewell", "identity", "acknowledgement"]
Meaning = Literal["ok", "empty", "symbols", "too_long"]

_LONGEST = 40
"""Folded characters; small talk is short, and the expressions need not see more."""

# Folded spellings (Simplified, small letters, without spaces between Chinese words).
_YOU = "(?:你们?|您|小秘书|机器人|bot)"
_TAIL = "(?:[啊呀呢吗嘛吧啦喔哦噢耶欸咧囉啰哈~唷哟了]*)"
_NAME = "(?:小秘书|机器人|大家|各位|老师|there|bot|all|everyone)?"
_HELLO = (
    "你好|您好|妳好|你们好|大家好|嗨+|嘿+|哈[啰囉喽罗]|早安?|早上好|上午好|午安|下午好|晚安|晚上好|安安"
    "|在吗|有人在?吗|hi+|hello+|hey+|yo|halo|goodmorning|goodafternoon|goodevening|greetings"
)
_THANKS = (
    f"(?:非常|十分|太|真的?|好的?|ok)?(?:谢谢|感谢|多谢|感恩|谢啦|谢了|谢)+(?:{_YOU}|大家)?"
    "(?:的)?(?:帮忙|帮助|协助|回答|回复|解答|说明)?"
    "|(?:3q|thx|thanks?|thankyou|ty|tks)(?:you|u)?(?:somuch|verymuch|alot)?(?:foryourhelp|forthehelp)?"
    "|辛苦(?:你|您)?了|manythanks|appreciateit"
)
_ABLE = (
    f"(?:请问)?{_YOU}?(?:可以|能|能够|都?会)(?:帮我|帮忙|帮|为我)?(?:做|回答|干|处理)?"
    "(?:些|一些|点)?(?:什么|哪些|啥|甚么)(?:忙|事|事情|问题)?"
    "|(?:你|您|小秘书)(?:有)?(?:什么|哪些)功能|(?:你|您|小秘书)的?功能(?:是什么|有哪些)"
    f"|(?:要|该)?(?:怎么|如何)(?:使用|用|问){_YOU}?|{_YOU}(?:要|该)?(?:怎么|如何)(?:使用|用|问)"
    "|我(?:可以|能)(?:问|问你|问您)(?:什么|哪些|些什么)(?:问题)?|使用说明|帮助|help|menu"
    "|whatcanyoudo(?:forme)?|whatdoyoudo|howcanyouhelp(?:me)?|whatcani(?:askyou|ask)|howdoi?(?:use)?(?:this|you)?work"
    "|howdo(?:es)?(?:this|it|you)work|howdoiuse(?:this|you|it)"
)
_WHO = (
    f"(?:请问)?{_YOU}(?:是|叫)(?:谁|什么|哪位|什么名字|什么东西|机器人|真人|人|ai|人工智能|人工智慧)(?:吗)?"
    f"|{_YOU}(?:的)?名字(?:是什么|是|叫什么)?|{_YOU}(?:怎么称呼|贵姓)|怎么称呼{_YOU}|(?:请)?自我介绍(?:一下)?|介绍一下(?:你|您)?自己"
    f"|{_YOU}是不是(?:机器人|真人|ai)|who(?:are|r)(?:you|u)|what(?:are|r)(?:you|u)|what(?:is|s)yourname"
    "|areyou(?:a|an)?(?:bot|robot|human|ai|person|realperson)"
)
_BYE = "掰+|掰掰|拜拜|再见|再会|下次见|明天见|先这样|bye+|byebye|goodbye|seeyou|cya|seeyoulater|goodnight|回头见|88|886"
_FINE = (
    "好+的?|好喔|好哦|ok+|okay|okie|kk?|了解|瞭解|明白|知道|收到|懂|嗯+|恩+|喔+|哦+|原来如此|没问题|没事|没有问题"
    "|这样(?:子)?|是(?:的)?喔?|对|对的|gotit|isee|sure|alright|great|nice|cool|understood|noted|太好了|太棒了|赞|不用了?|没有了?"
)

_WEIGHT: tuple[Talk, ...] = (
    "acknowledgement",
    "greeting",
    "thanks",
    "farewell",
    "identity",
    "capabilities",
)

_KINDS: tuple[tuple[Talk, str], ...] = (
    ("thanks", _THANKS),
    ("farewell", _BYE),
    ("identity", _WHO),
    ("capabilities", _ABLE),
    ("greeting", _HELLO),
    ("acknowledgement", _FINE),
)

# What may surround small talk without changing it: a question mark is kept out of
# the words too, since 「你是誰？」 and 「你是誰」 are the same.
_NOISE = re.compile(r"[\W_]+")
_SENTENCES = re.compile(r"[,.!?~、。\n]+")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_JOINERS = frozenset({"\u200d"})


@cache
def _patterns() -> tuple[tuple[Talk, re.Pattern[str]], ...]:
    called = "(?:小秘书|机器人)?"
    return tuple(
        (kind, re.compile(f"{called}(?:{words}){_TAIL}{_NAME}{_TAIL}")) for kind, words in _KINDS
    )


def route(text: str) -> Talk | None:
    """Which small talk the whole message is, or None for anything that may be a question.

    Several in a row count as the weightiest: 「好的，謝謝，掰掰」 is a farewell.
    """
    folded = fold(clean(text)).replace("'", "")
    if len(folded) > _LONGEST:
        return None
    whole = _kind(_NOISE.sub("", folded))
    if whole is not None:
        return whole
    kinds = [kind for part in _SENTENCES.split(folded) for kind in _clause(part)]
    told = [kind for kind in kinds if kind is not None]
    return max(told, key=_WEIGHT.index) if told and len(told) == len(kinds) else None


def _clause(text: str) -> list[Talk | None]:
    """The kinds of one clause: as a whole or, failing that, of each of its words."""
    whole = _kind(_NOISE.sub("", text))
    if whole is not None:
        return [whole]
    words = [_NOISE.sub("", word) for word in text.split()]
    return [_kind(word) for word in words if word]


def _kind(words: str) -> Talk | None:
    for kind, pattern in _patterns():
        if pattern.fullmatch(words):
            return kind
    return None


def clean(text: str) -> str:
    """Without control, zero-width, bidirectional and unassigned characters, trimmed.

    Line ends become ``\\n``, tabs become spaces, and the joiner inside an emoji stays.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(_keep(lines)).strip()


def _keep(text: str) -> list[str]:
    kept: list[str] = []
    for at, char in enumerate(text):
        if char in _JOINERS:
            if 0 < at < len(text) - 1 and _is_symbol(text[at + 1]):
                kept.append(char)
        elif char == "\n" or unicodedata.category(char) not in _INVISIBLE:
            kept.append(char)
    return kept


def _is_symbol(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sk", "Mn"}


def meaningful(text: str, limit: int = 2000) -> Meaning:
    """Whether a message can be a question; ``limit`` in characters after `clean`."""
    plain = clean(text)
    if not plain:
        return "empty"
    if len(plain) > limit:
        return "too_long"
    return "ok" if any(char.isalnum() for char in plain) else "symbols"
