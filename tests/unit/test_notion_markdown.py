"""Notion's enhanced Markdown as plain Markdown, and pages as lines of properties."""

import pytest

from knowledge.parsing import parse
from knowledge.sources.notion.enhanced import read
from knowledge.sources.notion.pages import page_of, plain_id, property_lines, roots_of
from knowledge.sources.scope import split_audience

ID = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("enhanced", "plain"),
    [
        ('## 步驟 {color="blue"}\n\n內文 {toggle="true"}', "## 步驟\n\n內文"),
        ('<callout icon="💡" color="gray_bg">\n\t**注意** 週三\n\t停電\n</callout>', "**注意** 週三\n停電"),
        (
            "<details>\n<summary>更多</summary>\n\t- 一\n\t\t- 二\n</details>\n\n後面",
            "更多\n\n- 一\n\t- 二\n\n後面",
        ),
        (
            "<columns>\n\t<column>\n\t\t左\n\t</column>\n\t<column>\n\t\t右\n\t</column>\n</columns>",
            "左\n\n右",
        ),
        ('請找 <mention-user url="user://1">小明</mention-user>', "請找 小明"),
        ('在 <mention-date start="2026-12-01" end="2026-12-03"/> 前', "在 2026-12-01 → 2026-12-03 前"),
        ('<span color="red" underline="true">紅字</span>', "紅字"),
        ("價格 \\~ 100 \\* 2 \\[註\\] 1 \\< 2", "價格 ~ 100 * 2 [註] 1 < 2"),
        ('上\n<empty-block/>\n<table_of_contents color="gray"/>\n下', "上\n\n下"),
        ('<synced_block url="x">\n\t同步的字\n</synced_block>', "同步的字"),
        ("字面的 \\<page url=\"x\"\\> 留著", '字面的 <page url="x"> 留著'),
    ],
)  # fmt: skip
def test_looks_go_and_words_stay(enhanced: str, plain: str) -> None:
    assert read(enhanced).markdown == plain


def test_code_is_left_alone() -> None:
    code = '```xml\n<page url="x">不是頁面</page> \\* {color="red"}\n```'
    content = read(f"前\n\n{code}\n\n後")
    assert content.markdown == f"前\n\n{code}\n\n後"
    assert content.pages == []


def test_pages_databases_and_files_below_are_told() -> None:
    content = read(
        f'<page url="https://www.notion.so/Title-{ID}" color="red">子頁</page>\n'
        f'<database url="https://www.notion.so/{ID[::-1]}?v=1" inline="true">表</database>\n'
        "![示意圖](https://files.test/a/%E5%9C%96.png?X-Amz-Signature=s)\n"
        '<pdf src="https://files.test/b/手冊.pdf?sig=1&amp;x=2">手冊</pdf>'
    )
    assert content.pages == [ID]
    assert content.databases == [ID[::-1]]
    assert sorted(content.files) == [
        ("圖.png", "https://files.test/a/%E5%9C%96.png?X-Amz-Signature=s"),
        ("手冊.pdf", "https://files.test/b/手冊.pdf?sig=1&x=2"),
    ]
    assert content.markdown == "子頁\n表\n示意圖\n手冊"


def test_a_table_repeats_its_header_in_every_row() -> None:
    table = (
        '<table fit-page-width="true" header-row="true">\n<colgroup>\n<col color="red">\n</colgroup>\n'
        "<tr>\n<td>品名</td>\n<td>價格</td>\n</tr>\n"
        '<tr color="blue">\n<td>**紅茶** A&amp;B</td>\n<td>30<br>元</td>\n</tr>\n</table>'
    )
    blocks = parse(read(f"前言。\n\n{table}\n\n結尾。").markdown.encode(), "page.md").blocks
    assert [block.text for block in blocks] == ["前言。", "品名：紅茶 A&B；價格：30 元", "結尾。"]


@pytest.mark.parametrize(
    "text",
    [
        ID,
        "01234567-89ab-cdef-0123-456789abcdef",
        f"https://www.notion.so/team/deadbeef-{ID}?pvs=4#1234",
        f"https://www.notion.so/{ID.upper()}/",
    ],
)
def test_an_id_is_found_however_it_is_written(text: str) -> None:
    assert plain_id(text) == ID


@pytest.mark.parametrize("text", ["", "https://www.notion.so/", "0123", f"{ID}0"])
def test_what_is_no_id_is_none(text: str) -> None:
    assert plain_id(text) is None


@pytest.mark.parametrize(
    ("entry", "place", "audience"),
    [
        (ID, ID, "public"),
        (f"{ID}@staff", ID, "staff"),
        (f" https://www.notion.so/P-{ID} @人事 ", f"https://www.notion.so/P-{ID}", "人事"),
        ("https://medium.test/@somebody", "https://medium.test/@somebody", "public"),
        ("https://site.test/a?x=1@staff", "https://site.test/a?x=1", "staff"),
        ("https://site.test/user@site.test", "https://site.test/user@site.test", "public"),
    ],
)
def test_a_place_may_name_its_audience(entry: str, place: str, audience: str) -> None:
    assert split_audience(entry) == (place, audience)


def test_roots_are_ids_with_their_audience() -> None:
    assert roots_of([f"https://www.notion.so/P-{ID}@staff"]) == {ID: "staff"}


def test_every_kind_of_property_says_what_a_reader_sees() -> None:
    text = [{"plain_text": "說明"}]
    properties = {
        "Name": {"type": "title", "title": [{"plain_text": "列"}]},
        "文字": {"type": "rich_text", "rich_text": text},
        "數字": {"type": "number", "number": 0},
        "單選": {"type": "select", "select": {"name": "甲"}},
        "空的": {"type": "select", "select": None},
        "多選": {"type": "multi_select", "multi_select": [{"name": "乙"}, {"name": "丙"}]},
        "狀態": {"type": "status", "status": {"name": "完成"}},
        "日期": {"type": "date", "date": {"start": "2026-12-01T09:30:00.000+08:00", "end": None}},
        "負責": {"type": "people", "people": [{"name": "小明"}]},
        "勾選": {"type": "checkbox", "checkbox": True},
        "網址": {"type": "url", "url": "https://leaf.test"},
        "電話": {"type": "phone_number", "phone_number": None},
        "公式": {"type": "formula", "formula": {"type": "number", "number": 7}},
        "彙總": {
            "type": "rollup",
            "rollup": {"type": "array", "array": [{"type": "title", "title": text}]},
        },
        "關聯": {"type": "relation", "relation": [{"id": ID}]},
        "編號": {"type": "unique_id", "unique_id": {"prefix": "T", "number": 3}},
        "改過": {"type": "last_edited_time", "last_edited_time": "2026"},
    }
    page = page_of(
        {"id": ID, "last_edited_time": "2026-11-01T08:00:00.000Z", "properties": properties}
    )
    assert page.title == "列"
    assert list(property_lines(page, {ID: "別頁"})) == [
        "文字：說明", "數字：0", "單選：甲", "多選：乙、丙", "狀態：完成", "日期：2026-12-01 09:30",
        "負責：小明", "勾選：✓", "網址：https://leaf.test", "公式：7", "彙總：說明", "關聯：別頁",
        "編號：T-3",
    ]  # fmt: skip
