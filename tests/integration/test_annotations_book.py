"""Curated answers on both databases: written, matched, edited, carried in and out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.annotations import (
    AnnotationError,
    Annotations,
    Draft,
    Filters,
    Hit,
    export_csv,
    import_csv,
)
from knowledge.ledger import SourceRow
from tests.support.bot import NOON
from tests.support.databases import empty_database
from tests.support.postgres import postgres
from tests.support.stored import HandClock, storage_at

RETURNS = Draft("可以退貨嗎？", "七天內可以。", ("能退嗎", "想退貨怎麼辦"))


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Annotations]:
    with storage_at(empty_database(request.param, tmp_path, request)) as storage:
        yield Annotations(storage, None, HandClock(), _sources)


def _sources() -> list[SourceRow]:
    return [_source("退貨.md", "hash-1")]


def _source(name: str, content_hash: str) -> SourceRow:
    return SourceRow("/docs", name, name, "public", content_hash, "", 1, 1, NOON)


def said(book: Annotations, text: str, audiences: frozenset[str] | None = None) -> str | None:
    found = book.match(text, audiences).found
    return found.answer if isinstance(found, Hit) else None


def test_question_and_aliases_answer_and_suggestions_do_not(book: Annotations) -> None:
    number = book.add(RETURNS, "boss").annotation.id
    assert said(book, "请问可以退货吗") == "七天內可以。"
    assert said(book, "能退嗎？") == "七天內可以。"
    assert book.accept_choice(number, "不要了可以還你們嗎")
    assert not book.accept_choice(number, "不要了，可以還你們嗎？"), "known already"
    assert said(book, "不要了可以還你們嗎") is None
    book.add_alias(number, "boss", "不要了可以還你們嗎")
    assert said(book, "不要了可以還你們嗎") == "七天內可以。"
    book.remove_alias(number, "boss", "能退嗎")
    assert said(book, "能退嗎") is None


def test_what_was_retired_or_has_expired_is_silent_until_restored(book: Annotations) -> None:
    number = book.add(replace(RETURNS, expires_on=NOON.date()), "boss").annotation.id
    assert said(book, "可以退貨嗎") == "七天內可以。"
    assert book.match("可以退貨嗎", None, date(2026, 11, 25)).found is None
    book.retire(number, "boss")
    assert said(book, "可以退貨嗎") is None
    book.restore(number, "boss")
    assert said(book, "可以退貨嗎") == "七天內可以。"


def test_audiences_see_their_own_answer(book: Annotations) -> None:
    book.add(RETURNS, "boss")
    book.add(Draft("可以退貨嗎？", "員工也要附發票。", audience="staff"), "boss")
    assert said(book, "可以退貨嗎", frozenset({"public"})) == "七天內可以。"
    assert said(book, "可以退貨嗎", frozenset({"public", "staff"})) == "員工也要附發票。"


def test_one_question_has_one_answer(book: Annotations) -> None:
    first = book.add(RETURNS, "boss").annotation.id
    with pytest.raises(AnnotationError) as caught:
        book.add(Draft("请问可以退货吗", "不行。"), "boss")
    assert (caught.value.code, caught.value.detail["id"]) == ("annotation.duplicate", str(first))
    assert said(book, "可以退貨嗎") == "七天內可以。"


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (Draft("  ", "好"), "annotation.question_empty"),
        (Draft("問", " \n"), "annotation.answer_empty"),
        (Draft("問" * 2001, "好"), "annotation.question_long"),
        (Draft("問題", "好" * 10001), "annotation.answer_long"),
        (Draft("問題", "好", expires_on=date(2026, 11, 23)), "annotation.expired"),
    ],
)
def test_what_cannot_be_an_annotation_is_refused(
    book: Annotations, draft: Draft, code: str
) -> None:
    with pytest.raises(AnnotationError) as caught:
        book.add(draft, "boss")
    assert caught.value.code == code
    assert book.listed() == []


def test_edits_and_hits_are_kept(book: Annotations) -> None:
    number = book.add(RETURNS, "ann", from_request="line:7").annotation.id
    book.edit(number, "bob", lambda draft: replace(draft, answer="十天內可以。"))
    book.record_hit(number, "line:8", "exact", 1.0, NOON)
    details = book.details(number)
    changes = [edit.change for edit in details.edits if edit.author == "bob"]
    assert changes == [{"answer": ["七天內可以。", "十天內可以。"]}]
    assert [hit.request_id for hit in details.hits] == ["line:8"]
    assert (details.annotation.from_request, details.annotation.hits) == ("line:7", 1)


def test_rot_is_flagged_and_taken_back(book: Annotations) -> None:
    number = book.add(replace(RETURNS, sources=("退貨.md",)), "boss").annotation.id

    def rot(*rows: SourceRow) -> str | None:
        book.check_rot(rows)
        return book.get(number).rot

    assert rot(_source("退貨.md", "hash-1")) is None
    assert rot(_source("退貨.md", "hash-2")) == "changed"
    assert rot() == "gone"
    assert rot(_source("退貨.md", "hash-1")) is None


def test_what_goes_out_as_csv_comes_back_the_same(book: Annotations) -> None:
    nasty = (
        Draft("=1+1 是多少", "=SUM(A1)", ("+加", "-減", "@at"), "staff", date(2027, 1, 1)),
        Draft('逗號,「引號"與換行', "第一行\n第二行"),
        RETURNS,
    )
    for draft in nasty:
        book.add(draft, "boss")
    content = export_csv(book)
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"\n=" not in content.replace(b"\r", b"")
    report = import_csv(book, content, "boss")
    assert (report.added, report.updated, report.unchanged, report.failed) == (0, 0, 3, [])
    for annotation in book.listed():
        book.retire(annotation.id, "boss")
    assert import_csv(book, content, "boss").added == 3
    assert {one.draft for one in book.listed()} == set(nasty)


def test_a_bad_row_is_named_and_nothing_else_is_lost(book: Annotations) -> None:
    rows = (
        "question,answer,aliases,audience,expires\n"
        "可以退貨嗎？,七天內可以。,能退嗎|想退,,\n"
        ",沒有問題,,,\n"
        "何時到貨？,三天。,,,2026-13-45\n"
        "有停車場嗎？,沒有。,,,2030/01/02\n"
    )
    report = import_csv(book, rows.encode(), "boss")
    assert report.added == 2
    assert [(bad.line, bad.code) for bad in report.failed] == [
        (3, "annotation.question_empty"),
        (4, "annotation.csv_date"),
    ]
    assert said(book, "想退") == "七天內可以。"
    kept = book.listed(Filters())
    assert {one.draft.expires_on for one in kept} == {None, date(2030, 1, 2)}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "annotation.csv_empty"),
        ("問題,回答\na,b\n".encode(), "annotation.csv_missing"),
        (b"question,answer,colour\na,b,c\n", "annotation.csv_unknown"),
        (b"\xff\xff\x00\x81", "annotation.csv_encoding"),
    ],
)
def test_a_file_that_is_no_such_table_changes_nothing(
    book: Annotations, content: bytes, code: str
) -> None:
    with pytest.raises(AnnotationError) as caught:
        import_csv(book, content, "boss")
    assert caught.value.code in (code, "annotation.csv_missing")
    assert book.listed() == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "big5", "utf-16"])
def test_what_spreadsheets_save_is_read(book: Annotations, encoding: str) -> None:
    text = "question,answer\r\n可以退貨嗎,七天內可以。\r\n"
    assert import_csv(book, text.encode(encoding), "boss").added == 1
    assert said(book, "可以退貨嗎") == "七天內可以。"
