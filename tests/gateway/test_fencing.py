"""A gateway that is stopped at the worst moment, and another that takes its place: what the first one sends when it wakes has no effect.

SIGSTOP at each of three places: before the ledger has the command, between the ledger and the request, and after the request before its answer. While
it sleeps a second process starts, works, and is ready. The first one wakes, cannot write, and ends.
"""
import signal
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.core import ids
from streams.core.commands import Plan, PlanStep, Step
from streams.core.ledger import EntryRecord
from streams.core.values import Side, e8
from streams.core.words import Exit
from streams.runtime.liveness import EXIT_ZOMBIE
from streams.venue.binance import RECV_WINDOW_MS
from streams.venue.ledger import EXIT_UNWRITTEN
from tests.gateway.stage import SYMBOL, until
from tests.gateway.test_restart import Remote, Worker, eventually

pytestmark = pytest.mark.slow


@pytest.fixture
async def remote(topics: str, tmp_path: Path) -> AsyncIterator[Remote]:
    async with Remote(topics, f"a-{uuid.uuid4().hex[:8]}", tmp_path) as remote:
        yield remote
        for worker in remote.workers:
            if worker.process.returncode is None:
                worker.send(signal.SIGCONT)
                await worker.killed()


async def taken_over(remote: Remote, first: Worker) -> Worker:
    """The second is ready while the first sleeps; then the first wakes, and ends by its own hand, whoever tells it first: its ledger or its group."""
    second = await (await remote.worker()).ready()
    first.send(signal.SIGCONT)
    assert await first.ended() in (EXIT_UNWRITTEN, EXIT_ZOMBIE)
    return second


async def test_stopped_before_the_ledger_has_the_command(remote: Remote) -> None:
    """The successor reads the command too: it is late by then, and expires. Nobody sends it."""
    first = await (await remote.worker()).ready()
    first.send(signal.SIGSTOP)
    await remote.publish(remote.entry(lives_ms=1_000))
    await taken_over(remote, first)
    await remote.told("i1 EXPIRED 0")

    assert (remote.requests(), remote.position) == ([], "0")


async def test_stopped_between_the_ledger_and_the_request(remote: Remote) -> None:
    """Durable and not sent. The successor asks the venue, which never had it, and the first one's request is never made."""
    first = await (await remote.worker()).ready()
    remote.fault("delay", path="leverage", method="POST", seconds=1.0)          # asked for between the two
    await remote.publish(remote.entry(lives_ms=3_000))
    await until(lambda: not remote.exchange.faults.armed, "the leverage is asked for", 20.0)
    first.send(signal.SIGSTOP)
    await eventually(lambda: remote.log("order.ledger"), lambda records: any(isinstance(one, EntryRecord) for one in records))
    await taken_over(remote, first)
    await remote.told("i1 EXPIRED 0")

    assert (remote.requests(), remote.position) == ([], "0")


async def test_stopped_after_the_request_before_its_answer(remote: Remote) -> None:
    """It fills while the first one sleeps. The successor finds the fill and guards it; the first one, awake, guards nothing a second time."""
    first = await (await remote.worker()).ready()
    remote.fault("hang", path="order", method="POST", client_id="qs-entry", seconds=1.0)
    remote.fault("mute", count=9)
    await remote.publish(remote.entry())
    await until(lambda: remote.position == "0.01", "filled", 20.0)
    first.send(signal.SIGSTOP)
    remote.exchange.faults.armed.clear()
    await taken_over(remote, first)
    await remote.guarded()
    await remote.told("i1 PROTECTED guard.0 59000")

    assert [one for one in remote.requests() if one.endswith("ok")] == ["entry.0 ok", "guard.0 ok"]
    assert await remote.fills() == ["BUY 0.01 entry.0"]


async def test_a_plan_of_before_the_pause_is_stale_after_it(remote: Remote) -> None:
    """The successor has worked a later revision: the earlier one, read again, does nothing."""
    first = await (await remote.worker()).ready()
    await remote.publish(remote.entry())
    await remote.guarded()
    position = await remote.position_opened()
    first.send(signal.SIGSTOP)
    stops = [
        PlanStep(Step.PLACE_STOP, ids.client_order_id(remote.account, SYMBOL, position, "stop", number), e8("0.01"), e8(trigger))
        for number, trigger in enumerate(("59400", "59500"))
    ]
    plans = [Plan(remote.account, SYMBOL, position, number, Side.SELL, (stop,), Exit.STOP, 0) for number, stop in enumerate(stops)]
    await remote.publish(plans[1])
    await taken_over(remote, first)
    await remote.told("plan 1 accepted stop.1")
    await remote.publish(plans[0])
    await remote.told("plan 0 stale")

    assert remote.resting() == ["guard.0 59000", "stop.1 59500"]


def test_what_is_sent_late_is_late_for_the_venue_too() -> None:
    """The window in which the venue takes a request is shorter than any takeover; its own default is 5,000 ms, the client library's 10,000."""
    assert RECV_WINDOW_MS <= 2_000
