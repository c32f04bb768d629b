"""What a person sees of an answer while it is made."""

from bot.language import StreamingConverter
from bot.prompts import NO_DATA
from bot.thinking import RETRACT

_LONGEST = len(NO_DATA) + 3
"""With a mark, a full stop or a line end after it."""


class Screen:
    """Feed the model's deltas, show what comes back.

    A bare 無資料 is held back: what follows it is our own sentence, or another try.
    """

    def __init__(self, language: str) -> None:
        self._converter = StreamingConverter() if language == "zh-TW" else None
        self._held: str | None = ""

    def feed(self, delta: str) -> str:
        delta = delta.replace(RETRACT, "")
        shown = self._converter.feed(delta) if self._converter else delta
        if self._held is None:
            return shown
        self._held += shown
        if _may_be_refusal(self._held.strip()):
            return ""
        shown, self._held = self._held, None
        return shown


def _may_be_refusal(text: str) -> bool:
    return len(text) <= _LONGEST and (NO_DATA.startswith(text) or text.startswith(NO_DATA))
