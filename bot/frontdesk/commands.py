"""What is said to the bot that is no question: commands, typed with a slash or in plain words.

Pure.
"""

import unicodedata
from dataclasses import dataclass
from typing import Literal, get_args

Name = Literal[
    "ask", "help", "reset", "quota", "forgetme", "stop", "human", "resume", "link", "pair",
    "bad", "annotate", "unanswered", "sync",
]  # fmt: skip
NAMES: tuple[Name, ...] = get_args(Name)
FOR_ADMINS: frozenset[Name] = frozenset({"annotate", "unanswered", "sync"})
_WORDS: dict[str, Name] = {
    "找真人": "human", "真人": "human", "真人客服": "human", "轉真人": "human", "轉接真人": "human",
    "我要找真人": "human", "我想找真人": "human", "人工客服": "human", "转人工": "human",
    "找客服": "human", "talk to a human": "human", "human": "human",
    "停": "stop", "停止": "stop", "stop": "stop",
    "重新開始": "reset", "重来": "reset", "重來": "reset", "reset": "reset",
    "說明": "help", "指令": "help", "說明書": "help",
    "查額度": "quota", "額度": "quota",
    "忘記我": "forgetme", "忘了我": "forgetme",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Command:
    name: Name
    rest: str
    """What follows the name, as it was typed."""


def parse(text: str, prefix: str = "") -> Command | None:
    """None for a question. `prefix` stands before every name: `/kb-ask` with "kb-"."""
    said = text.strip()
    word = unicodedata.normalize("NFKC", said).rstrip("!。.~ ").casefold()
    if word in _WORDS:
        return Command(_WORDS[word], "")
    if not said.startswith(("/", "／")):
        return None
    head, _, rest = said[1:].replace("\n", " \n", 1).partition(" ")
    typed = unicodedata.normalize("NFKC", head).casefold()
    known = typed.removeprefix(prefix.casefold()) if prefix else typed
    name = next((one for one in NAMES if one == known), None)
    return None if name is None else Command(name, rest.strip())
