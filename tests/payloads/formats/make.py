"""Makes the files of this folder, each with a program that is not ours.

    python -m tests.payloads.formats.make [FOLDER]

DOC, XLS, PPT, RTF, ODT, ODS, ODP and EPUB: LibreOffice (`soffice`), from HTML, or
from what openpyxl and python-pptx made. MSG: the package aspose-email-foss (MIT), installed for
the occasion. The others: Pillow, reportlab and the standard library. Each file says when another
shop cleans fountain pens, so that a question finds the one file that holds its answer.
"""

import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import openpyxl
from PIL import Image, ImageDraw, ImageFont
from pptx import Presentation
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from tests.payloads.formats.shops import SHOPS, sentence

FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
TRADITIONAL = 3
"""Face of the font collection that is for Traditional Chinese."""


def page(name: str) -> bytes:
    """A text of LibreOffice's own (ODT), from HTML."""
    html = (
        f"<meta charset=utf-8><h1>服務時段</h1><p>{sentence(name)}</p><table border=1>"
        "<tr><th>品名</th><th>單價</th><th>產地</th></tr>"
        "<tr><td>墨水</td><td>250</td><td>臺中</td></tr></table>"
    )
    return converted(html.encode(), "html", "odt", "--infilter=HTML (StarWriter)")


def sheet(name: str) -> bytes:
    book = openpyxl.Workbook()
    page: Any = book.active
    page.title = "門市"
    page.append(["門市", "說明", "折扣"])
    page.append([SHOPS[name][0], sentence(name), 0.15])
    page["C2"].number_format = "0%"
    return _saved(book.save)


def deck(name: str) -> bytes:
    show = Presentation()
    for title, text in (("封面", "葉脈文具"), ("服務時段", sentence(name))):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, text
    for layout in show.slide_layouts:
        if layout.name != show.slides[0].slide_layout.name:
            show.slide_layouts.remove(layout)
    return _saved(show.save)


def converted(data: bytes, suffix: str, to: str, *options: str) -> bytes:
    """What LibreOffice makes of it."""
    with tempfile.TemporaryDirectory() as place:
        old = Path(place) / f"in.{suffix}"
        old.write_bytes(data)
        profile = (Path(place) / "profile").as_uri()
        subprocess.run(
            ["soffice", f"-env:UserInstallation={profile}", "--headless", *options,
             "--convert-to", to, "--outdir", place, str(old)],
            check=True, capture_output=True,
        )  # fmt: skip
        return old.with_suffix(f".{to}").read_bytes()


def mail(name: str, kind: str = "text/plain") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["Date"] = "服務時段通知", "Tue, 24 Nov 2026 09:30:00 +0800"
    message["From"], message["To"] = "陳店長 <chen@leaf.example>", "全體同仁 <all@leaf.example>"
    message.set_content(sentence(name))
    attached = sentence(f"{name}/附件.txt")
    main, sub = kind.split("/")
    message.add_attachment(
        attached.encode("cp950"), maintype=main, subtype=sub, filename="附件.txt"
    )
    return message


def outlook(name: str) -> bytes:
    from aspose.email_foss import msg  # type: ignore[import-not-found]

    letter = msg.MapiMessage.from_email_message(mail(name, "application/octet-stream"))
    with tempfile.TemporaryDirectory() as place:
        letter.save(str(Path(place) / "x.msg"))
        return (Path(place) / "x.msg").read_bytes()


def picture(name: str) -> Image.Image:
    image = Image.new("RGB", (1200, 160), "white")
    face = ImageFont.truetype(FONT, 36, index=TRADITIONAL)
    ImageDraw.Draw(image).text((30, 50), sentence(name), font=face, fill="black")
    return image


def scan(name: str) -> bytes:
    """A PDF of one page that is nothing but a picture."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    canvas.drawImage(ImageReader(picture(name)), 20, 600, 550, 73)
    canvas.save()
    return buffer.getvalue()


def archive(name: str) -> bytes:
    buffer = io.BytesIO()
    inner = f"{name}/第一季/手冊.md"
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("第一季/手冊.md", f"# 手冊\n\n{sentence(inner)}\n")
    return buffer.getvalue()


def texts() -> dict[str, bytes]:
    xml = (
        '<?xml version="1.0" encoding="big5"?><門市清單><門市><名稱>{0}</名稱>'
        "<說明>{1}</說明></門市></門市清單>"
    )
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg"><text x="1" y="9"><tspan>{1}</tspan></text></svg>'
    )
    lines = [{"門市": SHOPS["jsonl"][0], "說明": sentence("jsonl")}, {"門市": "其他", "說明": None}]
    return {
        "xml": _filled(xml, "xml").encode("cp950"),
        "svg": _filled(svg, "svg").encode(),
        "json": json.dumps({"門市": {"說明": sentence("json"), "坪數": 30.50}}).encode(),
        "jsonl": "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode(),
        "big5.txt": sentence("big5.txt").encode("cp950"),
        "gb18030.txt": sentence("gb18030.txt").encode("gb18030"),
        "utf16.txt": sentence("utf16.txt").encode("utf-16"),
        "sjis.txt": sentence("sjis.txt").encode("cp932"),
    }


def everything() -> dict[str, bytes]:
    return {
        **texts(),
        "doc": converted(page("doc"), "odt", "doc"),
        "rtf": converted(page("rtf"), "odt", "rtf"),
        "odt": page("odt"),
        "epub": converted(page("epub"), "odt", "epub"),
        "xls": converted(sheet("xls"), "xlsx", "xls"),
        "ods": converted(sheet("ods"), "xlsx", "ods"),
        "ppt": converted(deck("ppt"), "pptx", "ppt"),
        "odp": converted(deck("odp"), "pptx", "odp"),
        "eml": mail("eml").as_bytes(),
        "msg": outlook("msg"),
        "scan.pdf": scan("scan.pdf"),
        "zip": archive("zip"),
        **{kind: _drawn(kind) for kind in ("jpg", "png", "webp", "gif", "bmp", "tif")},
    }


def _drawn(kind: str) -> bytes:
    form = {"jpg": "JPEG", "tif": "TIFF"}.get(kind, kind.upper())
    image = picture(kind).convert("1") if kind in ("bmp", "tif") else picture(kind)
    options = {"compression": "tiff_lzw"} if kind == "tif" else {}
    return _saved(lambda buffer: image.save(buffer, form, **options))


def _filled(template: str, name: str) -> str:
    return template.format(SHOPS[name][0], sentence(name))


def _saved(save: Any) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    if not shutil.which("soffice"):
        sys.exit("LibreOffice is needed")
    for name, data in everything().items():
        (folder / (f"shop.{name}" if "." not in name else name)).write_bytes(data)


if __name__ == "__main__":
    main()
