"""Following one message on its way: its id in every log line, its stages as spans.

    with about(request.id):          # where somebody begins to deal with it
        with stage("retrieve"): …    # a span, where a tracer is at work; else nothing

Held in context variables: a task, and what it hands to a thread, inherit them.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Final, Protocol


class Tracer(Protocol):
    def span(self, request_id: str, name: str) -> AbstractContextManager[None]:
        """One stage of one message; the same id gives the same trace, in any process."""


_request: Final[ContextVar[str | None]] = ContextVar("request", default=None)
_tracer: Final[ContextVar[Tracer | None]] = ContextVar("tracer", default=None)


def request_id() -> str | None:
    """Of the message that is being dealt with."""
    return _request.get()


@contextmanager
def about(id_: str) -> Iterator[None]:
    """Not for the body of an async generator, whose steps run in its callers' contexts."""
    token = _request.set(id_)
    try:
        yield
    finally:
        _request.reset(token)


def begin(id_: str) -> None:
    """As `about`, to the end of the task: for doors that answer one question a task."""
    _request.set(id_)


def trace_with(tracer: Tracer) -> None:
    """From now on, in this context and in all tasks that begin in it."""
    _tracer.set(tracer)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Also in the body of an async generator: it changes no context."""
    tracer, id_ = _tracer.get(), _request.get()
    if tracer is None or id_ is None:
        yield
        return
    with tracer.span(id_, name):
        yield
