"""Chooses what a document is called, and takes that name out of its heading paths."""

import re
from dataclasses import replace
from pathlib import PurePosixPath

from knowledge.parsing.model import Draft, Parsed
from knowledge.parsing.text import clean, one_line
from knowledge.passages import Failure

_LONGEST = 200
_PREFIX = re.compile(r"^(?:Microsoft (?:Word|PowerPoint|Excel)|Adobe \w+)\s*-\s*", re.I)
_OFFICE_SUFFIX = re.compile(r"\.(?:docx?|xlsx?|pptx?|pdf|odt|indd|ai|tmp)$", re.I)
_DEFAULTS = {
    "",
    "untitled",
    "untitled document",
    "unknown title",
    "(anonymous)",
    "anonymous",
    "document",
    "word document",
    "powerpoint presentation",
    "powerpoint 簡報",
    "presentation",
    "slide 1",
    "投影片 1",
    "無標題",
    "未命名",
    "無標題文件",
    "工作表1",
    "sheet1",
}
"""What programs write where nobody gave a title."""


def entitle(draft: Draft, name: str) -> Parsed:
    """The first candidate that somebody wrote, or else the file's name without its suffix."""
    candidates = (_sensible(title) for title in draft.titles)
    title = next(filter(None, candidates), "") or clean(PurePosixPath(name).stem).strip() or name
    blocks = tuple(
        replace(block, headings=block.headings[1:]) if block.headings[:1] == (title,) else block
        for block in draft.blocks
    )
    lacking = tuple(Failure(name, error.code, dict(error.detail)) for error in draft.lacking)
    return Parsed(title, blocks, lacking)


def _sensible(title: str) -> str:
    title = _OFFICE_SUFFIX.sub("", _PREFIX.sub("", one_line(clean(title)))).strip()
    return "" if title.lower() in _DEFAULTS or "\ufffd" in title else title[:_LONGEST]
