"""A wall clock that is wrong: what Python's `time.time` says in a worker, and so what Faust, aiokafka and we are told."""
import textwrap
from pathlib import Path

SITE = textwrap.dedent('''
    """The wall clock of this process is off by so many seconds from the moment at which a file is there."""
    import os
    import time

    right, right_ns = time.time, time.time_ns

    def off():
        return int(os.environ["CLOCK_OFF_S"]) if os.path.exists(os.environ["CLOCK_JUMPS"]) else 0

    time.time = lambda: right() + off()
    time.time_ns = lambda: right_ns() + off() * 1_000_000_000
''')


def jumping(folder: Path, off_s: int) -> tuple[dict[str, str], Path]:
    """The environment of a worker whose clock will jump, and the file that makes it."""
    (folder / "sitecustomize.py").write_text(SITE)
    jump = folder / "jump"
    return {"PYTHONPATH": str(folder), "CLOCK_JUMPS": str(jump), "CLOCK_OFF_S": str(off_s)}, jump
