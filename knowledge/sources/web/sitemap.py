"""The addresses in a sitemap, an index of sitemaps, or a plain list; bounded, compressed or not."""

import zlib
from collections.abc import Iterator

from lxml import etree

from knowledge.errors import DocumentError
from knowledge.sources.fetching import Fetcher

MOST_PAGES = 10_000
MOST_MAPS = 200
_GZIP = b"\x1f\x8b"


def addresses(url: str, fetcher: Fetcher) -> list[str]:
    """In the order in which they are listed, each once.

    Raises DocumentError `web.sitemap`, and what `Fetcher` raises: then nothing is known.
    """
    found: dict[str, None] = {}
    waiting, seen = [url], set[str]()
    while waiting:
        at = waiting.pop(0)
        if at in seen:
            continue
        seen.add(at)
        if len(seen) > MOST_MAPS:
            raise DocumentError("web.sitemap", source=url, problem=f"> {MOST_MAPS} sitemaps")
        pages, maps = _read(at, fetcher)
        waiting += maps
        found.update(dict.fromkeys(pages))
        if len(found) > MOST_PAGES:
            raise DocumentError("web.sitemap", source=url, problem=f"> {MOST_PAGES} pages")
    return list(found)


def _read(url: str, fetcher: Fetcher) -> tuple[list[str], list[str]]:
    """Pages, and further sitemaps."""
    answer = fetcher.get(url)
    if answer.status != 200:
        raise DocumentError("web.sitemap", source=url, problem=f"HTTP {answer.status}")
    content = answer.content
    if content.startswith(_GZIP):
        content = _unpacked(content, url, fetcher.max_bytes)
    if not content.lstrip().startswith(b"<"):
        lines = (line.strip() for line in content.decode("utf-8", "replace").splitlines())
        return [line for line in lines if line.startswith(("http://", "https://"))], []
    root = _parsed(content, url)
    kind, listed = etree.QName(root).localname, list(_locations(root))
    if kind not in ("urlset", "sitemapindex"):  # a page that says that something is wrong
        raise DocumentError("web.sitemap", source=url, problem=f"<{kind[:20]}>")
    return ([], listed) if kind == "sitemapindex" else (listed, [])


def _parsed(content: bytes, url: str) -> etree._Element:
    # No entities, no network: the file is a stranger's.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        problem = str(error).splitlines()[0][:100]
        raise DocumentError("web.sitemap", source=url, problem=problem) from error


def _locations(root: etree._Element) -> Iterator[str]:
    for entry in root:
        for child in entry:
            is_location = isinstance(child.tag, str) and etree.QName(child).localname == "loc"
            if is_location and (text := (child.text or "").strip()):
                yield text


def _unpacked(content: bytes, url: str, limit: int) -> bytes:
    reader = zlib.decompressobj(wbits=31)
    try:
        unpacked = reader.decompress(content, limit)
    except zlib.error as error:
        raise DocumentError("web.sitemap", source=url, problem="gzip") from error
    if reader.unconsumed_tail:
        raise DocumentError("web.sitemap", source=url, problem=f"> {limit // 2**20} MB")
    return unpacked
