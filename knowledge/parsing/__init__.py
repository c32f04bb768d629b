"""Bytes to blocks, by format: `parse` and `parts` are the whole interface."""

from knowledge.errors import DocumentError
from knowledge.parsing.containers import Part, parts
from knowledge.parsing.model import PARSER_VERSION, Limits, Parsed, Source
from knowledge.parsing.registry import SUFFIXES, kind_of, read
from knowledge.parsing.sniff import kind, too_large
from knowledge.parsing.titles import entitle
from knowledge.parsing.tools import HeavyWork, Tools

__all__ = [
    "PARSER_VERSION", "SUFFIXES", "HeavyWork", "Limits", "Parsed", "Part", "Tools", "parse", "parts",
]  # fmt: skip


def parse(
    data: bytes, name: str, limits: Limits | None = None, tools: Tools | None = None
) -> Parsed:
    """Read one file; `name` (a path is fine) gives its suffix and names it in errors.

    What is attached to a mail is left out, and a zip of files is refused: see `parts`.

    Raises:
        DocumentError: `file.archive`, `file.damaged`, `file.empty`, `file.encoding`,
            `file.encrypted`, `file.legacy_office`, `file.ocr_missing`, `file.pages`, `file.scanned`,
            `file.slow`, `file.too_large`, `file.unsupported`; detail `source`. Nothing else
            leaves this function, whatever the bytes, but HeavyWork where `tools` forbid it.
    """
    limits = limits or Limits()
    promised = kind_of(name)
    if len(data) > limits.file:
        raise too_large(name, limits.file)
    if not data.strip(b" \t\r\n\0"):
        raise DocumentError("file.empty", source=name)
    source = Source(data, name, limits, tools or Tools())
    draft = read(kind(source, promised), source)
    if not any(block.text.strip() for block in draft.blocks):
        raise DocumentError("file.empty", source=name)
    return entitle(draft, name)
