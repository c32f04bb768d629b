"""A process that parses what it is sent; started by `crew`, never by hand.

    python -m knowledge.parsing.worker CONNECTION light|heavy

It gets `(data, name, limits)` and answers with any number of `("pulse",)` and then one of
`("parsed", Parsed, rss)`, `("failed", code, detail)`, `("heavy",)` and `("bug", traceback)`. It
ends when nobody is at the other end.
"""

import resource
import sys
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from knowledge.errors import DocumentError
from knowledge.parsing import HeavyWork, Limits, Tools, parse

_MEMORY = 3 * 1024 * 1024 * 1024
"""Bytes of addresses of a process that does no heavy work; what goes beyond is a MemoryError."""


def main() -> None:
    connection: Connection = Connection(int(sys.argv[1]))
    heavy = sys.argv[2] == "heavy"
    if not heavy and sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    tools = Tools(heavy, lambda: connection.send(("pulse",)))
    with suppress(EOFError, ConnectionError):
        while True:
            data, name, limits = connection.recv()
            connection.send(_answer(data, name, limits, tools))
    tools.close()


def _answer(data: bytes, name: str, limits: Limits, tools: Tools) -> tuple[Any, ...]:
    try:
        return ("parsed", parse(data, name, limits, tools), _megabytes())
    except DocumentError as error:
        return ("failed", error.code, error.detail)
    except HeavyWork:
        return ("heavy",)
    except MemoryError:
        return ("failed", "file.memory", {"source": name})
    except ConnectionError:
        raise  # from a pulse
    except Exception:  # noqa: BLE001 - the worker's loop: a bug in one parser is one file's failure
        return ("bug", traceback.format_exc())


def _megabytes() -> int:
    """The most memory that this process has had."""
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


if __name__ == "__main__":
    main()
