"""What this machine has: GPUs as nvidia-smi tells them, memory, disk."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_QUERY: Final = "index,name,memory.total,memory.free,driver_version,compute_cap"
_SMI_S: Final = 15
_MEMINFO: Final = Path("/proc/meminfo")
_CGROUP_MAX: Final = Path("/sys/fs/cgroup/memory.max")
_CGROUP_NOW: Final = Path("/sys/fs/cgroup/memory.current")


@dataclass(frozen=True, slots=True)
class Gpu:
    index: int
    name: str
    total: int
    free: int
    """Bytes."""
    driver: str
    capability: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Machine:
    gpus: tuple[Gpu, ...]
    cuda: tuple[int, int] | None
    """Newest that the driver supports."""
    memory_free: int
    disk_free: int
    problem: str | None = None
    """What nvidia-smi complained of."""

    @property
    def largest(self) -> Gpu | None:
        return max(self.gpus, key=lambda gpu: gpu.free, default=None)

    @property
    def capability(self) -> tuple[int, int] | None:
        """Of the weakest GPU."""
        known = [gpu.capability for gpu in self.gpus if gpu.capability]
        return min(known, default=None)


def look(downloads: Path) -> Machine:
    """`downloads`: where models are put; its disk is what is measured."""
    gpus, cuda, problem = _gpus()
    return Machine(gpus, cuda, _memory_free(), _disk_free(downloads), problem)


def _gpus() -> tuple[tuple[Gpu, ...], tuple[int, int] | None, str | None]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return (), None, None
    listed = _run(program, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits")
    gpus = tuple(gpu for line in listed.splitlines() if (gpu := _gpu(line)) is not None)
    if not gpus:
        return (), None, " ".join(listed.split())[:200] or "nvidia-smi"
    named = re.search(r"CUDA Version:\s*(\d+)\.(\d+)", _run(program))
    return gpus, (int(named[1]), int(named[2])) if named else None, None


def _gpu(line: str) -> Gpu | None:
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != 6 or not all(cell.isdigit() for cell in (cells[0], cells[2], cells[3])):
        return None
    capability = re.fullmatch(r"(\d+)\.(\d+)", cells[5])
    return Gpu(
        int(cells[0]),
        cells[1],
        int(cells[2]) * 2**20,
        int(cells[3]) * 2**20,
        cells[4],
        (int(capability[1]), int(capability[2])) if capability else None,
    )


def _run(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_SMI_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout or done.stderr


def _memory_free() -> int:
    """What is available, or what is left of a container's share if that is less."""
    try:
        found = re.search(r"MemAvailable:\s*(\d+) kB", _MEMINFO.read_text("ascii"))
        free = int(found[1]) * 1024 if found else 0
    except OSError:
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit, used = _CGROUP_MAX.read_text("ascii").strip(), _CGROUP_NOW.read_text("ascii").strip()
        return min(free, max(0, int(limit) - int(used)))
    except (OSError, ValueError):  # no container, or one without a limit
        return free


def _disk_free(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
