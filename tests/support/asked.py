"""Questions as doors hand them in, for tests."""

from datetime import UTC, datetime
from itertools import count

from bot.assistant import collect
from bot.bootstrap import Bot
from bot.messages import Answer, Author, ConversationRef, Request

_numbers = count(1)
ANN = Author("line", "U-ann", "安")
ROOM = ConversationRef("line", "C-shop", person="U-ann")


def request(text: str, *, id_: str | None = None, author: Author = ANN, **more: object) -> Request:
    return Request(
        id=id_ or f"line:{next(_numbers)}",
        conversation=more.pop("conversation", ROOM),  # type: ignore[arg-type]
        author=author,
        text=text,
        received_at=datetime.now(UTC),
        **more,  # type: ignore[arg-type]
    )


async def ask_as(bot: Bot, asked: Request | str) -> Answer:
    if isinstance(asked, str):
        asked = request(asked)
    return await collect(bot.secretary.answer(asked))
