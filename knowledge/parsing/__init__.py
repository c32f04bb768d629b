"""Bytes to blocks, by format: `parse` is the whole interface."""

from knowledge.errors import DocumentError
from knowledge.parsing.model import PARSER_VERSION, Limits, Parsed, Source
from knowledge.parsing.registry import SUFFIXES, kind_of, read
from knowledge.parsing.sniff import kind, too_large
from knowledge.parsing.titles import entitle

__all__ = ["PARSER_VERSION", "SUFFIXES", "Limits", "Parsed", "parse"]


def parse(data: bytes, name: str, limits: Limits | None = None) -> Parsed:
    """Read one file; `name` (a path is fine) gives its suffix and names it in errors.

    Raises:
        DocumentError: `file.unsupported`, `file.empty`, `file.too_large`, `file.damaged`,
            `file.encrypted`, `file.scanned`, `file.encoding`, `file.legacy_office`;
            detail `source`. Nothing else leaves this function, whatever the bytes.
    """
    limits = limits or Limits()
    promised = kind_of(name)
    if len(data) > limits.file:
        raise too_large(name, limits.file)
    if not data.strip(b" \t\r\n\0"):
        raise DocumentError("file.empty", source=name)
    source = Source(data, name, limits)
    draft = read(kind(source, promised), source)
    if not any(block.text.strip() for block in draft.blocks):
        raise DocumentError("file.empty", source=name)
    return entitle(draft, name)
