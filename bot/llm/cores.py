"""How many threads computing on the CPU pays for."""

import os
from pathlib import Path

_SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores() -> int:
    """Physical cores that this process may use: two threads of one core gain nothing here.

    A container's share counts too; on systems that tell neither, all logical processors.
    """
    allowed = _allowed()
    siblings = {_read(Path(_SIBLINGS.format(cpu))) or str(cpu) for cpu in allowed}
    return max(1, min(len(siblings), _share() or len(siblings)))


def _allowed() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _share() -> int | None:
    """The container's limit in whole processors (cgroup v2), rounded down."""
    quota, _, period = _read(_QUOTA).partition(" ")
    if not (quota.isdecimal() and period.isdecimal()):
        return None
    return max(1, int(quota) // int(period))


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return ""
