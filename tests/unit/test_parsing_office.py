"""DOCX, XLSX and PPTX, made by other libraries than those that read them where there is one."""

import datetime as dt
from typing import Any

import docx
import openpyxl
from pptx import Presentation
from pptx.util import Inches

from knowledge.parsing import parse
from tests.support.documents import saved


def _table(document: Any, rows: list[list[str]]) -> None:
    table = document.add_table(rows=len(rows), cols=len(rows[0]))
    for y, row in enumerate(rows):
        for x, text in enumerate(row):
            table.cell(y, x).text = text


def test_docx_title_headings_lists_and_tables() -> None:
    document = docx.Document()
    document.core_properties.title = "舊範本的標題"
    document.add_heading("員工手冊", 0)
    document.add_heading("出勤", 1)
    paragraph = document.add_paragraph("遲到")
    paragraph.add_run("三次").bold = True
    paragraph.add_run("記警告。")
    document.add_paragraph("甲", style="List Bullet")
    document.add_heading("請假", 2)
    _table(document, [["假別", "天數", "說明"], ["特休", "7", "滿一年\n起"]])
    parsed = parse(saved(document.save), "手冊.docx")
    assert parsed.title == "員工手冊"
    assert [(b.headings, b.row, b.text) for b in parsed.blocks] == [
        (("出勤",), None, "遲到三次記警告。"),
        (("出勤",), None, "- 甲"),
        (("出勤", "請假"), 1, "假別：特休；天數：7；說明：滿一年 起"),
    ]


def test_docx_without_headings_takes_the_property_then_the_name() -> None:
    document = docx.Document()
    document.add_paragraph("內文")
    assert parse(saved(document.save), "a/請假單.docx").title == "請假單"
    document.core_properties.title = "請假規定"
    assert parse(saved(document.save), "a.docx").title == "請假規定"


def test_docx_with_only_a_title_keeps_it() -> None:
    document = docx.Document()
    document.add_heading("公告", 0)
    assert [b.text for b in parse(saved(document.save), "a.docx").blocks] == ["公告"]


def _price_list() -> Any:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "門市"
    sheet["A1"] = "價目表"
    sheet.merge_cells("A1:F1")
    sheet.append(["品類", "品名", "單價", "折扣", "上架", "電話"])
    sheet.append(["筆", "鉛筆", 25.0, 0.85, dt.datetime.fromisoformat("2026-03-01"), 912345678])
    sheet.append([None, "墨水", 0.1 + 0.2, 1, dt.datetime.fromisoformat("2026-03-01 09:30"), None])
    sheet.merge_cells("A3:A4")
    for row in (3, 4):
        sheet.cell(row, 4).number_format = "0%"
    sheet["F3"].number_format = "0000000000"
    sheet["A6"] = "備註：含稅"
    return book


def test_xlsx_values_read_as_on_screen() -> None:
    parsed = parse(saved(_price_list().save), "a.xlsx")
    assert [(b.sheet, b.headings, b.row, b.text) for b in parsed.blocks] == [
        (
            "門市",
            ("價目表",),
            3,
            "品類：筆；品名：鉛筆；單價：25；折扣：85%；上架：2026-03-01；電話：0912345678",
        ),
        (
            "門市",
            ("價目表",),
            4,
            "品類：筆；品名：墨水；單價：0.3；折扣：100%；上架：2026-03-01 09:30",
        ),
        ("門市", ("價目表",), 6, "備註：含稅"),
    ]


def test_xlsx_hidden_sheets_and_errors_are_left_out() -> None:
    book = openpyxl.Workbook()
    book.active.append(["甲", "乙"])
    book.active.append([True, dt.time(9, 0)])
    book.active.append(["#N/A", "有"])
    hidden = book.create_sheet("成本")
    hidden["A1"] = "秘密"
    hidden.sheet_state = "hidden"
    assert [b.text for b in parse(saved(book.save), "a.xlsx").blocks] == [
        "甲：TRUE；乙：09:00",
        "乙：有",
    ]


def test_xlsx_with_a_stray_cell_far_away_is_quick_and_complete() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "甲"
    book.active["XFD1048576"] = "乙"
    assert [(b.row, b.text) for b in parse(saved(book.save), "a.xlsx").blocks] == [
        (1, "甲"),
        (1048576, "乙"),
    ]


def test_pptx_slides_tables_and_notes() -> None:
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "新人訓練"
    slide.placeholders[1].text = "第一點\n第二點"
    slide.notes_slide.notes_text_frame.text = "講者備註"
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "費用"
    table = slide.shapes.add_table(2, 3, Inches(1), Inches(2), Inches(3), Inches(1)).table
    for y, row in enumerate([["項目", "金額", "期限"], ["押金", "500", "離職時"]]):
        for x, text in enumerate(row):
            table.cell(y, x).text = text
    hidden = deck.slides.add_slide(deck.slide_layouts[5])
    hidden.shapes.title.text = "不公開"
    hidden.element.set("show", "0")
    parsed = parse(saved(deck.save), "a.pptx")
    assert parsed.title == "新人訓練"
    assert [(b.page, b.headings, b.text) for b in parsed.blocks] == [
        (1, (), "第一點\n第二點"),
        (1, (), "講者備註"),
        (2, ("費用",), "項目：押金；金額：500；期限：離職時"),
    ]


def test_pptx_slide_with_only_a_title_keeps_its_page() -> None:
    deck = Presentation()
    for name in ("封面", "謝謝"):
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = name
    assert [(b.page, b.text) for b in parse(saved(deck.save), "a.pptx").blocks] == [
        (1, "封面"),
        (2, "謝謝"),
    ]
