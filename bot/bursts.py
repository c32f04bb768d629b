"""Whether more is to be expected: people type 「請問」「台北店」「幾點開？」 as three messages. Pure."""

import re

BURST_S = 1.5
"""Seconds in which the next message of a burst comes, if one does."""
_LONG = 12
"""Characters from which a message is a thought of its own."""
_COMPLETE = re.compile(r"[?？!！。.]\s*$|[嗎吗呢嘛麼么]\s*$|\n")


def hold_for(text: str, burst_s: float = BURST_S) -> float:
    """Seconds to wait for more; 0 for what is long or ends like a sentence."""
    said = text.strip()
    is_whole = len(said) >= _LONG or _COMPLETE.search(said) is not None
    return 0.0 if is_whole else burst_s
