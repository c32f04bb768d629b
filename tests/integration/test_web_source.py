"""Web pages: read politely and boundedly, never from within, and kept in step."""

import gzip
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from knowledge.errors import DocumentError
from knowledge.ingest import IngestReport
from knowledge.library import Library
from knowledge.passages import PUBLIC
from knowledge.retriever import Query
from knowledge.sources import fetching
from knowledge.sources.fetching import Fetcher, is_public
from knowledge.sources.web.source import WebSource, canonical, file_name
from tests.support.bot import settings_for
from tests.support.documents import pdf
from tests.support.program import Home
from tests.support.web_site import Site, web_site

MAP = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'


def page(text: str, title: str = "葉脈文具") -> str:
    return (
        f"<html><head><title>{title}</title></head><body><main><p>{text}</p></main></body></html>"
    )


def sitemap(*addresses: str) -> str:
    return MAP.format("".join(f"<url><loc>{address}</loc></url>" for address in addresses))


@pytest.fixture
def site() -> Iterator[Site]:
    with web_site() as opened:
        yield opened


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(settings_for(tmp_path / "data").knowledge) as opened:
        yield opened


def fetcher(site: Site, max_bytes: int = 2**20, timeout_s: float = 10.0) -> Fetcher:
    return Fetcher(max_bytes, frozenset({site.host}), timeout_s)


def sync(
    library: Library, site: Site, *pages: str, maps: tuple[str, ...] = (), audience: str = PUBLIC
) -> IngestReport:
    site.requests.clear()
    listed = {canonical(url): audience for url in pages}
    waits: list[float] = []
    source = WebSource(listed, dict.fromkeys(maps, audience), fetcher(site), waits.append)
    return library.sync("web", source)


def found(library: Library, question: str) -> set[str]:
    return {one.passage.source for one in library.search(Query((question,), None, 9)).passages}


# ---- keeping in step


def test_a_page_answers_with_its_address_and_is_not_read_twice(
    library: Library, site: Site
) -> None:
    url = site.put("/faq", page("週日十一點開門。"))
    assert sync(library, site, f"{url}#top").added == 1
    assert found(library, "週日幾點開門") == {url}
    assert sync(library, site, url).unchanged == 1
    assert dict(site.requests[-1][1])["if-none-match"]
    site.put("/faq", page("週日十二點開門。"))
    assert sync(library, site, url).updated == 1
    assert "十二點" in library.search(Query(("週日幾點開門",))).passages[0].passage.text


def test_a_page_whose_bytes_differ_with_every_visit_is_compared_by_what_it_says(
    library: Library, site: Site
) -> None:
    for number in range(3):
        script = f"<script nonce='{number}'>track({number})</script>"
        url = site.put("/faq", page("週日休息。") + script, validates=False)
        report = sync(library, site, url)
    assert (report.unchanged, report.updated) == (1, 0)


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_stops_answering(library: Library, site: Site, status: int) -> None:
    url = site.put("/faq", page("週日休息。"))
    sync(library, site, url)
    site.pages["/faq"].status = status
    assert sync(library, site, url).removed == 1
    assert found(library, "週日休息") == set()
    assert [one.code for one in sync(library, site, url).failed] == ["web.status"]


def test_a_page_that_fails_keeps_its_last_text(library: Library, site: Site) -> None:
    url = site.put("/faq", page("週日休息。"))
    sync(library, site, url)
    site.pages["/faq"].status = 503
    report = sync(library, site, url)
    assert [(one.code, one.detail["status"]) for one in report.failed] == [("web.status", "503")]
    assert found(library, "週日休息") == {url}


def test_a_page_that_is_no_longer_listed_goes(library: Library, site: Site) -> None:
    one, two = site.put("/a", page("甲的內容。")), site.put("/b", page("乙的內容。"))
    sync(library, site, one, two)
    assert sync(library, site, two).removed == 1
    assert found(library, "甲的內容") <= {two}
    assert sync(library, site).removed == 1


def test_other_formats_are_read_by_what_the_site_calls_them(library: Library, site: Site) -> None:
    document = pdf([["The blue pen costs 320 dollars"]])
    url = site.put("/price?id=3", document, "application/pdf")
    picture = site.put("/video", b"....", "video/mp4")
    report = sync(library, site, url, picture)
    assert [(one.source, one.code) for one in report.skipped] == [(picture, "file.unsupported")]
    (hit,) = library.search(Query(("blue pen costs",), None, 1)).passages
    assert (hit.passage.source, hit.passage.locator.page) == (url, 1)


def test_the_audience_is_the_pages_own(library: Library, site: Site) -> None:
    url = site.put("/hr", page("獎金五千元。"))
    sync(library, site, url)
    assert sync(library, site, url, audience="staff").updated == 1
    public = Query(("獎金五千元",), frozenset({PUBLIC}))
    assert library.search(public).passages == ()


# ---- sitemaps


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_the_pages_of_a_sitemap_and_of_an_index_of_them_come_in(
    library: Library, site: Site, packed: bool
) -> None:
    urls = [site.put(f"/p{number}", page(f"第{number}頁。")) for number in range(5)]
    inner = sitemap(*urls).encode()
    within = site.put("/inner.xml", gzip.compress(inner) if packed else inner, "application/xml")
    index = MAP.replace("urlset", "sitemapindex").format(f"<sitemap><loc>{within}</loc></sitemap>")
    root = site.put("/sitemap.xml", index, "application/xml")
    assert sync(library, site, maps=(root,)).added == 5
    site.put("/inner.xml", sitemap(*urls[:3]), "application/xml")
    report = sync(library, site, maps=(root,))
    assert (report.unchanged, report.removed) == (3, 2)


@pytest.mark.parametrize(
    "broken",
    ["", "<urlset><url>", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;'],
)
def test_a_sitemap_that_breaks_removes_nothing_and_says_so(
    library: Library, site: Site, broken: str
) -> None:
    url = site.put("/p", page("這一頁。"))
    other = site.put("/q", page("那一頁。"))
    root = site.put("/sitemap.xml", sitemap(url), "application/xml")
    sync(library, site, other, maps=(root,))
    site.put("/sitemap.xml", broken, "application/xml")
    if not broken:
        site.pages["/sitemap.xml"].status = 500
    report = sync(library, site, other, maps=(root,))
    assert (report.removed, report.unchanged) == (0, 1)
    assert [notice.code for notice in report.notices] == ["web.sitemap"]
    assert url in found(library, "這一頁")


# ---- robots


def test_what_robots_forbid_is_not_asked_for(library: Library, site: Site) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /private\n", "text/plain")
    secret, open_ = site.put("/private/a", page("祕密。")), site.put("/a", page("公開。"))
    report = sync(library, site, secret, open_)
    assert [(one.source, one.code) for one in report.skipped] == [(secret, "web.robots")]
    assert report.added == 1
    assert site.asked("/private/a") == 0
    assert site.asked("/robots.txt") == 1


def test_robots_may_mean_this_bot_and_may_ask_for_patience(library: Library, site: Site) -> None:
    rules = "User-agent: SecretaryBot\nCrawl-delay: 3\nDisallow: /no\nUser-agent: *\nDisallow: /\n"
    site.put("/robots.txt", rules, "text/plain")
    urls = [site.put(path, page(f"{path} 的內容")) for path in ("/no", "/a", "/b")]
    waits: list[float] = []
    source = WebSource(dict.fromkeys(urls, PUBLIC), {}, fetcher(site), waits.append)
    assert library.sync("web", source).added == 2
    assert len(waits) == 1
    assert 0 < waits[0] <= 3


def test_a_site_that_cannot_say_is_left_alone(library: Library, site: Site) -> None:
    site.put("/robots.txt", "", status=503)
    url = site.put("/a", page("內容。"))
    assert [one.code for one in sync(library, site, url).failed] == ["web.robots_unknown"]
    assert site.asked("/a") == 0


# ---- bounds


def test_a_page_that_is_too_large_or_too_slow_is_refused(site: Site) -> None:
    large, slow = site.put("/large", b"x" * 5000), site.put("/slow", b"y" * 2000, slow_s=3.0)
    with pytest.raises(DocumentError, match="too_large"):
        fetcher(site, max_bytes=1000).get(large)
    with pytest.raises(DocumentError, match="unreachable"):
        fetcher(site, timeout_s=0.5).get(slow)


def test_redirects_are_followed_and_end(site: Site) -> None:
    site.put("/c", "到了")
    site.redirect("/b", "/c")
    assert fetcher(site).get(site.redirect("/a", "/b")).content == "到了".encode()
    with pytest.raises(DocumentError, match="redirects"):
        fetcher(site).get(site.redirect("/loop", "/loop"))


def test_cookies_are_not_carried_about(site: Site) -> None:
    site.put("/a", "x")
    site.pages["/a"].headers["Set-Cookie"] = "id=1"
    reader = fetcher(site)
    reader.get(f"{site.url}/a")
    reader.get(f"{site.url}/a")
    assert "cookie" not in site.requests[-1][1]


# ---- private addresses


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1",
        "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "nonsense",
    ],
)  # fmt: skip
def test_what_lies_within_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_what_lies_without_is(address: str) -> None:
    assert is_public(address)


def test_a_private_address_is_refused_before_anything_is_sent(site: Site) -> None:
    url = site.put("/a", "內部")
    with pytest.raises(DocumentError) as caught:
        Fetcher(1000).get(url)
    assert caught.value.code == "web.private"
    assert site.requests == []


def test_a_redirect_to_a_private_address_is_refused(site: Site) -> None:
    with web_site() as inner:
        secret = inner.put("/secret", "內部")
        with pytest.raises(DocumentError) as caught:
            fetcher(site).get(site.redirect("/a", secret))
        assert caught.value.code == "web.private"
        assert inner.requests == []


def test_the_connection_goes_to_the_address_that_was_checked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers otherwise the second time leads nowhere else."""
    answers = iter(["127.0.0.1"])
    real = socket.getaddrinfo
    port = int(site.host.rpartition(":")[2])

    def lookup(host: str, *more: Any, **named: Any) -> list[Any]:
        if host != "leaf.test":
            return real(host, *more, **named)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(fetching.socket, "getaddrinfo", lookup)
    site.put("/a", "到了")
    reader = Fetcher(1000, frozenset({"leaf.test"}))
    assert reader.get(f"http://leaf.test:{port}/a").content == "到了".encode()
    assert site.requests[-1][1]["host"] == f"leaf.test:{port}"


def test_a_name_with_one_private_address_among_others_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    addresses = [(2, 1, 6, "", ("1.1.1.1", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(fetching.socket, "getaddrinfo", lambda *_, **__: addresses)
    with pytest.raises(DocumentError, match="private"):
        Fetcher(1000).get("http://both.test/")


@pytest.mark.parametrize(
    "url",
    ["ftp://leaf.test/", "file:///etc/passwd", "http://", "http://u:p@leaf.test/", "http://[::1"],
)
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(DocumentError, match=r"web\.address"):
        Fetcher(1000).get(url)


# ---- names


@pytest.mark.parametrize(
    ("url", "kind", "name"),
    [
        ("https://leaf.test/", "text/html", "leaf.test.html"),
        ("https://leaf.test/faq", "text/html; charset=big5", "faq.html"),
        ("https://leaf.test/a.pdf", "application/octet-stream", "a.pdf"),
        ("https://leaf.test/a", "application/octet-stream", None),
        ("https://leaf.test/%E5%83%B9.csv", "text/csv", "價.csv"),
    ],
)
def test_a_page_is_named_after_what_it_is(url: str, kind: str, name: str | None) -> None:
    assert file_name(url, kind) == name


def test_the_command_reads_the_pages_of_the_settings(tmp_path: Path, site: Site) -> None:
    url = site.put("/faq", page("葉脈文具週日十一點開門。"))
    home = Home(tmp_path, {"WEB_PAGES": f"{url}@staff", "WEB_PRIVATE_HOSTS": site.host})
    assert home("sync", "web", "--json").json["indexed"] == 1
    (row,) = home("sources", "list", "--json").json
    assert (row["source"], row["kind"], row["audience"]) == (url, "web", "staff")
    refused = Home(tmp_path, {"WEB_PAGES": url})("sync", "web", "--json").json
    assert "WEB_PRIVATE_HOSTS" in refused["failed"][0]["reason"]
    gone = Home(tmp_path)("sync", "web", "--json").json
    assert (gone["found"], gone["removed"]) == (1, 1)
    wrong = Home(tmp_path, {"WEB_PAGES": "leaf.test/faq"})("sync", "web")
    assert (wrong.code, "WEB_PAGES" in wrong.sentence) == (1, True)
