"""The disk of the state folder and of the log is full: the pipeline's memory is Kafka, so work goes on, and who must end ends.

A limit on the size of files stands in for a full disk, which would need root: each write that makes a file longer fails. Pipes still take words.
"""
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.broker.harness import CLEAN, Log, audit, load, numbered, until
from tests.broker.processes import ROOT, Worker, workers
from tests.broker.worker import Setup

on_linux = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux sets the limits of another process")


def _fill(worker: Worker) -> None:
    _, hard = resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (0, hard))


@on_linux
def test_a_worker_goes_on_and_ends_in_order(setup: Setup, log: Log) -> None:
    with workers(setup) as start:
        worker = start().until_ready()
        with load(log, a_second=200) as events:
            log.until_answered(more=200, what="the worker at work")
            _fill(worker)
            said = worker.said()
            log.until_answered(more=200, what="the worker at work without a disk")
        log.until_worked()
        assert worker.stopped() == 0
        assert worker.said() == said                     # "the worker stops" found no room
    assert audit(log, events) == CLEAN


@on_linux
def test_a_zombie_ends_itself_though_it_cannot_say_so(setup: Setup, log: Log, tmp_path: Path) -> None:
    frozen = tmp_path / "frozen"
    events = numbered(1_000)
    events[500]["freezes"] = str(frozen)
    log.write("in.b", *events)
    with workers(setup) as start:
        zombie = start()
        until(frozen.exists, "the worker stopped")
        start()
        log.until_worked()
        _fill(zombie)
        zombie.send(signal.SIGCONT)
        assert zombie.ended() == 70
    assert audit(log, events)._replace(doubled=0) == CLEAN


def test_a_worker_that_finds_no_room_for_its_name_does_not_start(tmp_path: Path) -> None:
    """It would be a stranger to the group at each start."""
    state = tmp_path / "state"
    environment = {**os.environ, "STREAMS_STATE_DIR": str(state), "STREAMS_KAFKA_BOOTSTRAP": "127.0.0.1:9", "STREAMS_VENUE": "paper"}
    limited = "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); runpy.run_module('streams.cli', run_name='__main__')"
    command = [sys.executable, "-c", limited, "worker", "positions"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    said = f"streams: the state folder {state} cannot be written: File too large; free some disk, or set STREAMS_STATE_DIR\n"
    assert (ended.returncode, ended.stderr) == (4, said)
