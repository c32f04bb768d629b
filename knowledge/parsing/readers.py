"""Who parses: this process, one file after the other (`Here`), or a crew of others (`crew`)."""

from concurrent.futures import Future
from typing import Protocol

from knowledge.errors import DocumentError
from knowledge.parsing import Limits, Parsed, Tools, parse


class Readers(Protocol):
    """Takes files to parse; the results come when they are ready."""

    room: int
    """How many files may be in hand at once; more would only wait in memory."""

    def submit(self, data: bytes, name: str, limits: Limits) -> "Future[Parsed]":
        """The future holds what was parsed, or a DocumentError."""


class Here(Readers):
    """At once, and in this process."""

    room = 0

    def __init__(self) -> None:
        self._tools = Tools()

    def submit(self, data: bytes, name: str, limits: Limits) -> "Future[Parsed]":
        outcome: Future[Parsed] = Future()
        try:
            outcome.set_result(parse(data, name, limits, self._tools))
        except DocumentError as error:
            outcome.set_exception(error)
        return outcome
