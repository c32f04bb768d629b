"""Whatever the bytes: a value or a DocumentError, soon, and never another exception."""

import io
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import docx
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pptx import Presentation

from knowledge.errors import DocumentError
from knowledge.parsing import SUFFIXES, HeavyWork, Limits, Tools, parse, parts
from tests.payloads.formats.shops import FOLDER
from tests.support.documents import pdf, saved

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def _sample(kind: str) -> bytes:
    if kind == "docx":
        document = docx.Document()
        document.add_heading("標題", 1)
        document.add_paragraph("內文")
        return saved(document.save)
    if kind == "xlsx":
        book = openpyxl.Workbook()
        book.active.append(["品名", "單價"])
        book.active.append(["鉛筆", 10])
        return saved(book.save)
    if kind == "pptx":
        deck = Presentation()
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = "標題"
        return saved(deck.save)
    return pdf([["內文"]])


SAMPLES = {kind: _sample(kind) for kind in ("docx", "xlsx", "pptx", "pdf")}


def code(data: bytes, name: str, limits: Limits | None = None) -> str:
    with pytest.raises(DocumentError) as caught:
        parse(data, name, limits)
    assert caught.value.detail["source"] == name
    return caught.value.code


def zipped(entries: dict[str, bytes]) -> bytes:
    def save(buffer: io.BytesIO) -> None:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in entries.items():
                archive.writestr(name, data)

    return saved(save)


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b"x", "a.exe", "file.unsupported"),
        (b"x", "noname", "file.unsupported"),
        (b"\x89PNG\r\n\x1a\n", "a.txt", "file.damaged"),
        (OLE + b"\0" * 600, "a.doc", "file.damaged"),
        (OLE + b"\0" * 600, "renamed.xlsx", "file.damaged"),
        (b"7z\xbc\xaf\x27\x1c", "a.zip", "file.unsupported"),
        (b"plain", "a.docx", "file.damaged"),
        (b"PK\x03\x04 cut off", "a.pptx", "file.damaged"),
        (zipped({"a.txt": b"x"}), "a.docx", "file.archive"),
        (bytes(range(256)) * 20, "a.txt", "file.encoding"),
    ],
)
def test_reasons(data: bytes, name: str, expected: str) -> None:
    assert code(data, name) == expected


@pytest.mark.parametrize("kind", SAMPLES)
def test_contents_decide_where_the_suffix_lies(kind: str) -> None:
    assert parse(SAMPLES[kind], "a.txt").blocks == parse(SAMPLES[kind], f"a.{kind}").blocks


def test_web_page_named_xls_is_read() -> None:
    page = "<html><table><tr><th>品名</th><th>價</th></tr><tr><td>筆</td><td>5</td></tr></table></html>"
    assert [b.text for b in parse(page.encode(), "匯出.xls").blocks] == ["品名：筆；價：5"]


def test_size_limit() -> None:
    assert code(b"x" * (2 << 20), "a.txt", Limits(file=1 << 20)) == "file.too_large"
    assert parse(b"x" * (1 << 20), "a.txt", Limits(file=1 << 20))


def test_zip_bomb_is_refused_unopened() -> None:
    assert code(zipped({"word/document.xml": b" " * (65 << 20)}), "a.docx") == "file.too_large"


def test_a_picture_of_too_many_pixels_is_refused_unpacked() -> None:
    picture = saved(lambda buffer: Image.new("1", (12_000, 12_000)).save(buffer, "PNG"))
    assert len(picture) < 100_000
    assert code(picture, "a.png") == "file.too_large"
    assert code(picture, "a.png", Limits(pixels=1)) == "file.too_large"


def test_zip_bomb_that_lies_about_its_size() -> None:
    bomb = bytearray(zipped({"word/document.xml": b"<" * (8 << 20)}))
    directory = bomb.rindex(b"PK\x01\x02")
    bomb[directory + 24 : directory + 28] = struct.pack("<I", 100)
    assert code(bytes(bomb), "a.docx") == "file.damaged"


def test_entity_bomb() -> None:
    entities = '<!ENTITY a "' + "x" * 1000 + '">'
    for before, after in zip("abcdefg", "bcdefgh", strict=True):
        entities += f'<!ENTITY {after} "{("&" + before + ";") * 10}">'
    with zipfile.ZipFile(io.BytesIO(SAMPLES["docx"])) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    body = parts["word/document.xml"].decode().split("?>", 1)[1].replace("內文", "&h;")
    parts["word/document.xml"] = f"<!DOCTYPE x [{entities}]>{body}".encode()
    assert code(zipped(parts), "a.docx") == "file.damaged"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=300), suffix=st.sampled_from(sorted(SUFFIXES)))
def test_any_bytes(data: bytes, suffix: str) -> None:
    _survives(data, f"a{suffix}")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(max_size=400), suffix=st.sampled_from([".md", ".txt", ".html", ".csv"]))
def test_any_text(text: str, suffix: str) -> None:
    _survives(text.encode("utf-8", "surrogatepass"), f"a{suffix}")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(sorted(SAMPLES)))
def test_cut_and_flipped_files(data: st.DataObject, kind: str) -> None:
    damaged = bytearray(SAMPLES[kind])
    for _ in range(data.draw(st.integers(0, 10))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    _survives(bytes(damaged[: data.draw(st.integers(1, len(damaged)))]), f"a.{kind}")


FIXTURES = sorted(path for path in FOLDER.iterdir() if path.suffix not in ("", ".py"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(FIXTURES))
def test_cut_and_flipped_files_of_other_programs(data: st.DataObject, path: Path) -> None:
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 10))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(1, len(damaged)))])
    _survives(cut, path.name)
    with suppress(DocumentError):
        for part in parts(cut, path.name) or []:
            with suppress(DocumentError):
                _survives(part.read(), part.name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(["docx", "xlsx", "pptx"]))
def test_office_files_with_a_bad_part(data: st.DataObject, kind: str) -> None:
    with zipfile.ZipFile(io.BytesIO(SAMPLES[kind])) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    victim = data.draw(st.sampled_from(sorted(parts)))
    original = parts.pop(victim)
    cut = data.draw(st.integers(0, len(original)))
    put = data.draw(
        st.sampled_from(
            [None, b"<a/>", original[:cut], original[:cut] + b"7" + original[cut + 1 :]]
        )
    )
    _survives(zipped(parts if put is None else {**parts, victim: put}), f"a.{kind}")


def _survives(data: bytes, name: str) -> None:
    try:
        parsed = parse(data, name, tools=Tools(heavy=False))
    except (DocumentError, HeavyWork):
        return
    assert parsed.title
    assert any(block.text.strip() for block in parsed.blocks)
    assert "".join(block.text for block in parsed.blocks).encode()
