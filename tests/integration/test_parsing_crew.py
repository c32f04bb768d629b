"""Parsers in processes of their own: one that dies, hangs or eats memory costs one file."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from knowledge.errors import DocumentError
from knowledge.parsing import Limits, Parsed, parse
from knowledge.parsing.crew import Crew
from knowledge.parsing.readers import Here
from knowledge.parsing.tools import ocr_installed
from knowledge.passages import Failure
from knowledge.sources.base import Found
from knowledge.sources.files import FileSource
from tests.payloads.formats.shops import FOLDER
from tests.support.program import ROOT, is_alive, until


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that children import before they start; its `sitecustomize.py` plants a fault."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def plant(folder: Path, fault: str) -> None:
    (folder / "sitecustomize.py").write_text(
        "import ctypes, os, sys, time\n"
        "def fault():\n"
        f"    {fault}\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'knowledge.parsing.delimited':\n"
        "            fault()\n"
        "sys.meta_path.insert(0, Finder())\n",
        encoding="utf-8",
    )


def code_of(outcome: "Future[Parsed]") -> str:
    error = outcome.exception(timeout=60)
    return error.code if isinstance(error, DocumentError) else repr(error)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("ctypes.string_at(0)", "file.crashed"),
        ("os._exit(3)", "file.crashed"),
        ("time.sleep(600)", "file.slow"),
        ("bytearray(16 << 30)", "file.memory"),
        ("undefined_name", "file.crashed"),
    ],
)
def test_a_fault_costs_the_file_and_nothing_else(faulty: Path, fault: str, code: str) -> None:
    if code == "file.memory" and sys.platform != "linux":
        pytest.skip("only Linux bounds the addresses of a process")
    plant(faulty, fault)
    with Crew(2, patience_s=5) as crew:
        bad = crew.submit(b"a,b\n1,2\n", "bad.csv", Limits())
        good = [crew.submit(b"# T\n\ntext", f"{n}.md", Limits()) for n in range(8)]
        assert [future.result(60).title for future in good] == ["T"] * 8
        assert code_of(bad) == code
        assert crew.submit(b"# After\n\nx", "a.md", Limits()).result(60).title == "After"


def test_the_rest_of_a_folder_goes_on(faulty: Path, tmp_path: Path) -> None:
    plant(faulty, "ctypes.string_at(0)")
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in ("a.md", "b.csv", "c.txt", "d.csv", "e.md"):
        (docs / name).write_text("甲,乙\n1,2\n", encoding="utf-8")
    changes = list(FileSource(docs).changes({}))
    assert sorted(c.document.source for c in changes if isinstance(c, Found)) == [
        "a.md",
        "c.txt",
        "e.md",
    ]
    failed = {c.source: c.code for c in changes if isinstance(c, Failure)}
    assert failed == {"b.csv": "file.crashed", "d.csv": "file.crashed"}


def test_the_crew_gives_what_one_process_gives() -> None:
    names = [path for path in sorted(FOLDER.glob("*.*")) if path.suffix not in (".py", ".zip")]
    light = [path for path in names if path.suffix in (".txt", ".xls", ".odt", ".eml", ".json")]
    with Crew(2) as crew:
        futures = [crew.submit(path.read_bytes(), path.name, Limits()) for path in light]
        for path, future in zip(light, futures, strict=True):
            assert future.result(60) == parse(path.read_bytes(), path.name)


def test_reasons_come_through_with_their_details() -> None:
    with Crew(1) as crew:
        error = crew.submit(b"x" * (2 << 20), "a.txt", Limits(file=1 << 20)).exception(60)
    assert isinstance(error, DocumentError)
    assert (error.code, error.detail) == ("file.too_large", {"source": "a.txt", "limit_mb": "1"})


@pytest.mark.skipif(not ocr_installed(), reason="the extra `ocr` is not installed")
def test_heavy_work_is_done_by_one_process_while_others_go_on() -> None:
    pictures = ["shop.png", "shop.jpg", "shop.gif"]
    with Crew(2) as crew:
        heavy = [crew.submit((FOLDER / n).read_bytes(), n, Limits()) for n in pictures]
        light = [crew.submit(b"# T\n\ntext", f"{n}.md", Limits()) for n in range(4)]
        assert all(future.result(60) for future in light)
        assert not all(future.done() for future in heavy), "the pictures should take longer"
        assert all("門市" in future.result(120).blocks[0].text for future in heavy)
        assert len(children(os.getpid())) <= 3


def test_closing_ends_every_process_and_what_waits_is_cancelled(faulty: Path) -> None:
    plant(faulty, "time.sleep(600)")
    crew = Crew(2)
    futures = [crew.submit(b"a,b\n1,2\n", f"{n}.csv", Limits()) for n in range(6)]
    until(lambda: len(children(os.getpid())) == 2)
    workers = children(os.getpid())
    closing = threading.Thread(target=crew.close)
    closing.start()
    closing.join(30)
    assert not closing.is_alive()
    assert not any(map(is_alive, workers))
    assert all(future.done() for future in futures)


def test_processes_end_with_the_program_that_started_them(tmp_path: Path) -> None:
    code = (
        "import time\nfrom knowledge.parsing.crew import Crew\nfrom knowledge.parsing import Limits\n"
        "crew = Crew(2)\nprint(crew.submit(b'# T', 'a.md', Limits()).result().title, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout
        assert program.stdout.readline().strip() == "T"
        workers = children(program.pid)
        assert workers
        program.send_signal(signal.SIGKILL)
    until(lambda: not any(map(is_running, workers)))


def test_here_is_the_same_without_processes() -> None:
    outcome = Here().submit(b"", "a.md", Limits())
    assert code_of(outcome) == "file.empty"
    assert children(os.getpid()) == []


def children(pid: int) -> list[int]:
    """Living parsers started by a process."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("there is no /proc to count processes by")
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            command = (path / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if parent == pid and b"knowledge.parsing.worker" in command:
            found.append(int(path.name))
    return found


def is_running(pid: int) -> bool:
    """A process that has ended and waits to be noticed counts for nothing."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
