"""What a check found: a name, a state, and one sentence that says how to mend it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from adapters.settings import Settings
from bot.phrases import say

State = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    """The same in every language."""
    name: str
    state: State
    sentence: str


Check = Callable[[Settings], Finding | None]
"""None: there is nothing to say of this. Raises KnowledgeError, BotError: an error."""


def found(settings: Settings, code: str, state: State = "ok") -> Callable[[str], Finding]:
    """Makes a finding of a sentence."""
    name = say(f"doctor.{code}", settings.bot_language)
    return lambda sentence: Finding(code, name, state, sentence)


def tell(settings: Settings, code: str, state: State, key: str, **detail: object) -> Finding:
    """With one of the bot's own sentences."""
    return found(settings, code, state)(say(key, settings.bot_language, **detail))
