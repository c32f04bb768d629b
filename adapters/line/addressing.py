"""Whether something said in a group is meant for the bot, and what remains of it then. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_AFTER_NAME = " \t\n\u3000,，、:：!！~～"


def addressed(
    text: str, mentionees: Sequence[Mapping[str, Any]], name: str | None, called: Iterable[str]
) -> str | None:
    """The text without the bot's name; None where it is not called.

    Called is who is mentioned, whose name is typed with an @, and whose name (or another
    agreed word) the message begins with.
    """
    mine = [one for one in mentionees if one.get("isSelf") is True]
    if mine:
        return _without(text, mine).strip()
    names = [*([name] if name else []), *called]
    typed = _at_name(names).search(text) if names else None
    if typed is not None:
        return (text[: typed.start()] + text[typed.end() :]).strip()
    said = text.lstrip()
    for one in sorted(names, key=len, reverse=True):
        if one and said[: len(one)].casefold() == one.casefold():
            return said[len(one) :].lstrip(_AFTER_NAME).rstrip()
    return None


def _at_name(names: Iterable[str]) -> re.Pattern[str]:
    """Typed by hand, where the client did not make a mention of it."""
    either = "|".join(re.escape(one) for one in sorted(names, key=len, reverse=True) if one)
    return re.compile(rf"[@＠](?:{either})", re.IGNORECASE)


def _without(text: str, mentions: Sequence[Mapping[str, Any]]) -> str:
    """LINE counts in UTF-16 units, an emoji is two of them."""
    units = text.encode("utf-16-le", "surrogatepass")
    for one in sorted(mentions, key=_index, reverse=True):
        start = 2 * _index(one)
        units = units[:start] + units[start + 2 * int(one.get("length") or 0) :]
    return units.decode("utf-16-le", "replace")


def _index(mention: Mapping[str, Any]) -> int:
    return int(mention.get("index") or 0)
