"""A broker that is away. What was filled is guarded without it, and what waited is written when it is back."""
import asyncio
import uuid

import pytest

from streams.runtime.broker import EmbeddedBroker
from streams.wire import admin
from tests.gateway.stage import Stage, until

pytestmark = pytest.mark.slow


async def test_a_fill_is_guarded_while_the_broker_is_away(own_broker: EmbeddedBroker) -> None:
    admin.apply(own_broker.bootstrap)
    async with Stage(own_broker.bootstrap, f"a-{uuid.uuid4().hex[:8]}") as stage:
        await stage.begin()
        await stage.enter(limit="59900")
        await until(lambda: stage.requests() == ["entry.0 ok"], "it rests at the venue")
        await asyncio.to_thread(own_broker.kill)
        stage.price("59890")
        await until(lambda: stage.resting() == ["guard.0 59000"], "guarded", 3.0)
        assert stage.unprotected_ms() < 500

        await asyncio.to_thread(own_broker.start)
        await stage.close(intents=("i1",))
        await stage.closed(60.0)

        assert stage.position == "0"
        assert await stage.fills() == ["BUY 0.01 entry.0", "SELL 0.01 exit.0"]
        assert (await stage.statuses())[:3] == ["i1 WORKING 0", "i1 DONE 0.01", "i1 PROTECTED guard.0 59000"]
