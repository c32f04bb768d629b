"""Who looks on while questions are answered: for figures, not for texts."""

from typing import Protocol

from bot.messages import Answer


class Watcher(Protocol):
    """Every method returns at once and raises nothing."""

    def answered(self, platform: str, answer: Answer) -> None:
        """An answer was made; one that is only given again is not told."""

    def handled(self, request_id: str) -> None:
        """The queue has the answer, and sends it from now on."""

    def delivered(self, request_id: str) -> None:
        """The first part of it is with the platform."""


class Unwatched:
    """Where nobody looks on."""

    def answered(self, platform: str, answer: Answer) -> None: ...

    def handled(self, request_id: str) -> None: ...

    def delivered(self, request_id: str) -> None: ...
