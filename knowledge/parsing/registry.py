"""Which suffix is which format, and which module reads it; nothing heavy is imported before use."""

from importlib import import_module
from pathlib import PurePosixPath

from knowledge.errors import DocumentError
from knowledge.parsing.model import Draft, Source

_KINDS = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".xlsx": "xlsx",
    ".csv": "csv",
    ".tsv": "csv",
    ".pptx": "pptx",
    # Refused with advice, unless the bytes turn out to be something that can be read.
    ".doc": "doc",
    ".xls": "xls",
    ".ppt": "ppt",
}
_MODULES = {
    "markdown": "markdown",
    "text": "plaintext",
    "html": "web",
    "pdf": "pdf",
    "docx": "word",
    "xlsx": "excel",
    "csv": "delimited",
    "pptx": "slides",
}
SUFFIXES = frozenset(_KINDS)
"""Lower case, with the dot. The legacy Office ones are among them: they get a reason."""


def kind_of(name: str) -> str:
    """The format that a file's suffix promises.

    Raises:
        DocumentError: `file.unsupported`.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in _KINDS:
        raise DocumentError("file.unsupported", source=name)
    return _KINDS[suffix]


def read(kind: str, source: Source) -> Draft:
    """Parse with the module for a format."""
    module = import_module(f"knowledge.parsing.{_MODULES[kind]}")
    draft: Draft = module.parse(source)
    return draft
