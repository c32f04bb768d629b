"""The durable inbox: what a door hands in is written down, answered in order and once."""

from bot.inbox.inbox import Inbox
from bot.inbox.protocol import (
    Accepted,
    DeliveryError,
    Duplicate,
    Full,
    Handler,
    InboxSettings,
    InboxStats,
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
    "Inbox",
    "InboxSettings",
    "InboxStats",
    "Progress",
    "ReplyChannel",
    "State",
    "Submitted",
]
