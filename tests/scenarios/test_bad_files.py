"""A folder full of files that cannot be read: each is one failure with its reason, the rest goes on."""

import io
import os
import shutil
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.phrases import describe
from knowledge.embedding import Embedder, Vectors
from knowledge.library import Library
from knowledge.passages import Failure
from knowledge.retriever import Query
from tests.payloads.formats.shops import FOLDER
from tests.support.bot import ingest, settings_for, write
from tests.support.documents import pdf
from tests.support.privilege import without_privilege
from tests.support.program import Home

HOURS = "# 營業時間\n\n葉脈文具台北店平日上午十點開門。\n"
LOCKED = FOLDER.parent / "bad" / "locked.xlsx"
MB = 1024 * 1024

REASONS = {
    "bomb.zip": "file.too_large",
    "cut.docx": "file.damaged",
    "cut.json": "file.damaged",
    "cut.odt": "file.damaged",
    "cut.png": "file.damaged",
    "cut.xls": "file.damaged",
    "cut.zip": "file.damaged",
    "empty.md": "file.empty",
    "empty.pdf": "file.empty",
    "gone.md": "file.broken_link",
    "huge.csv": "file.too_large",
    "locked.pdf": "file.encrypted",
    "locked.xlsx": "file.encrypted",
    "mixed.zip/../out.md": "file.outside",
    "mixed.zip/locked.md": "file.encrypted",
    "mixed.zip/cut.docx": "file.damaged",
    "mp4.txt": "file.encoding",
    "out.md": "file.outside",
    "pipe.md": "file.not_regular",
    "sevenzip.pdf": "file.unsupported",
}
READ = ["good.md", "mixed.zip/good.md", "page.docx", "pdf.txt"]


def packed(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def mixed() -> bytes:
    """An archive with a good member and three bad ones."""
    members = {
        "good.md": HOURS.encode(),
        "../out.md": b"x",
        "locked.md": b"x",
        "cut.docx": b"PK\x03\x04",
    }
    data = bytearray(packed(**members))
    entry = data.rindex(b"locked.md") - 46
    data[entry + 8] |= 1
    return bytes(data)


def cut(name: str) -> bytes:
    data = (FOLDER / name).read_bytes()
    return data[: len(data) // 2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    whole = packed(**{"word/document.xml": b"<a>" * 500, "[Content_Types].xml": b"<a/>"})
    docs = write(tmp_path / "docs", {
        "bomb.zip": packed(**{f"{n}.txt": b" " * (30 * MB) for n in range(9)}),
        "cut.docx": whole[: len(whole) // 2], "cut.json": b'[{"a": 1}, {"a"', "cut.odt": cut("shop.odt"),
        "cut.png": cut("shop.png"), "cut.xls": cut("shop.xls"), "cut.zip": cut("shop.zip"),
        "empty.md": b"", "empty.pdf": b"\0\0\0", "locked.pdf": pdf([["secret"]], password="x"),
        "locked.xlsx": LOCKED.read_bytes(), "mixed.zip": mixed(), "mp4.txt": bytes(range(256)) * 20,
        "sevenzip.pdf": b"7z\xbc\xaf\x27\x1c" + b"x" * 50, "good.md": HOURS,
        "pdf.txt": pdf([["Leaf Stationery opens at ten"]]),
        "page.docx": "<html><body><p>網頁存成的文件</p></body></html>".encode("utf-16"),
    })  # fmt: skip
    (docs / "page.docx").rename(docs / "page.doc")
    (docs / "page.doc").write_text("<html><body><p>網頁存成的文件</p></body></html>", "utf-8")
    write(tmp_path / "outside", {"out.md": "# 外面\n\n不該讀到的東西。\n"})
    (docs / "out.md").symlink_to(tmp_path / "outside" / "out.md")
    (docs / "gone.md").symlink_to(docs / "nowhere.md")
    os.mkfifo(docs / "pipe.md")
    with (docs / "huge.csv").open("wb") as file:
        file.truncate(2 << 30)
    return docs


def test_each_bad_file_is_one_failure_with_its_reason_and_the_rest_is_known(
    tmp_path: Path, folder: Path
) -> None:
    report = ingest(tmp_path / "data", folder)
    assert {failure.source: failure.code for failure in report.failed} == REASONS
    assert len(report.failed) == len(REASONS), "each once"
    with Library(settings_for(tmp_path / "data").knowledge) as library:
        known = sorted(row.source for row in library.ledger.all())
        passages = library.search(Query(("不該讀到的東西",), None, 5)).passages
    assert known == [name.replace("page.docx", "page.doc") for name in READ]
    assert not any("不該" in scored.passage.text for scored in passages)


@pytest.mark.parametrize("language", ["zh-TW", "en"])
def test_every_reason_is_a_sentence_that_names_the_file(language: str) -> None:
    details = {"limit_mb": "15", "seconds": "120"}
    for source, code in REASONS.items():
        sentence = describe(Failure(source, code, {"source": source, **details}), language)
        assert source in sentence
        assert "?" not in sentence.replace("？", "")


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"good.md": HOURS, "shut.md": HOURS})
    (docs / "shut.md").chmod(0)
    done = Home(tmp_path, prefix=without_privilege())("ingest", "docs", "--json")
    assert done.code == 0, done.err
    assert done.json["added"] == 1
    (failure,) = done.json["failed"]
    assert failure["source"] == "shut.md"
    assert "權限" in failure["reason"]


class Counting(Embedder):
    """Vectors that cost nothing; remembers how often it was asked."""

    model_id = "counting"
    dimension = 4

    def __init__(self) -> None:
        self.calls = 0

    def passages(self, texts: Sequence[str]) -> Vectors:
        self.calls += 1
        return np.full((len(texts), self.dimension), 0.5, np.float32)

    def query(self, text: str) -> Vectors:
        return np.full(self.dimension, 0.5, np.float32)


def test_a_second_run_over_unchanged_files_embeds_nothing_and_is_quick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = Counting()
    monkeypatch.setattr("knowledge.library.open_embedder", lambda _: embedder)
    docs = write(tmp_path / "docs", {f"{n}.md": f"# {n} 號\n\n公告 {n}。\n" for n in range(97)})
    for name in ("shop.zip", "shop.eml"):
        shutil.copy(FOLDER / name, docs)
    first = ingest(tmp_path / "data", docs)
    asked = embedder.calls
    assert (first.added, asked) == (100, 100)
    start = time.perf_counter()
    second = ingest(tmp_path / "data", docs)
    assert time.perf_counter() - start < 5
    assert (second.unchanged, second.added, second.updated, second.removed) == (100, 0, 0, 0)
    assert embedder.calls == asked
