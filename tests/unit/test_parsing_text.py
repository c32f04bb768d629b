"""Markdown, plain text and CSV: encodings, headings, rows."""

import pytest

from knowledge.errors import DocumentError
from knowledge.parsing import Parsed, parse

SENTENCE = "本店週一至週五上午十點開門，晚上九點打烊，國定假日公休。"


def texts(parsed: Parsed) -> list[str]:
    return [block.text for block in parsed.blocks]


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp950", "gb18030", "big5hkscs"],
)
def test_text_is_decoded_whatever_its_encoding(encoding: str) -> None:
    text = f"{SENTENCE}\n電話 02-1234-5678\n"
    assert texts(parse(text.encode(encoding), "a.txt")) == [text.strip()]


def test_short_big5_with_vendor_characters() -> None:
    assert texts(parse("恒碁公司的粧品".encode("cp950"), "a.txt")) == ["恒碁公司的粧品"]


def test_utf8_cut_inside_a_character_is_still_utf8() -> None:
    assert texts(parse((SENTENCE * 5).encode()[:-1], "a.txt"))[0].startswith(SENTENCE * 4)


def test_controls_nul_bytes_and_invisible_marks_are_dropped() -> None:
    parsed = parse("營\x00業\x07時\u200b間\u202e：\t10\u00a0點\r\n完\ufeff".encode(), "a.txt")
    assert texts(parsed) == ["營業時間：\t10 點\n完"]


def test_hard_wrapped_text_is_joined_and_lists_are_not() -> None:
    long = "甲乙丙丁戊己庚辛壬癸" * 3
    wrapped = "\n".join([long, long, "結束。", "", "1. 鉛筆", "2. 原子筆"])
    assert texts(parse(wrapped.encode(), "a.txt")) == [f"{long}{long}結束。", "1. 鉛筆\n2. 原子筆"]


def test_title_of_a_text_file_is_its_stem() -> None:
    assert parse(b"x", "sub/退貨.v2.txt").title == "退貨.v2"


def test_markdown_headings_make_paths_and_the_title_leaves_them() -> None:
    source = "# 手冊\n\n前言\n\n## 假勤\n\n### 特休\n\n七天\n\n附註\n---\n\n尾聲\n"
    parsed = parse(source.encode(), "a.md")
    assert parsed.title == "手冊"
    assert [(b.headings, b.text) for b in parsed.blocks] == [
        ((), "前言"),
        (("假勤", "特休"), "七天"),
        (("附註",), "尾聲"),
    ]


def test_two_first_level_headings_are_chapters_and_no_title() -> None:
    parsed = parse("# 一\n\n甲\n\n# 二\n\n乙".encode(), "書.md")
    assert parsed.title == "書"
    assert [b.headings for b in parsed.blocks] == [("一",), ("二",)]


def test_front_matter_gives_the_title_and_no_text() -> None:
    parsed = parse('---\ntags: [x]\ntitle: "退貨 說明"\n---\n正文'.encode(), "a.md")
    assert (parsed.title, texts(parsed)) == ("退貨 說明", ["正文"])


def test_heading_without_a_body_is_kept_as_text() -> None:
    parsed = parse("# 店\n\n## 電話：02-1234\n\n## 地址\n\n台北".encode(), "a.md")
    assert [(b.headings, b.text) for b in parsed.blocks] == [
        ((), "電話：02-1234"),
        (("地址",), "台北"),
    ]


def test_markdown_table_rows_repeat_the_column_names() -> None:
    parsed = parse("| 品名 | 單價 |\n|---|---|\n| **鉛筆** | 10 |\n| 尺 | |\n".encode(), "a.md")
    assert [(b.row, b.text) for b in parsed.blocks] == [
        (1, "品名：鉛筆；單價：10"),
        (2, "品名：尺"),
    ]


def test_fenced_code_stays_as_it_is() -> None:
    code = "```sh\n# 不是標題\n\necho **a** | b\n```"
    assert texts(parse(f"前\n\n{code}\n\n後".encode(), "a.md")) == ["前", code, "後"]


def test_emphasis_is_taken_off_outside_code() -> None:
    assert texts(parse("滿**千元**免運，`a**b**c`".encode(), "a.md")) == ["滿千元免運，`a**b**c`"]


def test_html_inside_markdown() -> None:
    source = "<!-- 草稿 -->\n\n<table><tr><th>店</th><th>電話</th></tr><tr><td>甲</td><td>1</td></tr></table>\n"
    assert texts(parse(source.encode(), "a.md")) == ["店：甲；電話：1"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_delimiter_is_found(delimiter: str) -> None:
    data = f"店名{delimiter}備註\n甲店{delimiter}大,安區；一樓\n".replace("大,安", "大安").encode(
        "cp950"
    )
    assert texts(parse(data, "a.csv")) == ["店名：甲店；備註：大安區；一樓"]


def test_csv_rows_are_numbered_as_a_spreadsheet_does() -> None:
    data = '價目表\n\n品名,單價,說明\n鉛筆,10,"兩\n行"\n\n備註：含稅\n'.encode("utf-8-sig")
    assert [(b.headings, b.row, b.text) for b in parse(data, "a.csv").blocks] == [
        (("價目表",), 4, "品名：鉛筆；單價：10；說明：兩 行"),
        (("價目表",), 6, "備註：含稅"),
    ]


def test_csv_separator_line_of_excel() -> None:
    assert texts(parse("sep=;\n名;價\n筆;1,5\n".encode(), "a.csv")) == ["名：筆；價：1,5"]


def test_csv_with_only_a_header_is_not_lost() -> None:
    assert texts(parse("品名,單價\n".encode(), "a.csv")) == ["品名；單價"]


def test_second_table_after_a_blank_row_and_a_title() -> None:
    data = "品名,單價\n鉛筆,10\n\n門市\n店名,電話\n甲,02\n".encode()
    assert [(b.headings, b.text) for b in parse(data, "a.csv").blocks] == [
        ((), "品名：鉛筆；單價：10"),
        (("門市",), "店名：甲；電話：02"),
    ]


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv", "a.html", "a.pdf", "a.docx"])
@pytest.mark.parametrize("data", [b"", b" \r\n\t ", b"\0\0"])
def test_nothing_in_a_file_is_empty(name: str, data: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(data, name)
    assert caught.value.code == "file.empty"


def test_only_invisible_text_is_empty() -> None:
    with pytest.raises(DocumentError) as caught:
        parse("\u3000\u200b\n\ufeff".encode(), "a.txt")
    assert caught.value.code == "file.empty"
