"""What `secretary ingest` promises: what is in the folder is known, and nothing else of it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from knowledge.library import Library
from knowledge.retriever import Query
from tests.support.bot import ingest, settings_for, write
from tests.support.documents import pdf
from tests.support.privilege import without_privilege
from tests.support.program import Home

REPORT_KEYS = ["added", "updated", "unchanged", "removed", "failed"]


def document(title: str, text: str) -> str:
    return f"# {title}\n\n{text}\n"


HOURS = document("營業時間", "葉脈文具台北店平日上午十點開門。")
RETURNS = document("退貨辦法", "網路訂單收到後七天內可以退貨。")


@contextmanager
def library(home: Path) -> Iterator[Library]:
    with Library(settings_for(home / "data").knowledge) as opened:
        yield opened


def found(home: Path, question: str) -> list[str]:
    """Sources of the passages, each as often as it is found."""
    with library(home) as opened:
        retrieved = opened.search(Query((question,), None, 20))
        return sorted(scored.passage.source for scored in retrieved.passages)


def text_of(home: Path, question: str) -> str:
    with library(home) as opened:
        retrieved = opened.search(Query((question,), None, 20))
        return "\n".join(scored.passage.text for scored in retrieved.passages)


def in_step(home: Path) -> bool:
    """Whether the index holds exactly what the ledger knows."""
    with library(home) as opened:
        wanted = sum(row.passages for row in opened.ledger.all())
        return opened.index.count() == wanted and not opened.ledger.rubbish()


def test_the_report_has_the_promised_shape(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write(tmp_path / "docs", {"營業.md": HOURS, "壞.pdf": b"%PDF-1.4 nothing", "圖.xyz": b"?"})
    done = home("ingest", "docs", "--json")
    assert done.code == 0, done.err
    report = done.json
    assert list(report)[: len(REPORT_KEYS)] == REPORT_KEYS
    assert [report[key] for key in REPORT_KEYS[:-1]] == [1, 0, 0, 0]
    (failure,) = report["failed"]
    assert sorted(failure) == ["reason", "source"]
    assert failure["source"] == "壞.pdf"
    assert "「壞.pdf」" in failure["reason"]
    assert "Traceback" not in done.err
    assert found(tmp_path, "台北店平日幾點開門") == ["營業.md"]


def test_for_people_the_report_is_a_sentence(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write(tmp_path / "docs", {"營業.md": HOURS, "壞.pdf": b"%PDF-1.4 nothing"})
    done = home("ingest", "docs")
    assert done.code == 0
    assert "新增 1、更新 0、未變 0、移除 0、失敗 1" in done.out
    assert "壞.pdf" in done.err


def test_a_path_that_is_not_there_fails_by_name(tmp_path: Path) -> None:
    done = Home(tmp_path)("ingest", "nowhere", "--json")
    assert done.code == 1
    assert [failure["source"] for failure in done.json["failed"]] == ["nowhere"]
    assert "nowhere" in done.sentence


def test_ingesting_again_changes_nothing(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"營業.md": HOURS, "退貨.md": RETURNS})
    first, second = (ingest(tmp_path / "data", docs) for _ in range(2))
    assert (first.added, first.passages) == (2, 2)
    assert (second.added, second.updated, second.unchanged, second.passages) == (0, 0, 2, 0)
    assert in_step(tmp_path)


def test_a_touched_file_with_the_same_text_is_unchanged(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"營業.md": HOURS})
    ingest(tmp_path / "data", docs)
    os.utime(docs / "營業.md", (1, 1))
    assert ingest(tmp_path / "data", docs).unchanged == 1


def test_a_changed_file_answers_with_its_new_text_only(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"營業.md": HOURS})
    ingest(tmp_path / "data", docs)
    write(docs, {"營業.md": HOURS.replace("十點", "八點")})
    assert ingest(tmp_path / "data", docs).updated == 1
    text = text_of(tmp_path, "台北店平日幾點開門")
    assert "八點" in text
    assert "十點" not in text
    assert in_step(tmp_path)


def test_what_vanished_under_the_folder_goes_and_nothing_else(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"營業.md": HOURS, "深/退貨.md": RETURNS})
    other = write(tmp_path / "other", {"會員.md": document("會員", "金卡會員全店九折。")})
    ingest(tmp_path / "data", docs)
    ingest(tmp_path / "data", other)
    shutil.rmtree(docs / "深")
    (other / "會員.md").unlink()
    report = ingest(tmp_path / "data", docs)
    assert (report.removed, report.unchanged) == (1, 1)
    assert found(tmp_path, "網路訂單退貨") == []
    assert found(tmp_path, "金卡會員幾折") == ["會員.md"]
    assert in_step(tmp_path)


def test_a_single_file_removes_nothing_beside_it(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"營業.md": HOURS, "退貨.md": RETURNS})
    ingest(tmp_path / "data", docs)
    (docs / "退貨.md").unlink()
    write(docs, {"營業.md": HOURS.replace("十點", "八點")})
    report = ingest(tmp_path / "data", docs / "營業.md")
    assert report.removed == 0
    assert found(tmp_path, "網路訂單退貨") == ["退貨.md"]
    assert found(tmp_path, "台北店平日幾點開門") == ["營業.md"], "it is not known twice"
    assert "八點" in text_of(tmp_path, "台北店平日幾點開門")


@pytest.mark.parametrize("order", [("docs", "docs/深"), ("docs/深", "docs")])
def test_a_folder_within_a_folder_is_not_known_twice(
    tmp_path: Path, order: tuple[str, str]
) -> None:
    write(tmp_path / "docs", {"營業.md": HOURS, "深/退貨.md": RETURNS})
    for path in order:
        ingest(tmp_path / "data", tmp_path / path)
    assert len(found(tmp_path, "網路訂單幾天內可以退貨")) == 1
    assert len(found(tmp_path, "台北店平日幾點開門")) == 1
    assert in_step(tmp_path)


def test_both_paths_at_once_are_not_known_twice_either(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"營業.md": HOURS, "深/退貨.md": RETURNS})
    ingest(tmp_path / "data", docs, docs / "深", docs / "營業.md")
    assert len(found(tmp_path, "網路訂單幾天內可以退貨")) == 1
    assert len(found(tmp_path, "台北店平日幾點開門")) == 1


def test_only_its_audience_finds_a_document(tmp_path: Path) -> None:
    ingest(tmp_path / "data", write(tmp_path / "docs", {"營業.md": HOURS}))
    staff = write(tmp_path / "staff", {"薪資.md": document("薪資", "店長的獎金是五千元。")})
    ingest(tmp_path / "data", staff, audience="staff")
    with library(tmp_path) as opened:
        for audience, wanted in (("public", []), ("staff", ["薪資.md"])):
            query = Query(("獎金五千",), frozenset({audience}), 5)
            sources = [scored.passage.source for scored in opened.search(query).passages]
            assert sources == wanted


def test_a_new_audience_holds_at_once(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"薪資.md": document("薪資", "店長的獎金是五千元。")})
    ingest(tmp_path / "data", docs)
    assert ingest(tmp_path / "data", docs, audience="staff").updated == 1
    with library(tmp_path) as opened:
        query = Query(("店長的獎金",), frozenset({"public"}), 5)
        assert opened.search(query).passages == ()


def test_a_damaged_file_stops_nobody_else(tmp_path: Path) -> None:
    whole = pdf([["Leaf Stationery opens at ten", "營業時間"]])
    docs = write(tmp_path / "docs", {
        "a.pdf": whole[: len(whole) // 2].replace(b"stream", b"strxxm"), "b.docx": b"PK\x03\x04broken",
        "c.xlsx": b"", "d.md": HOURS, "e.pdf": whole,
    })  # fmt: skip
    report = ingest(tmp_path / "data", docs)
    assert report.added == 2
    assert [failure.source for failure in report.failed] == ["a.pdf", "b.docx", "c.xlsx"]
    assert found(tmp_path, "台北店平日幾點開門") == ["d.md"]


def test_a_file_that_became_damaged_keeps_its_old_text(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"a.pdf": pdf([["Leaf Stationery opens at ten"]])})
    ingest(tmp_path / "data", docs)
    write(docs, {"a.pdf": b"%PDF-1.4 nothing"})
    report = ingest(tmp_path / "data", docs)
    assert (len(report.failed), report.removed) == (1, 0)
    assert found(tmp_path, "Leaf Stationery opens") == ["a.pdf"]


def test_an_unreadable_folder_is_named_and_loses_nothing(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"營業.md": HOURS, "深/退貨.md": RETURNS})
    ingest(tmp_path / "data", docs)
    (docs / "深").chmod(0)
    try:
        done = Home(tmp_path, prefix=without_privilege())("ingest", "docs", "--json")
    finally:
        (docs / "深").chmod(0o755)
    assert done.code == 0, done.err
    assert [failure["source"] for failure in done.json["failed"]] == ["深/"]
    assert (done.json["removed"], done.json["unchanged"]) == (0, 1)
    assert found(tmp_path, "網路訂單退貨") == ["深/退貨.md"]


def test_the_sample_goes_with_the_first_document_and_this_is_said(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with library(tmp_path) as opened:
        assert opened.ingest_sample().added > 3
        assert opened.holds_sample()
    write(tmp_path / "empty", {"壞.pdf": b"%PDF-1.4 nothing"})
    kept = home("ingest", "empty")
    assert "範例" not in kept.out
    write(tmp_path / "docs", {"營業.md": HOURS})
    gone = home("ingest", "docs")
    assert "範例文件已移除" in gone.out
    with library(tmp_path) as opened:
        assert [row.source for row in opened.ledger.all()] == ["營業.md"]
    assert in_step(tmp_path)
    assert "範例" not in home("ingest", "docs").out


def test_the_sample_is_whole_and_can_be_searched(tmp_path: Path) -> None:
    with library(tmp_path) as opened:
        report = opened.ingest_sample()
    assert report.failed == []
    assert found(tmp_path, "台北店週日開到幾點")


def test_names_of_files_may_be_strange(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"[red]空 格.md": HOURS, "é'\"%s.md": RETURNS})
    (docs / os.fsdecode(b"\xff.md")).write_text(document("怪", "奇怪的檔名也可以。"))
    report = ingest(tmp_path / "data", docs)
    assert (report.added, report.failed) == (3, [])
    assert found(tmp_path, "網路訂單退貨") == ["é'\"%s.md"]
    done = Home(tmp_path)("search", "奇怪的檔名", "--json")
    assert done.json["passages"][0]["source"] == "\\xff.md"
