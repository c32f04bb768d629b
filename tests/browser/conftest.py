"""One Chromium for a file of browser tests, a fresh profile for each.

Pictures are saved only on request: SCREENSHOTS=/some/folder outside the repository.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_assistant import FakeAssistant
from tests.support.web_server import web_server

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


# Not for the whole session: while it lives, the driver keeps an event loop running in this
# thread, and no asynchronous test could run beside it.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=[*ARGUMENTS])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """open_page(assistant, locale=…, phone=…, **server options) → the loaded page.

    Fails the test when the page logged an error or asked for anything from elsewhere.
    """
    complaints: list[str] = []
    with ExitStack() as stack:

        def opened(
            assistant: FakeAssistant, *, locale: str = "zh-TW", phone: bool = False, **server: Any
        ) -> Any:
            url = stack.enter_context(web_server(assistant, **server))
            size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 800}
            context = chromium.new_context(
                viewport=size, locale=locale, has_touch=phone, is_mobile=phone
            )
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(8000)
            _listen(page, url, complaints)
            page.goto(url)
            stack.callback(_picture, page, request.node.name)
            return page

        yield opened
    assert complaints == []


def _listen(page: Any, url: str, complaints: list[str]) -> None:
    def complain(what: str, text: str, true: bool = True) -> None:
        if true:
            complaints.append(f"{what}: {text}")

    page.on("pageerror", lambda error: complain("error", str(error)))
    page.on("dialog", lambda dialog: complain("dialog", dialog.message))
    page.on("request", lambda sent: complain("fetched", sent.url, not sent.url.startswith(url)))
    page.on("console", lambda line: complain("console", line.text, "Security Policy" in line.text))


def _picture(page: Any, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")
