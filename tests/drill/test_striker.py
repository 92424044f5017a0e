"""A striker that has to leave: who was stopped goes on, what it did is known, and nobody is asked any more. The exchange and the struck are real."""
import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from streams.cli.drill import Striker
from streams.cli.run import Running, Setting
from streams.demo.processes import Health
from streams.drill.exchange import Exchange
from streams.runtime.broker import EmbeddedBroker
from streams.venue.addresses import Addresses
from tests.chaos.house import until
from tests.paper.bank import Bank

STOPS_THE_GATEWAY = 12452               # a seed: the first blow, two seconds after the beginning


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with Bank() as bank:
        yield bank


def state_of(pid: int) -> str:
    """As the kernel says: S sleeps, T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def test_whoever_was_stopped_goes_on_and_nobody_is_asked_any_more(bank: Bank, tmp_path: Path) -> None:
    url, lost = bank.exchange.rest_url, list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: lost.append(told))
    setting = Setting("a drill", "127.0.0.1:1", Addresses(url, url), None, tmp_path, {}, tmp_path, tmp_path)
    running, broker = Running(setting, None), EmbeddedBroker(tmp_path, tmp_path)
    child = await asyncio.create_subprocess_exec("sleep", "60")
    running.processes.health["gateway"] = Health(pid=child.pid, starts=1)
    try:
        async with Exchange(url) as exchange, Striker(running, broker, exchange) as striker:
            striker.begin(STOPS_THE_GATEWAY)
            await until(lambda: state_of(child.pid) == "T", "the gateway is stopped")
        assert state_of(child.pid) != "T"
        assert [span.what.split(" for ")[0] for span in striker.struck] == ["stop gateway"]
        assert [span.what for span in striker.away(0)] == ["no gateway"]
        gc.collect()
        running_yet = {str(task.get_coro()).split(" ")[2] for task in asyncio.all_tasks()}
        assert (lost, running_yet & {"Striker._strike", "Striker._watch", "Exchange.watch_orphans"}) == ([], set())
    finally:
        child.kill()
        await child.wait()


async def test_what_the_exchange_shows(bank: Bank) -> None:
    async with Exchange(bank.exchange.rest_url) as exchange:
        await bank.body("POST", "v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01", newClientOrderId="somebody")
        await exchange.arm({"kind": "reject", "count": 1})
        seen = await exchange.look()
        assert (seen.held, seen.resting, seen.created, seen.trades, seen.orphans) == ({"BTCUSDT": 1_000_000}, [], {"somebody": 1}, 1, [])
        [bare] = seen.bare
        assert (bare.what, bare.end) == ("BTCUSDT", seen.now)
        assert bank.exchange.faults.armed
        await exchange.mend()
        assert not bank.exchange.faults.armed
