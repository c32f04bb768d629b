"""What parsers borrow: text recognition, LibreOffice, and leave to do heavy work."""

import importlib.util
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from knowledge.errors import DocumentError

if TYPE_CHECKING:
    from knowledge.parsing.ocr import Ocr


class HeavyWork(Exception):
    """Raised where a parser needs what takes much memory and may not: elsewhere it may."""


class Tools:
    """Belongs to one process (or one ingest), and is closed with it.

    `heavy` says whether text recognition and LibreOffice may be used here; `pulse` is
    called between two steps of long work, so that nobody takes it for stuck.
    """

    def __init__(self, heavy: bool = True, pulse: Callable[[], None] = lambda: None) -> None:
        self.pulse = pulse
        self._heavy = heavy

    def ask_heavy(self) -> None:
        """Raises HeavyWork where heavy work may not be done."""
        if not self._heavy:
            raise HeavyWork

    def ocr(self, source: str) -> "Ocr":
        """The engine, loaded at the first use.

        Raises:
            DocumentError: `file.ocr_missing`. HeavyWork: not here.
        """
        if not ocr_installed():
            raise DocumentError("file.ocr_missing", source=source)
        self.ask_heavy()
        return self._ocr

    @cached_property
    def _ocr(self) -> "Ocr":
        from knowledge.parsing.ocr import Ocr  # numpy and OpenCV come along

        return Ocr()

    def close(self) -> None:
        """Lets go of the engine and its memory."""
        self.__dict__.pop("_ocr", None)


def ocr_installed() -> bool:
    """Whether the extra `ocr` is there; nothing is imported."""
    return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime"))
