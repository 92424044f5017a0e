"""The witness, on a coordinator that answers what it is told to; the real one is at work in tests/broker/test_faults.py."""
import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.group import HeartbeatRequest, SyncGroupRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.produce import ProduceRequest

from streams.runtime import liveness
from streams.runtime.liveness import Membership

HEARTBEAT = HeartbeatRequest("group", 3, "member")
SYNC = SyncGroupRequest("group", 3, "member", None, [])
COMMIT = OffsetCommitRequest("group", 3, "member", -1, [])
ENDED = "ended"


def answer(request: Any, code: int) -> Any:  # noqa: ANN401
    if isinstance(request, OffsetCommitRequest):
        return SimpleNamespace(topics=[("order.fill", [(0, 0), (1, code)])])
    return SimpleNamespace(error_code=code)


@pytest.mark.parametrize(
    ("request_", "code", "becomes"),
    [
        pytest.param(HEARTBEAT, 0, "heard", id="a heartbeat is answered"),
        pytest.param(HEARTBEAT, 27, "heard", id="join again: still a member"),
        pytest.param(SYNC, 0, "heard", id="an assignment"),
        pytest.param(HEARTBEAT, 16, "as before", id="not the coordinator: it says nothing of us"),
        pytest.param(COMMIT, 0, "as before", id="a commit is no sign of life"),
        pytest.param(SYNC, 25, "as before", id="a join that failed gave its partitions back before"),
        pytest.param(HEARTBEAT, 22, ENDED, id="an old generation"),
        pytest.param(HEARTBEAT, 25, ENDED, id="unknown member"),
        pytest.param(HEARTBEAT, 82, ENDED, id="fenced"),
        pytest.param(COMMIT, 25, ENDED, id="a commit of an unknown member: heartbeats end with it, so it must be seen here"),
    ],
)
async def test_what_the_group_says_of_us(request_: Any, code: int, becomes: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    clock, ends = [100.0], list[int]()
    monkeypatch.setattr(liveness, "now_s", lambda: clock[0])
    monkeypatch.setattr(os, "_exit", ends.append)
    membership = Membership(session_timeout_s=9.0)
    membership.asked_at = 50.0

    async def send(request: Any) -> Any:  # noqa: ANN401
        clock[0] += 5                     # the answer takes its time; what counts is when it was asked for
        return answer(request, code)

    coordinator = SimpleNamespace(_send_req=send)
    membership.witness(coordinator)
    await coordinator._send_req(request_)
    assert (ends, membership.asked_at) == {"heard": ([], 100.0), "as before": ([], 50.0), ENDED: ([liveness.EXIT_ZOMBIE], 50.0)}[becomes]


async def test_only_produce_requests_wait_at_the_socket_and_only_while_the_group_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, sent = [106.0], list[Any]()
    monkeypatch.setattr(liveness, "now_s", lambda: clock[0])

    async def send(node: int, request: Any) -> None:  # noqa: ANN401
        sent.append(request)

    async def ready(node: int) -> bool:
        return True

    membership, client = Membership(session_timeout_s=9.0), SimpleNamespace(send=send, ready=ready)
    membership.guard(client)
    produce, metadata = ProduceRequest(None, 1, 1000, []), MetadataRequest([])
    membership.asked_at = 100.0
    await client.send(0, produce)                            # 6 of 9 seconds: not yet
    clock[0] = 106.1
    held = asyncio.create_task(client.send(0, produce))
    await client.send(0, metadata)
    assert (sent, held.done()) == ([produce, metadata], False)
    membership.asked_at = 106.0
    await asyncio.wait_for(held, 1)
    assert sent == [produce, metadata, produce]


@pytest.mark.skipif(not Path("/proc/uptime").exists(), reason="the system does not say how long it has been up")
def test_the_clock_counts_from_boot() -> None:
    up_s = float(Path("/proc/uptime").read_text().split()[0])
    assert abs(liveness.now_s() - up_s) < 1
