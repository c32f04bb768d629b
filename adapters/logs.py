"""How log lines look: for people, or one JSON object a line for machines.

Both bear the id of the message that is being dealt with. What people write is in none of them
at INFO and above.
"""

import json
import logging
import sys
from datetime import UTC, datetime

from bot.following import request_id

_TOLD = "secretary.told"


class TextLines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(about)s%(message)s")

    def format(self, record: logging.LogRecord) -> str:
        id_ = request_id()
        # Many lines name the message themselves.
        named = id_ is None or id_ in record.getMessage()
        record.about = "" if named else f"[{id_}] "
        return super().format(record)


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (id_ := request_id()) is not None:
            told["request"] = id_
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)


def begin() -> None:
    """Before the settings are known: warnings, as text."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TextLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def configure(kind: str, level: str) -> None:
    """As LOG_FORMAT and LOG_LEVEL say."""
    root = logging.getLogger()
    root.setLevel(level)
    for handler in root.handlers:
        if isinstance(handler.formatter, TextLines | JsonLines):
            handler.setFormatter(JsonLines() if kind == "json" else TextLines())


def tell(sentence: str) -> None:
    """To whoever started the program, whatever LOG_LEVEL says."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, JsonLines):
            handler.handle(
                logging.makeLogRecord({"name": _TOLD, "msg": sentence, "levelname": "INFO"})
            )
            return
    print(sentence, file=sys.stderr, flush=True)
