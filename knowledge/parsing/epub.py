"""EPUB: chapters in the order of the spine, each through the HTML path."""

import io
import posixpath
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from urllib.parse import unquote

from bs4.dammit import EncodingDetector
from bs4.exceptions import ParserRejectedMarkup
from lxml import etree

from knowledge.parsing import web
from knowledge.parsing.guard import damage
from knowledge.parsing.markup import local, tree
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.text import clean, decode, one_line
from knowledge.passages import Block

_DC_TITLE = ".//{http://purl.org/dc/elements/1.1/}title"
_READABLE = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.damaged`, `file.encoding`."""
    with (
        damage(source.name, ParserRejectedMarkup),
        zipfile.ZipFile(io.BytesIO(source.data)) as book,
    ):
        package_at = tree(book.read("META-INF/container.xml")).find(".//{*}rootfile")
        path = str(package_at.get("full-path")) if package_at is not None else ""
        package = tree(book.read(path))
        folder = posixpath.dirname(path)
        names = dict(_chapter_names(book, package, folder))
        blocks = [
            block
            for chapter in _spine(package, folder)
            for block in _chapter(book, chapter, names.get(chapter, ""), source.name)
        ]
        return Draft(
            tuple(_without_title_pages(blocks)), (clean(package.findtext(_DC_TITLE) or ""),)
        )


def _without_title_pages(blocks: Sequence[Block]) -> Iterator[Block]:
    """Some books give a heading a page of its own; what follows carries it anyway."""
    for block, after in zip_longest(blocks, blocks[1:]):
        if after is None or block.text not in after.headings:
            yield block


def _spine(package: etree._Element, folder: str) -> Iterator[str]:
    """Paths of the chapters in reading order."""
    items = {item.get("id"): item for item in package.iterfind(".//{*}manifest/{*}item")}
    for reference in package.iterfind(".//{*}spine/{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _READABLE:
            continue
        if "nav" not in str(item.get("properties") or "").split():  # the table of contents
            yield _inside(folder, str(item.get("href")))


def _chapter(book: zipfile.ZipFile, path: str, name: str, source: str) -> Iterator[Block]:
    if path not in book.namelist():
        return
    data = book.read(path)
    declared = EncodingDetector.find_declared_encoding(data, is_html=False)
    draft = web.read(decode(data, source, declared))
    for block in draft.blocks:
        first = block.headings[:1]
        yield (
            block
            if not name or first == (name,)
            else replace(block, headings=(name, *block.headings))
        )


def _chapter_names(
    book: zipfile.ZipFile, package: etree._Element, folder: str
) -> Iterator[tuple[str, str]]:
    """Title by path, from the table of contents of either EPUB 2 or 3; the first entry counts."""
    found: dict[str, str] = {}
    for item in package.iterfind(".//{*}manifest/{*}item"):
        path = _inside(folder, str(item.get("href")))
        is_nav = "nav" in str(item.get("properties") or "").split()
        if (
            is_nav or item.get("media-type") == "application/x-dtbncx+xml"
        ) and path in book.namelist():
            for target, title in _entries(tree(book.read(path))):
                found.setdefault(_inside(posixpath.dirname(path), target), title)
    yield from found.items()


def _entries(contents: etree._Element) -> Iterator[tuple[str, str]]:
    if local(contents) == "ncx":
        for point in contents.iterfind(".//{*}navPoint"):
            target, label = point.find("{*}content"), point.findtext("{*}navLabel/{*}text")
            if target is not None and label:
                yield str(target.get("src")), one_line(clean(label))
        return
    for link in contents.iterfind(".//{*}nav//{*}a"):
        yield str(link.get("href")), one_line(clean("".join(link.itertext())))


def _inside(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))
