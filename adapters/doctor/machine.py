"""What the machine offers."""

import shutil
import stat
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.doctor.finding import Finding, tell
from adapters.settings import Settings
from adapters.web.access import is_loopback
from knowledge.parsing.legacy import office
from knowledge.parsing.tools import ocr_installed

LOW_DISK_BYTES = 2_000_000_000


def python(loaded: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return tell(loaded, "python", "ok", "doctor.python_ok", version=version)


def settings(loaded: Settings) -> Finding:
    """They were read before any check; what is left is who else may read or ask."""
    env = Path(".env")
    if env.is_file() and env.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return tell(loaded, "settings", "warning", "doctor.settings_readable", path=env.absolute())
    is_open = loaded.http_host != "localhost" and not is_loopback(loaded.http_host)
    if is_open and not loaded.api_keys:
        return tell(loaded, "settings", "warning", "doctor.settings_keys", host=loaded.http_host)
    return tell(loaded, "settings", "ok", "doctor.settings_ok")


def disk(loaded: Settings) -> Finding:
    folder = loaded.data_dir if loaded.data_dir.exists() else loaded.data_dir.absolute().parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    enough = free > LOW_DISK_BYTES
    key = "doctor.disk_ok" if enough else "doctor.disk_warning"
    told = f"{free / 1e9:.1f}"
    return tell(loaded, "disk", "ok" if enough else "warning", key, path=folder, free=told)


def clock(loaded: Settings) -> Finding:
    """「今天」 in answers is by this clock."""
    now = f"{datetime.now(ZoneInfo(loaded.timezone)):%Y-%m-%d %H:%M}"
    return tell(loaded, "clock", "ok", "doctor.clock_ok", now=now, zone=loaded.timezone)


def formats(loaded: Settings) -> Finding:
    """Old Office files and scans need programs that not every machine has."""
    missing = [
        name
        for name, there in (("LibreOffice", office() is not None), ("OCR", ocr_installed()))
        if not there
    ]
    if missing:
        key = f"doctor.formats_{'_'.join(missing).lower()}"
        return tell(loaded, "formats", "warning", key)
    return tell(loaded, "formats", "ok", "doctor.formats_ok")
