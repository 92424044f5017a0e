"""Exits have an agent, a pool of connections and a budget of their own: what waits to be opened delays nothing that is to be closed."""
import time

import msgspec

from tests.gateway.stage import Stage, until

ENTRIES = 50
WAIT_S = 1.5                          # until an entry's request is given up
replace = msgspec.structs.replace


async def closed_after(stage: Stage) -> float:
    """Seconds from the command to the venue being flat, and the books too."""
    begun = time.monotonic()
    await stage.close(intents=())
    await until(lambda: stage.position == "0", "flat at the venue")
    took = time.monotonic() - begun
    await stage.closed()
    return took


async def wait_at_the_door(stage: Stage) -> None:
    """Fifty entries, each of a symbol of its own, whose first request the venue answers only after seconds."""
    stage.fault("delay", path="marginType", method="POST", count=ENTRIES, seconds=5.0)
    for number in range(ENTRIES):
        await stage.send(replace(stage.enter_command(f"w{number}"), symbol=f"T{number:02}USDT"), "waits")
    await until(lambda: sum(fault.count for fault in stage.exchange.faults.armed) <= ENTRIES // 2, "half of them wait for their answer")


async def test_fifty_entries_that_wait_do_not_delay_one_exit(stage: Stage) -> None:
    idle = []
    for number in range(3):
        await stage.entered(f"i{number}")
        idle.append(await closed_after(stage))
    await stage.entered("i9")
    await wait_at_the_door(stage)
    busy = await closed_after(stage)

    assert stage.acknowledged.count("close") == 4
    # Whatever of theirs it waited for, a connection or a place in a queue, would come free after WAIT_S; they share one process, exchange included.
    assert busy < max(idle) + WAIT_S / 2, f"idle {idle}, with {ENTRIES} entries waiting {busy}"
    assert len([one for one in stage.requests() if one.startswith("entry")]) == 4                  # the fifty had not been placed
