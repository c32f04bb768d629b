"""The durable inbox: what a door hands in is written down, answered in order and once."""

from bot.inbox.inbox import Inbox
from bot.inbox.protocol import (
    Accepted,
    DeliveryError,
    Duplicate,
    Full,
    Handler,
    Hear,
    InboxSettings,
    InboxStats,
    LiveChannel,
    Merged,
    Progress,
    ReplyChannel,
    State,
    Submitted,
)

__all__ = [
    "Accepted",
    "DeliveryError",
    "Duplicate",
    "Full",
    "Handler",
    "Hear",
    "Inbox",
    "InboxSettings",
    "InboxStats",
    "LiveChannel",
    "Merged",
    "Progress",
    "ReplyChannel",
    "State",
    "Submitted",
]
