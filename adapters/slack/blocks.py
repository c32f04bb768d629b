"""Block Kit, as far as we speak it, and messages filled with it. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from adapters.slack.mrkdwn import escape
from adapters.text import split
from bot.frontdesk.actions import Action, decode

MARKDOWN_LIMIT = 11_500
"""Characters of all Markdown of a message. Slack allows 12,000, and refuses some 13,000 of all
blocks together."""
SECTION_LIMIT = 3000
BLOCK_LIMIT = 45
"""Blocks of a message; Slack allows 50."""
BUTTON_LIMIT = 75
"""Characters on a button."""
ROW_LIMIT = 25
"""Buttons in one block."""
FALLBACK_LIMIT = 3000
"""Characters of `text`, which notifications and screen readers show; `chat.update` takes 4,000."""
_ACTION_ID = "secretary"
_STYLES = {"good": "primary", "bad": "danger"}

Block = dict[str, Any]
Message = dict[str, Any]
"""`text` and `blocks`."""


def markdown(text: str) -> Block:
    return {"type": "markdown", "text": text}


def section(mrkdwn: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn}}


def context(mrkdwn: str) -> Block:
    """Small and grey. `verbatim`: nothing in it becomes a link by itself."""
    text = {"type": "mrkdwn", "text": mrkdwn, "verbatim": True}
    return {"type": "context", "elements": [text]}


def sections(text: str) -> list[Block]:
    """Plain text, however long."""
    return [section(escaped) for escaped in pieces(text, SECTION_LIMIT)]


def pieces(text: str, limit: int) -> list[str]:
    """Escaped, each at most `limit` long as Slack counts; what is cut is never an entity."""
    return [
        piece
        for part in split(text, limit, lambda one: len(escape(one)))
        if (piece := escape(part))
    ]


# -- buttons ------------------------------------------------------------------------------------


def buttons(actions: Sequence[Action]) -> list[Block]:
    """Thumbs as Slack's own feedback buttons, the rest as ordinary ones."""
    votes = [action for action in actions if _is_vote(action)]
    others = [action for action in actions if not _is_vote(action)]
    if len(votes) != 2:
        others, votes = list(actions), []
    return [*([feedback(votes[0], votes[1])] if votes else []), *rows(others)]


def rows(actions: Sequence[Action]) -> list[Block]:
    return [
        {"type": "actions", "elements": [_button(action, at) for at, action in enumerate(some)]}
        for start in range(0, len(actions), ROW_LIMIT)
        if (some := actions[start : start + ROW_LIMIT])
    ]


def _is_vote(action: Action) -> bool:
    tap = decode(action.data)
    return tap is not None and tap.kind == "rate"


def feedback(up: Action, down: Action) -> Block:
    element = {
        "type": "feedback_buttons",
        "action_id": f"{_ACTION_ID}:feedback",
        "positive_button": {"text": _plain(up.label), "value": up.data},
        "negative_button": {"text": _plain(down.label), "value": down.data},
    }
    return {"type": "context_actions", "elements": [element]}


def _button(action: Action, number: int) -> Block:
    button = {
        "type": "button",
        "action_id": f"{_ACTION_ID}:{number}",
        "text": _plain(action.label),
        "value": action.data,
    }
    style = _STYLES.get(action.style)
    return {**button, "style": style} if style else button


def _plain(text: str, limit: int = BUTTON_LIMIT) -> Block:
    short = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return {"type": "plain_text", "text": short, "emoji": True}


def without_feedback(blocks: Iterable[Block]) -> list[Block]:
    """The same for a workspace that knows no feedback buttons."""
    return [_as_row(block) if block["type"] == "context_actions" else block for block in blocks]


def _as_row(block: Block) -> Block:
    [element] = block["elements"]
    sides = (element["positive_button"], element["negative_button"])
    return {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": f"{_ACTION_ID}:vote{number}", **side}
            for number, side in enumerate(sides)
        ],
    }


# -- messages -----------------------------------------------------------------------------------


def size(block: Block) -> int:
    """Characters that are read in it."""
    match block["type"]:
        case "markdown":
            return len(block["text"])
        case "section":
            return len(block["text"]["text"])
        case "context":
            return sum(len(element["text"]) for element in block["elements"])
        case _:
            return 0


def as_text(blocks: Iterable[Block]) -> str:
    """All that is read in them, as mrkdwn, for a workspace that takes no such blocks."""
    return "\n\n".join(filter(None, map(_read, blocks)))


def _read(block: Block) -> str:
    match block["type"]:
        case "markdown":
            return escape(block["text"])
        case "section":
            return str(block["text"]["text"])
        case "context":
            return "\n".join(element["text"] for element in block["elements"])
        case _:
            return ""


def packed(blocks: Sequence[Block]) -> list[list[Block]]:
    """As few messages as hold them all, in order; never empty."""
    messages: list[list[Block]] = [[]]
    room = MARKDOWN_LIMIT
    for block in blocks:
        if messages[-1] and (size(block) > room or len(messages[-1]) >= BLOCK_LIMIT):
            messages.append([])
            room = MARKDOWN_LIMIT
        messages[-1].append(block)
        room -= size(block)
    return messages


def fallback(text: str) -> str:
    """What notifications show of a message; the blocks hold all of it."""
    parts = pieces(text.strip() or "…", FALLBACK_LIMIT)
    return parts[0] if len(parts) == 1 else f"{parts[0].rstrip()}…"
