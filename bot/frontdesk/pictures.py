"""A photo instead of words: what is written in it is the question."""

import asyncio

from knowledge.errors import DocumentError
from knowledge.parsing import Limits
from knowledge.parsing.crew import Crew
from knowledge.parsing.tools import ocr_installed

MAX_TEXT = 500
"""Characters; a whole page is no question."""
_LIMITS = Limits(file=12 * 1024 * 1024, pixels=40_000_000)


class Pictures:
    """One at a time, each in a process that ends with it: text recognition takes 300 MB, and
    photos are rare."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def text(self, content: bytes) -> str | None:
        """None where nothing can be read, or nothing can read here."""
        if not ocr_installed():
            return None
        async with self._turn:
            return await asyncio.to_thread(_read, content)


def _read(content: bytes) -> str | None:
    with Crew(1) as crew:
        try:
            parsed = crew.submit(content, "photo.png", _LIMITS).result()
        except DocumentError:
            return None
    said = "\n".join(block.text for block in parsed.blocks).strip()
    return said[:MAX_TEXT] or None
