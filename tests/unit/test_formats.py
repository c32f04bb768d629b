"""Every format, by a real file that another program made, and the words it must give."""

import shutil
from collections.abc import Iterator, Sequence

import pytest
from PIL import Image, ImageDraw, ImageFont

from knowledge.errors import DocumentError
from knowledge.parsing import HeavyWork, Parsed, Tools, parse, parts
from knowledge.parsing import legacy as legacy_module
from knowledge.parsing.tools import ocr_installed
from tests.payloads.formats.make import FONT, TRADITIONAL
from tests.payloads.formats.shops import FOLDER, SHOPS, sentence, source_of
from tests.support.documents import saved

OFFICE = ("doc", "ppt")
PICTURES = ("jpg", "png", "webp", "gif", "bmp", "tif", "scan.pdf")
needs_ocr = pytest.mark.skipif(not ocr_installed(), reason="the extra `ocr` is not installed")
needs_office = pytest.mark.skipif(
    not any(map(shutil.which, legacy_module._PROGRAMS)), reason="LibreOffice is not installed"
)


def mark(name: str) -> object:
    marks = [needs_office] if name in OFFICE else [needs_ocr] if name in PICTURES else []
    return pytest.param(name, marks=marks)


@pytest.fixture(scope="module")
def tools() -> Iterator[Tools]:
    opened = Tools()
    yield opened
    opened.close()


def data_of(name: str) -> tuple[str, bytes]:
    """Source and content of the file, or of the part of a file, with that sentence."""
    wanted = source_of(name)
    outer = wanted.split("/")[0]
    data = (FOLDER / outer).read_bytes()
    found = {part.name: part.read() for part in parts(data, outer) or []}
    return wanted, found.get(wanted, data)


def read(name: str, tools: Tools | None = None) -> Parsed:
    source, data = data_of(name)
    return parse(data, source, tools=tools)


@pytest.mark.parametrize("name", list(map(mark, SHOPS)))
def test_the_sentence_is_read(name: str, tools: Tools) -> None:
    text = "\n".join(block.text for block in read(name, tools).blocks)
    assert sentence(name).rstrip("。") in text


@pytest.mark.parametrize("name", ["odt", "rtf", "epub", mark("doc")])
def test_a_table_in_a_text_gives_rows_with_their_column_names(name: str) -> None:
    (row,) = [block for block in read(name).blocks if block.row]
    assert (row.row, row.text) == (1, "品名：墨水；單價：250；產地：臺中")


@pytest.mark.parametrize("name", ["xls", "ods"])
def test_a_row_of_a_sheet_answers_on_its_own(name: str) -> None:
    (row,) = read(name).blocks
    assert (row.sheet, row.row) == ("門市", 2)
    assert row.text == f"門市：{SHOPS[name][0]}；說明：{sentence(name)}；折扣：15%"


@pytest.mark.parametrize("name", ["odp", mark("ppt")])
def test_slides_are_pages_under_their_titles(name: str) -> None:
    parsed = read(name)
    assert parsed.title == "封面"
    assert (parsed.blocks[-1].page, parsed.blocks[-1].headings) == (2, ("服務時段",))


@pytest.mark.parametrize("name", ["odt", "epub", mark("doc")])
def test_headings_make_the_path_or_the_title(name: str) -> None:
    parsed = read(name)
    assert "服務時段" in (parsed.title, *parsed.blocks[0].headings)


@pytest.mark.parametrize("name", ["eml", "msg"])
def test_a_mail_tells_who_wrote_when_about_what(name: str) -> None:
    parsed = read(name)
    assert parsed.title == "服務時段通知"
    head = parsed.blocks[0].text
    assert "主旨：服務時段通知" in head
    assert "陳店長" in head
    assert "全體同仁" in head
    assert "2026-11-24" in head


@needs_ocr
def test_a_page_of_a_pdf_without_text_is_read_and_keeps_its_number(tools: Tools) -> None:
    assert [block.page for block in read("scan.pdf", tools).blocks] == [1]


@needs_ocr
@pytest.mark.parametrize("degrees", [90, 180])
def test_a_picture_that_lies_on_its_side_or_head_is_turned(tools: Tools, degrees: int) -> None:
    with Image.open(FOLDER / "shop.png") as image:
        turned = saved(lambda buffer: image.rotate(degrees, expand=True).save(buffer, "PNG"))
    assert sentence("png").rstrip("。") in parse(turned, "a.png", tools=tools).blocks[0].text


@needs_ocr
def test_a_picture_without_words_is_one_clear_reason(tools: Tools) -> None:
    blank = saved(lambda buffer: Image.new("RGB", (300, 200), "white").save(buffer, "PNG"))
    with pytest.raises(DocumentError) as caught:
        parse(blank, "a.png", tools=tools)
    assert caught.value.code == "file.scanned"


@needs_ocr
def test_columns_of_prose_are_read_one_after_the_other_and_rows_across(tools: Tools) -> None:
    left = [f"左欄第{n}行講的是鋼筆與墨水的保養方法" for n in "一二三四五六"]
    right = [f"右欄第{n}行講的是紙張與筆記本的選購" for n in "一二三四五六"]
    text = "".join(b.text for b in parse(two_columns(left, right), "a.png", tools=tools).blocks)
    assert text.index("左欄第六行") < text.index("右欄第一行")
    cells = two_columns(["品名", "鋼筆", "墨水", "紙張"], ["單價", "九百元", "二百元", "五十元"])
    lines = parse(cells, "a.png", tools=tools).blocks[0].text.split("\n")
    assert [line.split() for line in lines][:2] == [["品名", "單價"], ["鋼筆", "九百元"]]


def two_columns(left: Sequence[str], right: Sequence[str]) -> bytes:
    image = Image.new("RGB", (1300, 80 + 60 * len(left)), "white")
    draw, face = ImageDraw.Draw(image), ImageFont.truetype(FONT, 28, index=TRADITIONAL)
    for x, column in ((40, left), (700, right)):
        for row, line in enumerate(column):
            draw.text((x, 40 + 60 * row), line, font=face, fill="black")
    return saved(lambda buffer: image.save(buffer, "PNG"))


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_wait_where_heavy_work_is_not_allowed(name: str) -> None:
    if not ocr_installed():
        pytest.skip("the extra `ocr` is not installed")
    with pytest.raises(HeavyWork):
        read(name, Tools(heavy=False))


@pytest.mark.parametrize("name", PICTURES)
def test_without_the_extra_a_picture_is_one_clear_reason(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.parsing.tools.ocr_installed", lambda: False)
    with pytest.raises(DocumentError) as caught:
        read(name)
    assert caught.value.code == "file.ocr_missing"


@pytest.mark.parametrize(
    ("name", "bound"), [("scan.pdf", "pdf._MOST_SCANS"), ("tif", "pictures._MOST_PAGES")]
)
def test_too_many_pages_to_recognise_are_refused_and_none_is_dropped(
    name: str, bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"knowledge.parsing.{bound}", 0)
    with pytest.raises(DocumentError) as caught:
        read(name)
    assert (caught.value.code, caught.value.detail["limit"]) == ("file.pages", "0")


@pytest.mark.parametrize("name", OFFICE)
def test_without_libreoffice_an_old_file_is_one_clear_reason(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legacy_module, "_PROGRAMS", ("no-such-office",))
    with pytest.raises(DocumentError) as caught:
        read(name)
    assert caught.value.code == "file.legacy_office"


@needs_office
def test_a_conversion_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy_module, "TIME_LIMIT_S", 0.01)
    with pytest.raises(DocumentError) as caught:
        read("doc")
    assert caught.value.code == "file.slow"


CERTAIN = [
    *[
        "doc",
        "xls",
        "ppt",
        "msg",
        "epub",
        "rtf",
        "odt",
        "ods",
        "odp",
        "jpg",
        "png",
        "webp",
        "gif",
        "tif",
        "scan.pdf",
    ]
]
"""What is known by how it begins; a text cannot be told from another."""


@pytest.mark.parametrize("name", CERTAIN)
def test_the_bytes_decide_where_the_name_lies(name: str) -> None:
    source, data = data_of(name)
    light = Tools(heavy=False)
    assert _outcome(data, "匯出.txt", light) == _outcome(data, source, light)


def _outcome(data: bytes, name: str, tools: Tools) -> object:
    try:
        return parse(data, name, tools=tools).blocks
    except HeavyWork:
        return "heavy"
    except DocumentError as error:
        return error.code
