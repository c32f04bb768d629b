"""PDF, made with a font that is not embedded, as most Chinese programs do."""

import pytest

from knowledge.errors import DocumentError
from knowledge.parsing import parse
from tests.support.documents import pdf

RULE = (
    "本店提供七天鑑賞期，購買後如有瑕疵，請攜帶發票至門市辦理退換貨，逾期恕不受理。"
    "會員可享有額外三天的寬限期，惟特價商品不適用本條規定。"
)


def wrapped(text: str, measure: int = 30) -> list[str]:
    return [text[i : i + measure] for i in range(0, len(text), measure)]


def test_wrapped_lines_are_joined_and_pages_told() -> None:
    parsed = parse(
        pdf([["退貨規定", *wrapped(RULE), "一、發票", "二、商品"], ["聯絡電話"]]), "規章.pdf"
    )
    assert parsed.title == "規章"
    assert [(b.page, b.text) for b in parsed.blocks] == [
        (1, f"退貨規定\n{RULE}\n一、發票\n二、商品"),
        (2, "聯絡電話"),
    ]


def test_running_heads_and_page_numbers_are_dropped() -> None:
    pages = [["小書房員工手冊", f"第{n}條 規定", "內容", f"第 {n} 頁"] for n in range(1, 5)]
    assert [b.text for b in parse(pdf(pages), "a.pdf").blocks] == [
        f"第{n}條 規定\n內容" for n in range(1, 5)
    ]


def test_sentence_over_the_page_break_is_whole() -> None:
    lines = wrapped(RULE * 2)
    parsed = parse(pdf([lines[:3], lines[3:]]), "a.pdf")
    assert [b.page for b in parsed.blocks] == [1, 2]
    assert all(b.text.endswith("。") for b in parsed.blocks)
    assert "".join(b.text for b in parsed.blocks) == RULE * 2


def test_title_property_without_the_program_that_wrote_it() -> None:
    assert parse(pdf([["內文"]], "Microsoft Word - 退貨規定.docx"), "a.pdf").title == "退貨規定"
    assert parse(pdf([["內文"]], "untitled"), "b.pdf").title == "b"


def code(data: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        parse(data, "a.pdf")
    return caught.value.code


def test_pages_without_text_are_a_scan_only_if_all_are() -> None:
    assert code(pdf([[], []])) == "file.scanned"
    assert [b.page for b in parse(pdf([[], ["文字"]]), "a.pdf").blocks] == [2]


def test_password_and_damage() -> None:
    whole = pdf([["內文"]])
    assert code(pdf([["內文"]], password="秘密".encode().hex())) == "file.encrypted"
    assert code(whole[:200]) == "file.damaged"
    assert code(b"not a pdf") == "file.damaged"


def test_widely_spaced_characters_are_closed_up_and_columns_are_not() -> None:
    parsed = parse(pdf([["退 換 貨 規 定", "品名 單價 備註"]]), "a.pdf")
    assert [b.text for b in parsed.blocks] == ["退換貨規定\n品名 單價 備註"]
