"""Which suffix is which format, and which module reads it; nothing heavy is imported before use."""

from importlib import import_module
from pathlib import PurePosixPath

from knowledge.errors import DocumentError
from knowledge.parsing.model import Draft, Source

_SUFFIXES = {
    "markdown": ".md .markdown",
    "text": ".txt",
    "html": ".html .htm .xhtml",
    "pdf": ".pdf",
    "docx": ".docx .docm .dotx",
    "doc": ".doc .dot",
    "xlsx": ".xlsx .xlsm .xltx",
    "xls": ".xls .xlt",
    "csv": ".csv .tsv",
    "pptx": ".pptx .pptm .potx",
    "ppt": ".ppt .pps",
    "eml": ".eml .mht .mhtml",
    "msg": ".msg",
    "xml": ".xml .svg",
    "json": ".json .jsonl .ndjson",
    "epub": ".epub",
    "rtf": ".rtf",
    "odf": ".odt .ods .odp",
    "picture": ".jpg .jpeg .png .webp .gif .bmp .tif .tiff",
    "zip": ".zip",
}
_MODULES = {
    "markdown": "markdown",
    "text": "plaintext",
    "html": "web",
    "pdf": "pdf",
    "docx": "word",
    "doc": "legacy",
    "xlsx": "excel",
    "xls": "excel97",
    "csv": "delimited",
    "pptx": "slides",
    "ppt": "legacy",
    "eml": "mail",
    "msg": "outlook",
    "xml": "xmldata",
    "json": "jsondata",
    "epub": "epub",
    "rtf": "rtf",
    "odf": "opendocument",
    "picture": "pictures",
}
_KINDS = {suffix: kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
SUFFIXES = frozenset(_KINDS)
"""Lower case, with the dot."""


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
    """Parse with the module for a format.

    Raises:
        DocumentError: `file.archive` for a zip of files, whose `parts` are read one by one.
    """
    if kind not in _MODULES:
        raise DocumentError("file.archive", source=source.name)
    module = import_module(f"knowledge.parsing.{_MODULES[kind]}")
    draft: Draft = module.parse(source)
    return draft
