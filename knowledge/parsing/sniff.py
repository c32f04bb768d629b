"""What a file is, by its bytes: names lie, and people rename files."""

import io
import re
import zipfile

from knowledge.errors import DocumentError
from knowledge.parsing.guard import damage
from knowledge.parsing.model import Source

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_OFFICE = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_LEGACY = ("doc", "xls", "ppt", "dot", "xlt", "pps")
_BINARY = ("pdf", "docx", "xlsx", "pptx")
_HTML = re.compile(
    rb"^\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|table|meta)\b", re.I | re.DOTALL
)
_FOREIGN = (
    b"\x89PNG\r\n",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b\x08",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x7fELF",
    b"RIFF",
    b"{\\rtf",
)


def too_large(name: str, limit: int) -> DocumentError:
    """The error for a file over a limit in bytes."""
    return DocumentError("file.too_large", source=name, limit_mb=str(limit // (1024 * 1024)))


def kind(source: Source, suffix_kind: str) -> str:
    """The format to parse as, given the one its suffix promises.

    Raises:
        DocumentError: `file.encrypted`, `file.legacy_office`, `file.damaged`,
            `file.too_large` (unpacked), `file.unsupported`.
    """
    data = source.data
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(_OLE):
        encrypted = _ENCRYPTED_OFFICE in data
        raise DocumentError(
            "file.encrypted" if encrypted else "file.legacy_office", source=source.name
        )
    if data.startswith(b"PK\x03\x04"):
        return _office(source)
    if data.startswith(_FOREIGN):
        raise DocumentError("file.unsupported", source=source.name)
    if suffix_kind in _LEGACY:
        # Many systems export a web page and name it .xls or .doc.
        if _HTML.match(data[:2048].removeprefix(b"\xef\xbb\xbf")):
            return "html"
        raise DocumentError("file.legacy_office", source=source.name)
    if suffix_kind in _BINARY:
        raise DocumentError("file.damaged", source=source.name)
    return suffix_kind


def _office(source: Source) -> str:
    with damage(source.name), zipfile.ZipFile(io.BytesIO(source.data)) as archive:
        entries = archive.infolist()
        found = _office_kind(source, entries)
        # Reading in small steps, as this does, also unmasks an entry that is larger than it says.
        if archive.testzip() is not None:
            raise zipfile.BadZipFile
    return found


def _office_kind(source: Source, entries: list[zipfile.ZipInfo]) -> str:
    names = [entry.filename for entry in entries]
    found = [kind for part, kind in _OFFICE.items() if any(n.startswith(part) for n in names)]
    if not found:
        raise DocumentError("file.unsupported", source=source.name)
    if any(entry.flag_bits & 1 for entry in entries):
        raise DocumentError("file.encrypted", source=source.name)
    markup = sum(e.file_size for e in entries if e.filename.endswith((".xml", ".rels")))
    too_much = found[0] != "xlsx" and markup > source.limits.markup
    if too_much or sum(entry.file_size for entry in entries) > source.limits.unpacked:
        raise too_large(source.name, source.limits.unpacked)
    return found[0]
