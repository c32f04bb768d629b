"""Text as Slack writes it, in both directions. Pure.

Slack's own markup is told apart from what people type by `<…>` alone: there three characters
are written as entities. Markdown blocks are taken as they are; nothing says that what pings in
mrkdwn does not ping there, so it is broken up by a character that nobody sees.
"""

import html
import re

_UNSEEN = "\u2060"
"""Word joiner: no width, no line break."""
_PINGS = re.compile(
    r"<(?=!(?:channel|here|everyone|group|subteam)|@[UW])|(?<![\w/])@(?=channel|here|everyone|group)",
    re.IGNORECASE,
)
_BEGUN = re.compile(r"(?:<[!@]?\w{0,8}|(?<![\w/])@\w{0,8})$")
_MARKUP = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")


def quiet(text: str) -> str:
    """Markdown that calls nobody, whatever a model or a document wrote in it."""
    return _PINGS.sub(lambda found: found[0] + _UNSEEN, text)


def settled(text: str) -> str:
    """A text in the making without an end that might yet become a call: `quiet` of a longer
    one begins with `quiet` of this."""
    return _BEGUN.sub("", text)


def escape(text: str) -> str:
    """For `text=` and mrkdwn objects."""
    return html.escape(quiet(text), quote=False)


def link(url: str, shown: str) -> str:
    """A link in mrkdwn."""
    address = html.escape(url, quote=False).replace("|", "%7C").replace(">", "%3E")
    label = escape(shown.replace("|", "\uff5c").replace("\n", " "))
    return f"<{address}|{label}>"


def read(text: str, bot_user: str) -> str:
    """What somebody wrote, as they saw it: without the call of the bot, links as addresses."""

    def seen(found: re.Match[str]) -> str:
        mark, target, label = found[1], found[2], found[3]
        if mark == "@":
            return "" if target == bot_user else f"@{label or target}"
        if mark == "#":
            return f"#{label or target}"
        if mark == "!":
            return label or f"@{target.partition('^')[0]}"
        return target.removeprefix("mailto:").removeprefix("tel:")

    plain = html.unescape(_MARKUP.sub(seen, text))
    return re.sub(r"[ \t]{2,}", " ", plain).strip()


def mentioned(text: str) -> frozenset[str]:
    """The ids of the users who are called in a text."""
    return frozenset(found[2] for found in _MARKUP.finditer(text) if found[1] == "@")
