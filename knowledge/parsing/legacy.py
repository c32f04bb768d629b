"""DOC and PPT: LibreOffice, where it is installed, saves them anew as DOCX and PPTX."""

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from knowledge.errors import DocumentError
from knowledge.parsing import slides, word
from knowledge.parsing.model import Draft, Source
from knowledge.parsing.sniff import legacy_kind

TIME_LIMIT_S = 90.0
_PROGRAMS = (
    "soffice",
    "libreoffice",
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
)
_TO = {"doc": "docx", "ppt": "pptx"}


def parse(source: Source) -> Draft:
    """Raises DocumentError `file.legacy_office` (no LibreOffice), `file.damaged`, `file.slow`."""
    program = office()
    if program is None:
        raise DocumentError("file.legacy_office", source=source.name)
    source.tools.ask_heavy()
    target = _TO[legacy_kind(source.data) or "doc"]
    data = _convert(program, source, target)
    source.tools.pulse()
    converted = replace(source, data=data)
    return word.parse(converted) if target == "docx" else slides.parse(converted)


def office() -> str | None:
    """Where LibreOffice is on this machine."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


def _convert(program: str, source: Source, target: str) -> bytes:
    """The file as LibreOffice saves it, with a profile of its own: a running one is not disturbed."""
    with tempfile.TemporaryDirectory(prefix="secretary-office-") as place:
        old = Path(place) / ("in.ppt" if target == "pptx" else "in.doc")
        old.write_bytes(source.data)
        profile = (Path(place) / "profile").as_uri()
        command = [
            program, f"-env:UserInstallation={profile}", "--headless", "--norestore", "--nolockcheck",
            "--convert-to", target, "--outdir", place, str(old),
        ]  # fmt: skip
        if not _run(command, place):
            raise DocumentError("file.slow", source=source.name, seconds=f"{TIME_LIMIT_S:.0f}")
        new = old.with_suffix(f".{target}")
        if not new.exists():
            raise DocumentError("file.damaged", source=source.name)
        return new.read_bytes()


def _run(command: list[str], place: str) -> bool:
    """False where it took too long; it is ended with all that it started."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=place,
        start_new_session=True,  # so that all that it starts can be ended
    )
    try:
        process.wait(TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        return False
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return True
