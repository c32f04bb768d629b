"""What a person can do about what they read, as buttons, and as the text behind a button. Pure.

A button's data is at most 100 characters (Discord's limit, the tightest) of ASCII.
"""

from dataclasses import dataclass
from typing import Literal

from bot.messages import Answer
from bot.phrases import Say

MAX_DATA = 100
Kind = Literal[
    "rate", "pick", "news", "human", "resume", "answer", "dismiss", "file", "show", "more"
]
_KINDS: tuple[Kind, ...] = (
    "rate", "pick", "news", "human", "resume", "answer", "dismiss", "file", "show", "more",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Action:
    """A button."""

    label: str
    data: str
    style: Literal["plain", "good", "bad"] = "plain"


@dataclass(frozen=True, slots=True)
class Tap:
    """What the data of a tapped button says."""

    kind: Kind
    value: str
    """The vote, the annotation, the cluster, the choice."""
    target: str
    """The request or thing that it is about; may be empty."""


def encode(kind: Kind, value: object = "", target: object = "") -> str:
    """Raises ValueError where it would not fit: ids are made by platforms, and short."""
    data = f"{kind}:{value}:{target}"
    if len(data) > MAX_DATA:
        raise ValueError(f"{len(data)} characters of button data")
    return data


def decode(data: str) -> Tap | None:
    """None for what is no data of ours, or of an older version."""
    kind, _, rest = data.partition(":")
    value, found, target = rest.partition(":")
    known = next((one for one in _KINDS if one == kind), None)
    return Tap(known, value, target) if known is not None and found else None


def offers(answer: Answer, request_id: str, say: Say, language: str) -> tuple[Action, ...]:
    """The buttons under an answer."""
    match answer.outcome:
        case "grounded" | "extractive" | "annotated":
            return (
                Action(say("button.good", language), encode("rate", "+1", request_id), "good"),
                Action(say("button.bad", language), encode("rate", "-1", request_id), "bad"),
            )
        case "no_data":
            return (
                Action(say("button.news", language), encode("news", "", request_id)),
                Action(say("button.human", language), encode("human")),
            )
        case "clarify":
            return _choices(answer, request_id)
        case _:
            return ()


def _choices(answer: Answer, request_id: str) -> tuple[Action, ...]:
    """Those that were meant, in order; what comes after them is "none of these"."""
    ids = [choice.annotation_id for choice in answer.meant]
    numbers = [*ids, *[0] * (len(answer.choices) - len(ids))]
    return tuple(
        Action(text, encode("pick", number, request_id))
        for text, number in zip(answer.choices, numbers, strict=True)
    )
