"""Children that live, die, come back and are never left behind."""
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.demo.processes import Health, Part, PartFailed, Processes
from streams.errors import Refused

SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
TELLS_ITS_END = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: (print('asked'), sys.exit(0))); " + SLEEPER


def python(name: str, code: str) -> Part:
    return Part(name, (sys.executable, "-c", code))


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.01)


def made(folder: Path, said: list[str] | None = None) -> Processes:
    return Processes(folder, os.environ, (said if said is not None else []).append)


def wrote(processes: Processes, name: str, word: str) -> Callable[[], bool]:
    return lambda: word in processes.log_of(name).read_text()


async def test_a_part_that_dies_is_started_again_and_that_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    processes = made(tmp_path, said)
    await processes.start(python("worker", SLEEPER))
    first = processes.health["worker"].pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: processes.health["worker"].starts == 2)
    health = processes.health["worker"]
    assert (health.pid not in (0, first), health.exit_code, health.word) == (True, -9, "up, started 2 times")
    assert said == [f"worker ended with -9 (by SIGKILL) and is started again in 0.5 s: {processes.log_of('worker')}"]
    await processes.stop_all()


async def test_the_wait_doubles_while_a_part_keeps_dying(tmp_path: Path) -> None:
    said: list[str] = []
    processes = made(tmp_path, said)
    await processes.start(python("worker", "raise SystemExit(1)"))
    await until(lambda: len(said) == 3)
    assert [line.split(" again in ")[1].split(":")[0] for line in said] == ["0.5 s", "1 s", "2 s"]
    await processes.stop_all()


async def test_a_part_that_was_used_wrongly_is_not_started_again(tmp_path: Path) -> None:
    processes = made(tmp_path)
    await processes.start(python("gateway", "import sys; print('no api key'); sys.exit(3)"))
    with pytest.raises(PartFailed, match=r"gateway ended with 3 \(refused for safety\) and said:\nno api key") as failure:
        await asyncio.wait_for(processes.failed, 10)
    assert (failure.value.exit_code, processes.health["gateway"]) == (3, Health(pid=0, starts=1, exit_code=3))


@pytest.mark.parametrize("rival", ["", "another gateway runs; stop one"])
async def test_a_gateway_comes_back_unless_another_has_its_place(rival: str, tmp_path: Path) -> None:
    """Both end with 72: what has no rival only lost its broker."""
    async def asked() -> str:
        return rival

    said: list[str] = []
    processes = made(tmp_path, said)
    processes.rival = asked
    await processes.start(python("gateway", "raise SystemExit(72)"))
    await until(lambda: bool(said))
    what = "gateway ended with 72 (its ledger could not be written, or another gateway of the account took over) and is"
    if rival:
        assert said == [f"{what} not started again: {rival}"]
        with pytest.raises(Refused, match=rival):
            processes.failed.result()
    else:
        assert said[0] == f"{what} started again in 0.5 s: {processes.log_of('gateway')}"
        await processes.stop_all()


async def test_stopping_asks_first(tmp_path: Path) -> None:
    said: list[str] = []
    processes = made(tmp_path, said)
    await processes.start(python("feed", TELLS_ITS_END))
    await until(wrote(processes, "feed", "up"))
    await processes.stop("feed", "a part that never was")
    assert (processes.log_of("feed").read_text().split(), processes.health["feed"].exit_code, said) == (["up", "asked"], 0, [])


async def test_what_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.demo.processes.GRACE_S", 0.2)
    processes = made(tmp_path)
    await processes.start(python("worker", STUBBORN))
    await until(wrote(processes, "worker", "up"))
    await processes.stop("worker")
    assert processes.health["worker"].exit_code == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds a child to its parent's death")
async def test_a_killed_parent_takes_its_children_along(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, __file__, str(tmp_path), stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), 10))
    assert _runs(child)
    parent.kill()
    await parent.wait()
    await until(lambda: not _runs(child), 5)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def _parent(folder: Path) -> None:
    processes = made(folder)
    await processes.start(python("child", STUBBORN))
    await until(wrote(processes, "child", "up"))
    sys.stdout.write(f"{processes.health['child'].pid}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_parent(Path(sys.argv[1])))
