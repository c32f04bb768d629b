"""From the deltas a server sends to text that may be shown and stored."""

from bot.thinking import ThinkFilter, strip_thinking

_CHARS_PER_TOKEN = 8
"""More than any tokenizer packs into one token on average."""


class Cleaner:
    """Removes thinking, mends split surrogates, and knows when a server ignores the limit."""

    def __init__(self, max_tokens: int) -> None:
        self._think = ThinkFilter()
        self._half = ""
        self._given = ""
        self._left = max_tokens * _CHARS_PER_TOKEN + 1000

    @property
    def is_overrun(self) -> bool:
        """Whether the server sent far more text than it was asked for."""
        return self._left <= 0

    @property
    def is_blank(self) -> bool:
        """Whether nothing to read was given so far, retracted thoughts not counted."""
        return not strip_thinking(self._given)

    def feed(self, delta: str) -> str:
        self._left -= len(delta)
        return self._give(self._think.feed(self._mend(delta)))

    def close(self) -> str:
        """What was held back until the end was known."""
        return self._give(self._think.feed(self._mend("", last=True)) + self._think.close())

    def _give(self, text: str) -> str:
        self._given += text
        return text

    def _mend(self, delta: str, *, last: bool = False) -> str:
        # JSON may carry an emoji as two escapes, and a server may send them one by one;
        # a half without its other half cannot be written as UTF-8.
        text, self._half = self._half + delta, ""
        if text and not last and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        if text.isascii():
            return text
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
