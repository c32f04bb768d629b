"""Questions from the terminal as requests: the operator may see everything and has no budget."""

import getpass
import secrets
from datetime import UTC, datetime

from bot.messages import Author, ConversationRef, Request

PLATFORM = "terminal"


def asker() -> Author:
    """Whoever runs the program."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        name = "operator"
    return Author(PLATFORM, name, name, is_admin=True)


def request(
    text: str, room: str, *, audiences: frozenset[str] | None = None, use_model: bool = True
) -> Request:
    """`room`: ask, batch, or one per chat; nothing is remembered from one to another."""
    return Request(
        id=f"{PLATFORM}-{secrets.token_hex(12)}",
        conversation=ConversationRef(PLATFORM, room),
        author=asker(),
        text=text,
        received_at=datetime.now(UTC),
        audiences=audiences,
        use_model=use_model,
    )
