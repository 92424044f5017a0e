"""The end of a gateway that was asked to end: what works is cancelled, what filled is guarded or closed, within the worker's grace."""
import asyncio
from functools import partial

from streams.core.ledger import OrderState
from streams.runtime import logs
from streams.venue.closing import cancel
from streams.venue.desk import Desk
from streams.venue.desks import Desks
from streams.venue.queues import SymbolQueues

END_S = 12.0
AGAIN_S = 1.0
_log = logs.get(__name__)


async def wind_down(desks: Desks) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + END_S
    await asyncio.gather(*(_taken_back(desk, record.entry_id, deadline) for desk in desks for record in desk.live_entries))
    for desk in desks:
        await desk.until(partial(_idle, desks.queues[desk.symbol]), max(deadline - loop.time(), 0))
    left = [desk.symbol for desk in desks if desks.queues[desk.symbol].busy]
    if left:
        _log.error("the gateway ends before these symbols are safe: start it again at once", symbols=left)


async def _taken_back(desk: Desk, entry_id: str, deadline: float) -> None:
    """Until it has ended: a cancel may be lost, or come before the request that is under way. One that was not sent will not be."""
    loop = asyncio.get_running_loop()
    while not desk.entries[entry_id].state.ended and loop.time() < deadline:
        if desk.entries[entry_id].sent_at or desk.entries[entry_id].state is not OrderState.WISHED:
            await cancel(desk, entry_id, conditional=False)
        await desk.until(lambda: desk.entries[entry_id].state.ended, min(AGAIN_S, max(deadline - loop.time(), 0)))


def _idle(queues: SymbolQueues) -> bool:
    return not queues.busy
