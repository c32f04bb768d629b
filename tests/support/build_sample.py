"""Builds the binary files of `knowledge/sample/` from the text in `sample_text/`.

The text is what reviewers read and edit; run `python -m tests.support.build_sample`
afterwards. Two runs give the same bytes (as long as the libraries stay the same):
dates inside the files are fixed and zip entries carry one constant time stamp.

The PDF names the standard CID font MSung-Light and embeds no font: readers bring
their own, and the text layer stays exact at a few kilobytes a page.
"""

import argparse
import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import docx
import openpyxl
import pptx
from docx.document import Document as WordDocument
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from tests.support.markup import Part, parts

TEXT = Path(__file__).parent / "sample_text"
SAMPLE = Path(__file__).parents[2] / "knowledge" / "sample"
FONT = "MSung-Light"
WRITTEN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
AUTHOR = "葉脈文具"
PRICE_COLUMNS = ("商品編號", "品名", "品牌", "規格", "定價", "會員價", "位置", "備註")
COLUMN_WIDTHS = (12, 32, 12, 28, 9, 9, 9, 36)


def build_docx(text: str) -> bytes:
    """The staff handbook."""
    document = docx.Document()
    document.core_properties.author = AUTHOR
    document.core_properties.title = ""
    document.core_properties.created = document.core_properties.modified = WRITTEN
    for part in parts(text):
        _add_to_docx(document, part)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _add_to_docx(document: WordDocument, part: Part) -> None:
    if part.kind.startswith("h"):
        document.add_heading(part.text, level=int(part.kind[1]))
    elif part.kind == "table":
        table = document.add_table(rows=0, cols=len(part.rows[0]), style="Table Grid")
        for row in part.rows:
            for cell, value in zip(table.add_row().cells, row, strict=True):
                cell.text = value
    elif part.kind == "bullet":
        document.add_paragraph(part.text, style="List Bullet")
    else:
        document.add_paragraph(part.text)


def build_pdf(text: str) -> bytes:
    """The pen care booklet."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    title = next(part.text for part in parts(text))
    document = SimpleDocTemplate(out, pagesize=A4, title=title, author=AUTHOR, invariant=1)
    document.build([_flowable(part) for part in parts(text)])
    return out.getvalue()


def _flowable(part: Part) -> Flowable:
    if part.kind == "table":
        rows = [[Paragraph(cell, _style("cell")) for cell in row] for row in part.rows]
        grid = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.grey)])
        return Table(rows, style=grid, spaceBefore=4, spaceAfter=8)
    prefix = "• " if part.kind == "bullet" else ""
    return Paragraph(prefix + part.text, _style(part.kind)) if part.text else Spacer(1, 6)


def _style(kind: str) -> ParagraphStyle:
    size = {"h1": 20, "h2": 15, "h3": 12.5, "cell": 10}.get(kind, 11)
    before = {"h1": 0, "h2": 14, "h3": 8, "cell": 0}.get(kind, 2)
    indent = 12 if kind in ("bullet", "number") else 0
    return ParagraphStyle(
        kind,
        fontName=FONT,
        fontSize=size,
        leading=size * 1.6,
        spaceBefore=before,
        spaceAfter=0 if kind == "cell" else 4,
        leftIndent=indent,
        wordWrap="CJK",
    )


def build_pptx(text: str) -> bytes:
    """The training slides: a heading starts a slide, a quote is its speaker's note."""
    deck = pptx.Presentation()
    deck.core_properties.author = AUTHOR
    deck.core_properties.created = deck.core_properties.modified = WRITTEN
    for part in parts(text):
        if part.kind == "h1":
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            slide.shapes.title.text = part.text
            body = slide.placeholders[1].text_frame
        elif part.kind == "note":
            slide.notes_slide.notes_text_frame.text = part.text
        else:
            body.text = f"{body.text}\n{part.text}".strip()
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def build_xlsx(text: str) -> bytes:
    """The price table: a `# name` line starts a sheet, tabs separate columns."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = AUTHOR
    for line in filter(None, text.splitlines()):
        fields = line.split("\t")
        if line.startswith("# "):
            sheet = _sheet(book, fields[0].removeprefix("# "))
        else:
            sheet.append([int(f) if i in (4, 5) else f or None for i, f in enumerate(fields)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet(book: openpyxl.Workbook, name: str) -> Worksheet:
    sheet: Worksheet = book.create_sheet(name)
    sheet.append(PRICE_COLUMNS)
    for index, width in enumerate(COLUMN_WIDTHS, start=1):
        sheet.cell(1, index).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(index)].width = width
    sheet.freeze_panes = "A2"
    return sheet


def fixed(data: bytes) -> bytes:
    """The same zip with constant time stamps, so that a rebuild changes no byte."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(
                    rb"\d{4}-\d\d-\d\dT[\d:.]+Z",
                    WRITTEN.strftime("%Y-%m-%dT%H:%M:%SZ").encode(),
                    content,
                )
            entry = zipfile.ZipInfo(name, WRITTEN.timetuple()[:6])
            new.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


TARGETS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "內部/員工手冊.docx": ("員工手冊.md", build_docx),
    "內部/新人訓練簡報.pptx": ("新人訓練簡報.md", build_pptx),
    "顧客/價目表.xlsx": ("價目表.tsv", build_xlsx),
    "顧客/鋼筆保養與保固手冊.pdf": ("鋼筆保養與保固手冊.md", build_pdf),
}


def built(target: str) -> bytes:
    """The bytes of one binary file of the sample."""
    source, build = TARGETS[target]
    data = build((TEXT / source).read_text(encoding="utf-8"))
    return data if target.endswith(".pdf") else fixed(data)


def main() -> None:
    """Writes every binary file below `--out`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=SAMPLE)
    out: Path = parser.parse_args().out
    for target in TARGETS:
        path = out / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(built(target))


if __name__ == "__main__":
    main()
