"""Questions from the API as requests: the client keeps its own history and its own ids."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from bot.audiences import Audiences, audiences_for
from bot.following import begin
from bot.messages import AnswerEvent, Ask, Author, ConversationRef, Request
from bot.secretary import Secretary

PLATFORM = "web"
_NOBODY = Author(PLATFORM, "unknown", is_many=True)


class ApiDoor:
    """What `v1` asks; the connection is held open meanwhile, so nothing waits in the inbox."""

    def __init__(self, secretary: Secretary, audiences: Audiences) -> None:
        self._secretary = secretary
        self._audiences = audiences

    def answer(self, ask: Ask) -> AsyncGenerator[AnswerEvent, None]:
        author = ask.asker or _NOBODY
        place = ConversationRef(PLATFORM, author.user_id)
        request = Request(
            id=f"{PLATFORM}-{ask.id}",
            conversation=place,
            author=author,
            text=ask.text,
            received_at=datetime.now(UTC),
            audiences=audiences_for(self._audiences, place),
            use_model=ask.use_model,
        )
        begin(request.id)
        return self._secretary.answer(request, ask.history)
