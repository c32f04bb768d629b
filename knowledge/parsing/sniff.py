"""What a file is, by its bytes: names lie, and people rename files."""

import io
import re
import zipfile

from olefile import OleFileIO

from knowledge.errors import DocumentError
from knowledge.parsing.guard import damage
from knowledge.parsing.model import Source

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_KINDS = {  # names of streams at the root of the file
    "WordDocument": "doc",
    "PowerPoint Document": "ppt",
    "Workbook": "xls",
    "Book": "xls",
    "__properties_version1.0": "msg",
}
_ENCRYPTED_SLIDES = b"\xdf\xc4\xd1\xf3"
"""Token in the stream `Current User` of an encrypted PPT."""
_OFFICE = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_DECLARED = {
    "application/epub+zip": "epub",
    "application/vnd.oasis.opendocument.text": "odf",
    "application/vnd.oasis.opendocument.spreadsheet": "odf",
    "application/vnd.oasis.opendocument.presentation": "odf",
}
_LOCKED = re.compile(rb"(?:encryption-data|http://www\.w3\.org/2001/04/xmlenc#(?!sha))")
_HTML = re.compile(
    rb"^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|table|meta)\b",
    re.I | re.DOTALL,
)
_MAIL = re.compile(rb"^\s*(?:mime-version|from|date|received|message-id|return-path):", re.I)
_XML = re.compile(rb"^\s*<\?xml\b")
_PICTURES = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"II*\0",
    b"MM\0*",
)
_FOREIGN = (b"\x1f\x8b\x08", b"7z\xbc\xaf", b"Rar!", b"\x7fELF", b"RIFF", b"\0\0\0\x18ftyp", b"ID3")
_LENIENT = {"doc": "text", "rtf": "text", "xls": "csv"}
"""What text under such a name is read as: many programs export text or CSV and call it so."""
_BINARY = frozenset({"pdf", "docx", "xlsx", "pptx", "odf", "epub", "picture", "zip", "msg", "ppt"})


def too_large(name: str, limit: int) -> DocumentError:
    """The error for a file over a limit in bytes."""
    return DocumentError("file.too_large", source=name, limit_mb=str(limit // (1024 * 1024)))


def kind(source: Source, promised: str) -> str:
    """The format to parse as, given the one its suffix promises.

    Raises:
        DocumentError: `file.encrypted`, `file.damaged`, `file.too_large` (unpacked),
            `file.unsupported`.
    """
    data = source.data
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(_OLE):
        return _ole(source, promised)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(source, promised)
    if data.startswith(b"{\\rtf"):
        return "rtf"
    if _is_picture(data, promised):
        return "picture"
    if data.startswith(_FOREIGN):
        raise DocumentError("file.unsupported", source=source.name)
    return _textual(data, source.name, promised)


def _textual(data: bytes, name: str, promised: str) -> str:
    head = data[:2048].removeprefix(b"\xef\xbb\xbf")
    if promised in _LENIENT:
        if _HTML.match(head):
            return "html"
        if _MAIL.match(head) and b"\nmime-version:" in b"\n" + head.lower():
            return "eml"  # a web page in one file, which Word saves as .doc
        return "xml" if _XML.match(head) else _LENIENT[promised]
    if promised in ("xml", "json") and _HTML.match(head):
        return "html"
    if promised in _BINARY:
        raise DocumentError("file.damaged", source=name)
    return promised


def _is_picture(data: bytes, promised: str) -> bool:
    webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    # Two letters are little; a text may begin with them.
    bitmap = promised == "picture" and data.startswith(b"BM")
    return webp or bitmap or data.startswith(_PICTURES)


def legacy_kind(data: bytes) -> str | None:
    """Which of the old Office formats an OLE file is. Raises what olefile raises on damage."""
    with OleFileIO(data) as ole:
        return _ole_kind(ole)


def _ole_kind(ole: OleFileIO) -> str | None:
    return next((kind for name, kind in _OLE_KINDS.items() if ole.exists(name)), None)


def _ole(source: Source, promised: str) -> str:
    with damage(source.name), OleFileIO(source.data) as ole:
        found = _ole_kind(ole)
        if ole.exists("EncryptedPackage") or _is_locked_ole(ole, found):
            raise DocumentError("file.encrypted", source=source.name)
    if found is None:
        code = "file.damaged" if promised in _OLE_KINDS.values() else "file.unsupported"
        raise DocumentError(code, source=source.name)
    return found


def _is_locked_ole(ole: OleFileIO, found: str | None) -> bool:
    """By a flag in the head of a DOC, or a token in the one of a PPT."""
    if found == "doc":
        head = ole.openstream("WordDocument").read(12)
        return bool(head[11] & 1)
    if found == "ppt" and ole.exists("Current User"):
        return bool(ole.openstream("Current User").read(16)[12:] == _ENCRYPTED_SLIDES)
    return False


def _zipped(source: Source, promised: str) -> str:
    """`zip` for an archive of files; its entries are checked when they are taken out."""
    with damage(source.name), zipfile.ZipFile(io.BytesIO(source.data)) as archive:
        found = _zip_kind(archive, promised)
        if found == "zip":
            return found
        _check_size(source, archive.infolist(), found)
        if _is_locked(archive):
            raise DocumentError("file.encrypted", source=source.name)
        # Reading in small steps, as this does, also unmasks an entry that is larger than it says.
        if archive.testzip() is not None:
            raise zipfile.BadZipFile
    return found


def _zip_kind(archive: zipfile.ZipFile, promised: str) -> str:
    names = archive.namelist()
    if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
        declared = archive.read("mimetype").decode("ascii", "replace").strip()
        if declared.removesuffix("-template") in _DECLARED:
            return _DECLARED[declared.removesuffix("-template")]
    if "META-INF/container.xml" in names:
        return "epub"
    if "[Content_Types].xml" in names or promised in _OFFICE.values():
        for part, kind in _OFFICE.items():
            if any(name.startswith(part) for name in names):
                return kind
    return "zip"


def _check_size(source: Source, entries: list[zipfile.ZipInfo], found: str) -> None:
    markup = sum(e.file_size for e in entries if e.filename.endswith((".xml", ".rels", ".xhtml")))
    too_much = found != "xlsx" and markup > source.limits.markup
    if too_much or sum(entry.file_size for entry in entries) > source.limits.unpacked:
        raise too_large(source.name, source.limits.unpacked)


def _is_locked(archive: zipfile.ZipFile) -> bool:
    """By a password of the zip, or by what the format says in a file of its own."""
    if any(entry.flag_bits & 1 for entry in archive.infolist()):
        return True
    told = {"META-INF/manifest.xml", "META-INF/encryption.xml"} & set(archive.namelist())
    return any(_LOCKED.search(archive.read(name)) for name in told)
