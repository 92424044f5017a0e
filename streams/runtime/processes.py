"""Processes by identity: a pid alone may have been given to somebody else since, so each is kept with the moment it started."""
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

KILLED_S = 10.0                       # a killed process that writes to a slow disk takes its time
PR_SET_PDEATHSIG = 1                  # of prctl(2)
WAIT_S = 0.02                         # between two looks at a process that is not our child


def started(pid: int) -> str:
    """When the process started, in the system's own words; empty when it is gone or only waits to be reaped."""
    if not Path("/proc/self/stat").exists():
        return subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout.strip()
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    state, *fields = stat.rpartition(")")[2].split()
    return "" if state in "ZX" else fields[18]                # field 22 of proc(5): starttime


def alive(pid: int, start: str) -> bool:
    return bool(start) and started(pid) == start


def end(pid: int, start: str, patience_s: float) -> None:
    """Terminate, and kill when it has not ended after `patience_s` (0: kill). Nothing happens to a process that only has the same pid."""
    for sign, wait_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, KILLED_S)):
        if not wait_s:
            continue
        if not alive(pid, start):
            return
        os.kill(pid, sign)
        deadline = time.monotonic() + wait_s
        while alive(pid, start) and time.monotonic() < deadline:
            time.sleep(WAIT_S)


def bound_to(parent: int) -> Callable[[], None]:
    """In the child, before it becomes the program: the kernel ends it when the parent dies, however that comes about (Linux; elsewhere nothing).

    SIGKILL, since a worker that is only asked would wait for a broker that died with the same parent; every part is built to be killed.
    """
    if sys.platform != "linux":
        return lambda: None
    libc = ctypes.CDLL(None)

    def bind() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:                        # it died before we were bound to it
            os._exit(1)

    return bind
