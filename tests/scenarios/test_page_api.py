"""What the web door says of its state, and what its pages carry along."""

import re
from pathlib import Path

import pytest

import adapters.web
from adapters.web.wording import preferred, strings
from tests.support.fake_assistant import FakeReadiness
from tests.support.v1_client import asking

WEB = Path(adapters.web.__file__).parent


async def test_healthz_is_always_ok_and_readyz_is_not() -> None:
    with asking(readiness=FakeReadiness(ready=False)) as http:
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        ready = await http.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"]["index"] == "opening"


async def test_readyz_is_200_when_it_can_only_quote() -> None:
    with asking() as http:
        ready = await http.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["model"]) == (200, "extractive")


async def test_the_page_is_greeted_with_suggestions_and_notice() -> None:
    with asking(readiness=FakeReadiness(notice="範例知識庫")) as http:
        greeting = (await http.get("/v1/models")).json()["secretary"]
    assert greeting == {"ready": True, "suggestions": ["今天有開嗎？"], "notice": "範例知識庫"}


@pytest.mark.parametrize("path", ["/", "/docs"])
@pytest.mark.parametrize(
    ("language", "word"), [("zh-TW,en;q=0.5", "小秘書"), ("en-GB", "Secretary")]
)
async def test_pages_speak_the_browsers_language(path: str, language: str, word: str) -> None:
    with asking() as http:
        page = await http.get(path, headers={"Accept-Language": language})
    assert page.status_code == 200
    assert f"<title>{word}" in page.text


@pytest.mark.parametrize("path", ["/", "/docs", "/static/chat.js", "/v1/models", "/nowhere"])
async def test_every_reply_carries_the_security_headers(path: str) -> None:
    with asking() as http:
        headers = (await http.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


async def test_pages_fetch_nothing_from_elsewhere() -> None:
    with asking() as http:
        pages = [(await http.get(path)).text for path in ("/", "/docs")]
        for page in pages:
            for address in re.findall(r'(?:src|href)="([^"]+)"', page):
                assert not re.match(r"\w+:|//", address), address
                if address.startswith("static/"):
                    assert (await http.get(f"/{address}")).status_code == 200
    for file in (WEB / "static").glob("*"):
        assert not re.findall(r"(?:@import|url\(|from \"(?!\./))", file.read_text("utf-8")), file


async def test_the_docs_name_every_path() -> None:
    with asking() as http:
        page = (await http.get("/docs")).text
        paths = (await http.get("/openapi.json")).json()["paths"]
    assert set(paths) == {"/healthz", "/readyz", "/v1/models", "/v1/chat/completions"}
    assert all(path in page for path in paths)


def test_both_languages_have_the_same_sentences() -> None:
    chinese, english = strings("zh-TW"), strings("en")
    for part in ("page", "api"):
        assert chinese[part].keys() == english[part].keys()
        for key, text in chinese[part].items():
            assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", english[part][key]) or (
                sorted(re.findall(r"{\w+}", text))
                == sorted(re.findall(r"{\w+}", english[part][key]))
            )


def test_every_sentence_the_page_asks_for_exists() -> None:
    known = strings("zh-TW")["page"].keys()
    scripts = "".join(file.read_text("utf-8") for file in (WEB / "static").glob("*.js"))
    template = (WEB / "templates" / "chat.html").read_text("utf-8")
    asked = re.findall(r'\bt\("(\w+)"', scripts) + re.findall(r'data-t(?:-\w+)?="(\w+)"', template)
    assert len(asked) > 30
    assert set(asked) <= known


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-Hant-TW", "zh-TW"),
        ("fr,en;q=0.8", "en"),
        ("fr", "zh-TW"),
        (None, "zh-TW"),
        (";;,", "zh-TW"),
    ],
)
def test_preferred_language(header: str | None, language: str) -> None:
    assert preferred(header, "zh-TW") == language
