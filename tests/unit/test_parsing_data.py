"""JSON, XML and SVG: what they hold, as rows and under headings."""

import json

import pytest

from knowledge.errors import DocumentError
from knowledge.parsing import Parsed, parse


def shown(parsed: Parsed) -> list[tuple[tuple[str, ...], str]]:
    return [(block.headings, block.text) for block in parsed.blocks]


def test_records_of_json_are_rows_with_their_keys() -> None:
    data = json.dumps([{"品名": "鉛筆", "價": {"零售": 10}}, {"品名": "尺", "色": ["紅", "藍"]}])
    parsed = parse(data.encode(), "a.json")
    assert [(b.row, b.text) for b in parsed.blocks] == [
        (1, "品名：鉛筆；價.零售：10"),
        (2, "品名：尺；色：紅、藍"),
    ]


def test_nested_objects_stand_under_their_keys_and_numbers_as_written() -> None:
    data = (
        b'{"title": "T", "a": 1.50, "on": true, "no": null, "shop": {"tel": "02", "in": {"x": 1}}}'
    )
    parsed = parse(data, "a.json")
    assert parsed.title == "T"
    assert shown(parsed) == [
        ((), "title：T\na：1.50\non：true"),
        (("shop",), "tel：02"),
        (("shop", "in"), "x：1"),
    ]


def test_a_long_record_is_a_section_named_by_itself() -> None:
    data = json.dumps([{"name": "退貨", "text": "字" * 700, "in": {"a": 1}}, {"name": "短"}])
    assert [b.headings for b in parse(data.encode(), "a.json").blocks] == [
        ("退貨",),
        ("退貨", "in"),
        ("短",),
    ]


def test_json_lines_may_be_called_json() -> None:
    assert len(parse(b'{"a": 1}\n\n{"a": 2}\n', "a.json").blocks) == 2


@pytest.mark.parametrize("data", [b'{"a": 1', b"[1, 2", b'{"a": 1}\n{"a":', b"no json"])
def test_json_that_is_cut_off_is_damaged(data: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(data, "a.json")
    assert caught.value.code == "file.damaged"


def test_repeated_elements_of_xml_are_rows() -> None:
    data = """<?xml version="1.0" encoding="utf-8"?><shop><title>價目</title>
    <item id="7"><name>鉛筆</name><price>10</price></item>
    <item id="8"><name>尺</name><note>新</note><note>紅</note></item></shop>"""
    parsed = parse(data.encode(), "a.xml")
    assert parsed.title == "價目"
    assert [b.text for b in parsed.blocks] == [
        "title：價目",
        "id：7；name：鉛筆；price：10",
        "id：8；name：尺；note：新、紅",
    ]


def test_mixed_text_and_the_markup_of_feeds_read_as_text() -> None:
    data = """<rss><channel><item><title>公告</title><description>&lt;p&gt;週三&lt;b&gt;公休&lt;/b&gt;&lt;/p&gt;
    </description></item></channel><p>甲<b>乙</b>丙</p></rss>"""
    text = "\n".join(block.text for block in parse(data.encode(), "a.xml").blocks)
    assert "description：週三公休" in text
    assert "甲乙丙" in text


def test_xml_in_big5_is_read_by_what_it_declares() -> None:
    data = '<?xml version="1.0" encoding="big5"?><a><b>恒碁</b></a>'.encode("cp950")
    assert [b.text for b in parse(data, "a.xml").blocks] == ["b：恒碁"]


def test_entities_of_xml_do_not_grow_and_fetch_nothing() -> None:
    data = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y "yyyy">]><a><b>甲&x;&y;</b></a>'
    text = "".join(block.text for block in parse(data.encode(), "a.xml").blocks)
    assert "甲" in text
    assert "root:" not in text
    assert "yyyy" not in text


def test_a_web_page_called_xml_is_a_page() -> None:
    page = "<!doctype html><title>頁</title><nav>選單</nav><h2>店</h2><p>電話 02</p>"
    parsed = parse(page.encode(), "a.xml")
    assert (parsed.title, shown(parsed)) == ("頁", [(("店",), "電話 02")])


def test_words_of_a_drawing_without_the_hidden_ones() -> None:
    data = """<svg xmlns="http://www.w3.org/2000/svg"><title>平面圖</title><defs><text>範本</text></defs>
    <g style="display: none"><text>藏</text></g><text>出<tspan>口</tspan></text></svg>"""
    parsed = parse(data.encode(), "a.svg")
    assert parsed.title == "平面圖"
    assert [b.text for b in parsed.blocks] == ["平面圖\n出口"]
