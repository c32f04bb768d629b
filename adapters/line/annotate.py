"""LINE has no forms: annotating is a line that the keyboard opens with. Pure."""

from typing import Any

KEYBOARD = "keyboard"
"""Data of a button that only opens the keyboard: its tap needs no answer."""
_FILLED = 300
"""Characters that LINE fills in."""
_LABEL = 20


def prefill(question: str = "", prefix: str = "") -> str:
    """As `bot.frontdesk.curating` reads it once the answer is typed behind it."""
    head, tail = f"/{prefix}annotate 問：", "\n答："
    room = _FILLED - len(head) - len(tail)
    # A cut question would be another question: it is left to be typed.
    asked = " ".join(question.split())
    return f"{head}{asked if len(asked) <= room else ''}{tail}"


def keyboard_action(label: str, text: str) -> dict[str, Any]:
    return {
        "type": "postback",
        "label": label[:_LABEL],
        "data": KEYBOARD,
        "inputOption": "openKeyboard",
        "fillInText": text,
    }


def correction(question: str, label: str, prefix: str = "") -> dict[str, Any]:
    """A quick reply under an admin's answer: 問 is filled in, 答 is what they type."""
    return {"type": "action", "action": keyboard_action(label, prefill(question, prefix))}
