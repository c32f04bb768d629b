"""Answers and replies as the messages that Discord's API takes: JSON values. Pure.

content      at most 2,000 characters, code fences opened again in the next message
embeds       the sources: 25 fields and 6,000 characters a message
components   the buttons: 5 rows of 5, 80 characters a label, 100 of data
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.text import split, utf16
from bot.frontdesk.actions import Action, offers
from bot.frontdesk.replies import Reply
from bot.messages import Answer, Citation
from bot.phrases import Say

Message = dict[str, Any]

CONTENT = 2000
"""In UTF-16 units, the strictest way to count."""
LABEL = 80
NOBODY: Mapping[str, list[str]] = {"parse": []}
"""Who is notified: `@everyone` in a document is text."""
EPHEMERAL = 1 << 6
_EMBED = 6000
"""Characters in all embeds of one message."""
_FIELDS = 25
_TITLE = 256
_QUOTE = 200
_URL = 500
_COLOR = 0x5865F2
_IN_A_ROW = 5
_BUTTONS = 25
_STYLES = {"plain": 2, "good": 3, "bad": 4}
_BLANK = "\u200b"
"""What a message holds that has nothing to say but its sources."""


def answer_parts(answer: Answer, request_id: str, say: Say, language: str) -> list[Message]:
    """The whole answer; sources and buttons are on the last messages."""
    actions = offers(answer, request_id, say, language)
    text = _text(answer, actions)
    parts = [message(piece) for piece in _pieces(text)]
    embeds = sources(answer.citations, say("shown.sources", language))
    for number, embed in enumerate(embeds):
        if number:
            parts.append(message(say("shown.continued", language)))
        parts[-1]["embeds"] = [embed]
    parts[-1]["components"] = rows(actions)
    return parts


def reply_parts(reply: Reply) -> list[Message]:
    parts = [message(piece) for piece in _pieces(reply.text)]
    parts[-1]["components"] = rows(reply.actions)
    return parts


def message(content: str) -> Message:
    """Everything is named, so that an edit leaves nothing of what stood there."""
    return {
        "content": content,
        "embeds": [],
        "components": [],
        "allowed_mentions": {"parse": list(NOBODY["parse"])},
    }


def provisional(text: str) -> Message:
    """What stands there while the answer is made: as much as fits."""
    return message(split(text, CONTENT, utf16)[0] if text.strip() else _BLANK)


def _text(answer: Answer, actions: Sequence[Action]) -> str:
    """With the remark beside the answer; choices that fit no button are spelled out."""
    told = [answer.text]
    if answer.outcome == "clarify" and any(utf16(one.label) > LABEL for one in actions):
        told.append("\n".join(f"{n}. {one}" for n, one in enumerate(answer.choices, 1)))
    if answer.notice:
        told.append(answer.notice)
    return "\n\n".join(told)


def _pieces(text: str) -> list[str]:
    """Discord refuses messages of nothing but blanks."""
    return [piece for piece in split(text, CONTENT, utf16) if piece.strip()] or [_BLANK]


# -- sources --------------------------------------------------------------------------------------


def sources(citations: Sequence[Citation], heading: str) -> list[Message]:
    """Embeds, each for a message of its own: mostly one."""
    embeds: list[Message] = []
    left = 0
    for number, citation in enumerate(citations, 1):
        field = _field(number, citation)
        size = utf16(field["name"]) + utf16(field["value"])
        if not embeds or size > left or len(embeds[-1]["fields"]) == _FIELDS:
            embeds.append({"title": heading, "color": _COLOR, "fields": []})
            left = _EMBED - utf16(heading)
        embeds[-1]["fields"].append(field)
        left -= size
    return embeds


def _field(number: int, citation: Citation) -> Message:
    lines = [citation.locator or "", *_quoted(citation.quote), *_address(citation.link)]
    value = "\n".join(filter(None, lines))
    return {"name": shortened(f"[{number}] {citation.title}", _TITLE), "value": value or _BLANK}


def _quoted(quote: str) -> Iterator[str]:
    plain = " ".join(quote.split())
    if plain:
        yield f"> {shortened(plain, _QUOTE)}"


def _address(source: str) -> Iterator[str]:
    """A link that is cut leads nowhere: a longer one is left out."""
    if re.match(r"https?://\S+$", source) and utf16(source) <= _URL:
        yield source


def shortened(text: str, limit: int) -> str:
    """At most so many UTF-16 units, and a mark where something is missing."""
    if utf16(text) <= limit:
        return text
    kept = text[:limit]
    while utf16(kept) > limit - 1:
        kept = kept[:-1]
    return f"{kept}…"


# -- buttons --------------------------------------------------------------------------------------


def rows(actions: Sequence[Action]) -> list[Message]:
    distinct = list({action.data: action for action in actions}.values())  # or all are refused
    buttons = [_button(action, number) for number, action in enumerate(distinct[:_BUTTONS], 1)]
    return [
        {"type": 1, "components": buttons[at : at + _IN_A_ROW]}
        for at in range(0, len(buttons), _IN_A_ROW)
    ]


def _button(action: Action, number: int) -> Message:
    """One whose label is too long begins with its number in the text."""
    label = action.label
    if utf16(label) > LABEL:
        label = shortened(f"{number}. {label}", LABEL)
    return {
        "type": 2, "style": _STYLES[action.style], "label": label, "custom_id": action.data,
    }  # fmt: skip


# -- commands in sentences --------------------------------------------------------------------------


def with_commands(text: str, ids: Mapping[str, int]) -> str:
    """`/help` becomes what can be clicked, under the name that the reader's client gives it.

    `ids`: of the registered commands, by their full names.
    """
    if not ids:
        return text
    names = "|".join(re.escape(name) for name in sorted(ids, key=len, reverse=True))
    found = re.compile(rf"(?<![A-Za-z0-9_/<.-])/({names})(?![A-Za-z0-9_/-])")
    return found.sub(lambda match: f"</{match[1]}:{ids[match[1]]}>", text)
