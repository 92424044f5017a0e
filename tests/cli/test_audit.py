"""`streams audit` and `streams worker audit`, run as a person runs them, on a broker of their own."""
import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import msgspec
import pytest

from streams.cli.audit import Audited
from streams.core.values import e8
from streams.paper.server import PaperExchange
from streams.runtime.broker import EmbeddedBroker
from streams.wire import admin
from streams.wire.log import publish
from tests.audit.test_rules import written

pytestmark = pytest.mark.slow


async def streams(folder: Path, bootstrap: str, *arguments: str, **variables: str) -> asyncio.subprocess.Process:
    silent = {name: value for name, value in os.environ.items() if not name.startswith("STREAMS_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams.cli", *arguments, cwd=folder, env={**silent, "STREAMS_KAFKA_BOOTSTRAP": bootstrap, **variables},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )


async def audited(folder: Path, bootstrap: str, **variables: str) -> tuple[int, Audited]:
    child = await streams(folder, bootstrap, "audit", "--json", **variables)
    output, _ = await asyncio.wait_for(child.communicate(), 60)
    return child.returncode or 0, msgspec.json.decode(output, type=Audited)


async def test_whole_books_end_with_0_and_a_doubled_fill_with_1_and_its_place(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    bootstrap = own_broker.bootstrap
    await asyncio.to_thread(admin.apply, bootstrap)
    fills, told = written([(1, 100), (1, 100), (-2, 105)])
    publish(bootstrap, fills)
    publish(bootstrap, told)
    code, found = await audited(tmp_path, bootstrap)
    assert (code, found.whole, found.report.fills, found.report.findings, found.venue[:9]) == (0, True, 3, (), "not asked")
    assert [(one.symbol, one.held, one.realised, one.realised_venue, one.fees) for one in found.report.cash] == [
        ("BTCUSDT", "0", "10", "10", {"USDT": "0.00015"}),
    ]

    watch = await streams(tmp_path, bootstrap, "worker", "audit")
    [again] = publish(bootstrap, fills[1:2])
    assert watch.stdout is not None
    line = await asyncio.wait_for(watch.stdout.readline(), 30)
    watch.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert (await asyncio.wait_for(watch.wait(), 10), time.monotonic() - began < 10) == (0, True)
    place = f"order.fill-{again.partition}@{again.offset}"
    assert line.decode().split()[:2] == ["DOUBLED", place]

    code, found = await audited(tmp_path, bootstrap)
    assert (code, found.whole, [(one.kind.value, one.place) for one in found.report.findings]) == (1, False, [("DOUBLED", place)])

    async with PaperExchange(symbols=["BTCUSDT"]) as exchange:                               # where somebody trades besides
        exchange.set_price("BTCUSDT", e8("60000"), e8("60000.1"))
        exchange.engine.place("paper", {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}, exchange.clock())
        venue = {"STREAMS_VENUE": "custom", "STREAMS_BINANCE_REST_URL": exchange.rest_url, "STREAMS_BINANCE_WS_URL": exchange.ws_url}
        _, found = await audited(tmp_path, bootstrap, **venue)
    doubled, different, lost = found.report.findings
    assert (found.venue, doubled.kind.value, different.kind.value, lost.kind.value) == ("compared", "DOUBLED", "DIFFERENT", "LOST")
    assert different.said == "the venue holds 0.01, the fills up to here lead to 0"
    assert "(BUY 0.01 at 60000.1) is no fill; it belongs after this one" in lost.said
