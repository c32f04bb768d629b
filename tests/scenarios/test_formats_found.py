"""A folder with every format goes in, and a question finds the file that holds its answer."""

import shutil
from collections.abc import Iterator

import pytest

from knowledge.ingest import IngestReport
from knowledge.library import Library
from knowledge.parsing.tools import ocr_installed
from knowledge.retriever import Query
from tests.payloads.formats.shops import FOLDER, SHOPS, sentence, source_of
from tests.support.bot import settings_for

OFFICE = [name for name in SHOPS if name in ("doc", "ppt")]
PICTURES = [
    name for name in SHOPS if name in ("jpg", "png", "webp", "gif", "bmp", "tif", "scan.pdf")
]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Library, IngestReport]]:
    home = tmp_path_factory.mktemp("formats")
    (home / "docs").mkdir()
    for path in FOLDER.iterdir():
        if path.is_file() and path.suffix != ".py":
            shutil.copy(path, home / "docs")
    with Library(settings_for(home / "data").knowledge) as library:
        yield library, library.ingest([home / "docs"])


def unreadable_here() -> set[str]:
    """What this machine lacks the tools for."""
    lacking = set() if shutil.which("soffice") or shutil.which("libreoffice") else set(OFFICE)
    return lacking | (set() if ocr_installed() else set(PICTURES))


def test_every_file_is_in_or_named_with_its_reason(known: tuple[Library, IngestReport]) -> None:
    library, report = known
    lacking = {source_of(name) for name in unreadable_here()}
    assert {failure.source for failure in report.failed} == lacking
    assert {row.source for row in library.ledger.all()} == {*map(source_of, SHOPS)} - lacking
    assert report.skipped == []


@pytest.mark.parametrize("name", SHOPS)
def test_the_question_finds_the_file(known: tuple[Library, IngestReport], name: str) -> None:
    if name in unreadable_here():
        pytest.skip("LibreOffice or the extra `ocr` is not installed")
    library, _ = known
    shop, hours = SHOPS[name]
    question = f"{shop}門市的鋼筆什麼時候可以免費清潔？"
    if name == "sjis.txt":
        question = f"{shop}店の万年筆の無料クリーニングはいつですか"
    best = library.search(Query((question,), None, 3)).passages[0].passage
    assert best.source == source_of(name)
    assert hours in best.text
    assert sentence(name).rstrip("。") in best.text
