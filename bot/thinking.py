"""Takes a reasoning model's thoughts out of what it says, while it is said."""

import re

RETRACT = "\x18"
"""Put in the stream where a thought ends that nobody saw begin: what came before it
was thought too. `strip_thinking` drops it; on a screen the control character shows nothing."""

_NAMES = ("think", "thinking", "thought", "reasoning")
_OPENING = re.compile(rf"<(?:{'|'.join(_NAMES)})>", re.I)
_CLOSING = re.compile(rf"</(?:{'|'.join(_NAMES)})>", re.I)
_TAG = re.compile(rf"</?(?:{'|'.join(_NAMES)})>", re.I)
_TAGS = tuple(f"<{slash}{name}>" for name in _NAMES for slash in ("", "/"))
_LONGEST = max(map(len, _TAGS))
_CERTAIN = 4
"""Characters of an unfinished tag at the very end from which it is no longer plain text."""


class ThinkFilter:
    """Feed deltas, show what comes back; a tag may be split anywhere between two deltas."""

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._blank = True
        """Whether nothing was shown yet, so that line ends after a thought can go."""

    def feed(self, delta: str) -> str:
        text, self._held = self._held + delta, ""
        shown: list[str] = []
        while text:
            tag = (_CLOSING if self._inside else _TAG).search(text)
            if tag is None:
                text = self._hold(text)
                shown.append("" if self._inside else text)
                break
            shown.append(self._cross(text, tag))
            text = text[tag.end() :]
        return self._trim("".join(shown))

    def close(self) -> str:
        """What was held back as the possible start of a tag; an open thought stays hidden."""
        held, self._held = self._held, ""
        return "" if self._inside or len(held) >= _CERTAIN else self._trim(held)

    def _cross(self, text: str, tag: re.Match[str]) -> str:
        before = text[: tag.start()]
        if self._inside:
            self._inside = False
            return ""
        if _OPENING.fullmatch(tag[0]):
            self._inside = True
            return before
        return before + RETRACT

    def _hold(self, text: str) -> str:
        """Keeps back the longest end that may become a tag."""
        start = text.rfind("<", max(0, len(text) - _LONGEST))
        if start >= 0 and any(tag.startswith(text[start:].lower()) for tag in _TAGS):
            self._held = text[start:]
            return text[:start]
        return text

    def _trim(self, text: str) -> str:
        if self._blank:
            text = text.lstrip()
            self._blank = not text
        return text


def strip_thinking(text: str) -> str:
    """The whole answer without thoughts, also those whose opening tag was never sent."""
    thinking = ThinkFilter()
    return (thinking.feed(text) + thinking.close()).rpartition(RETRACT)[2].strip()
