"""The evaluation data hold together: with each other and with the sample they ask about."""

import json
import re
from pathlib import Path
from random import Random
from typing import Any

import docx
import openpyxl
import pptx
import pypdfium2
import pytest

from tests.eval.drcd import documents, questions
from tests.eval.hard_sets import drop_bigrams, variants
from tests.support.build_sample import SAMPLE, TARGETS, built

HERE = Path(__file__).parent


def rows(name: str) -> list[dict[str, Any]]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def text_of(path: Path) -> str:
    """What a reader finds in a sample file, without the parsers under test."""
    if path.suffix == ".pdf":
        return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(path))
    if path.suffix == ".docx":
        word = docx.Document(str(path))
        cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
        return "\n".join([paragraph.text for paragraph in word.paragraphs] + cells)
    if path.suffix == ".pptx":
        slides = list(pptx.Presentation(str(path)).slides)
        shown = [shape.text_frame.text for slide in slides for shape in slide.shapes]
        return "\n".join(shown + [slide.notes_slide.notes_text_frame.text for slide in slides])
    if path.suffix == ".xlsx":
        sheets = openpyxl.load_workbook(path).worksheets
        return "\n".join(str(cell) for sheet in sheets for row in sheet.values for cell in row)
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["sample.jsonl", "smoke.jsonl"])
def test_answers_stand_in_their_source(name: str) -> None:
    for row in rows(name):
        assert row["answerable"] == bool(row["answers"]), row
        if row["answerable"]:
            text = squeezed(text_of(SAMPLE / row["source"]))
            assert any(squeezed(answer) in text for answer in row["answers"]), row


def test_followup_answers_stand_in_their_source() -> None:
    for row in rows("followups.jsonl"):
        text = squeezed(text_of(SAMPLE / row["source"]))
        assert squeezed(row["answer_contains"]) in text, row


@pytest.mark.parametrize(
    ("name", "least"), [("sample.jsonl", 80), ("smoke.jsonl", 10), ("followups.jsonl", 60)]
)
def test_sets_are_as_large_as_promised_and_ids_unique(name: str, least: int) -> None:
    ids = [row["id"] for row in rows(name)]
    assert len(set(ids)) == len(ids) >= least


def test_every_sample_file_is_asked_about() -> None:
    asked = {row.get("source") for row in rows("sample.jsonl")}
    files = {path.relative_to(SAMPLE).as_posix() for path in SAMPLE.rglob("*.*")}
    assert files <= asked


@pytest.mark.parametrize("target", TARGETS)
def test_committed_sample_says_what_its_text_source_says(target: str, tmp_path: Path) -> None:
    fresh = tmp_path / Path(target).name
    fresh.write_bytes(built(target))
    assert text_of(fresh) == text_of(SAMPLE / target)


def test_bigrams_lose_two_fifths() -> None:
    text = "台北青蔭店星期日的營業時間是幾點到幾點"
    left = drop_bigrams(text, Random(1))
    assert len(text) * 0.6 < len(left) < len(text)


def test_variants_repeat_and_keep_the_gold() -> None:
    texts = ["鋼筆墨水七月補貨。", "鋼筆墨水賣完了。", *(chr(0x5000 + i) * 2 for i in range(2000))]
    asked = [
        {"question": f"{char}什麼時候{char}？", "source": "a.md"} for char in "甲乙丙丁戊己庚辛"
    ]
    asked += [{"question": "鋼筆墨水什麼時候補貨？", "source": "b.md"}] + asked * 7
    first = variants(asked, texts)
    assert first == variants(asked, texts)
    changed = {name: rows[8] for name, rows in first.items()}
    assert {row["source"] for row in changed.values()} == {"b.md"}
    assert changed["keywords"]["question"] == "鋼筆墨水"
    assert changed["simplified"]["question"] == "钢笔墨水什么时候补货？"
    assert changed["typos"]["question"] != asked[8]["question"]


def test_drcd_names_are_safe_and_unique(tmp_path: Path) -> None:
    asked = {"id": "1-1-1", "question": "誰？", "answers": [{"text": "甲"}, {"text": "甲"}]}
    paragraphs = [{"id": "1-1", "context": "甲。", "qas": [asked]}]
    titles = ["Mac/PC", "Mac:PC", ".."]
    articles = [{"title": t, "id": str(i), "paragraphs": paragraphs} for i, t in enumerate(titles)]
    path = tmp_path / "set.json"
    path.write_text(json.dumps({"data": articles}), encoding="utf-8-sig")
    assert [name for name, _ in documents(path)] == ["Mac_PC.md", "Mac_PC-1.md", "article.md"]
    assert documents(path)[0][1] == "# Mac/PC\n\n甲。\n"
    assert questions(path)[0]["answers"] == ["甲"]
