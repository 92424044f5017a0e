"""Words that are lost: a trade list that cannot be had, a stream that swallows a fill. What the gateway cannot know it asks, before it acts."""
from typing import Any

import pytest

from streams.core.commands import Close, Enter
from streams.core.ids import client_order_id
from streams.core.values import Side, e8
from streams.core.words import Exit, OrderType
from tests.chaos.walk import INTENT, SYMBOL, Walk
from tests.simulation.loop import virtual
from tests.simulation.venue import told
from tests.simulation.world import ACCOUNT, World


def requests(world: World) -> list[str]:
    return [f"{one.method} {told(one.client_id)}" for one in world.exchange.record.requests]


def killed_behind_its_guard(world: World) -> None:
    """The guard stands at the venue; neither it nor the fill is in the ledger."""
    world.doors.last = frozenset([next(number for number, label in enumerate(recorded()) if label == "rest: POST algoOrder guard.0 done")])


def recorded() -> list[str]:
    with virtual() as loop:
        world = World(loop, 1, [SYMBOL], pause_s=(0.002, 0.002))
        with world.inside():
            loop.run_until_complete(loop.create_task(Walk(world).run()))
        return world.doors.labels


async def entered(world: World) -> None:
    world.price(SYMBOL, e8("60000"))
    world.start("gateway")
    await world.until(lambda: bool(world.log.messages("instrument")), 10)
    Walk(world)._enter()
    await world.until(lambda: not world.alive("gateway").alive, 10)


def test_no_guard_is_swept_before_the_venue_has_said_flat() -> None:
    with virtual() as loop:
        world = World(loop, 1, [SYMBOL], pause_s=(0.002, 0.002))
        killed_behind_its_guard(world)

        async def story() -> None:
            await entered(world)
            world.fault({"kind": "timeout_1007", "path": "userTrades", "count": 2})
            await world.until(lambda: world.booked == world.held != {}, 20)

        with world.inside():
            loop.run_until_complete(loop.create_task(story()))
        assert "DELETE guard.0" not in requests(world)
        assert (world.held, world.booked, world.bare) == ({SYMBOL: e8("0.01")}, {SYMBOL: e8("0.01")}, [])


@pytest.mark.parametrize("count", [1, 4])
def test_a_guard_that_fired_meanwhile_is_not_made_again(count: int) -> None:
    with virtual() as loop:
        world = World(loop, 1, [SYMBOL], pause_s=(0.002, 0.002))
        killed_behind_its_guard(world)

        async def story() -> None:
            await entered(world)
            world.price(SYMBOL, e8("58999"))
            world.fault({"kind": "timeout_1007", "path": "userTrades", "count": count})
            await world.until(lambda: len(world.log.messages("order.fill")) == 2, 90)

        with world.inside():
            loop.run_until_complete(loop.create_task(story()))
        assert requests(world) == ["POST entry.0", "POST guard.0"]
        assert (world.held, world.booked, world.resting) == ({}, {}, [])


async def resting(world: World) -> None:
    """An entry that waits at 59900."""
    world.price(SYMBOL, e8("60000"))
    world.start("gateway")
    await world.until(lambda: bool(world.log.messages("instrument")), 10)
    now = world.log.now()
    entry, guard, flat = (client_order_id(ACCOUNT, SYMBOL, INTENT, leg) for leg in ("entry", "guard", "flat"))
    world.publish(Enter(
        ACCOUNT, SYMBOL, INTENT, entry, guard, flat, Side.BUY, e8("0.01"), OrderType.LIMIT, e8("59900"), e8("59000"), 5, now, now + 2_000, now, 0,
    ))
    assert await world.until(lambda: bool(world.engine.accounts["paper"].working()), 10)


def test_a_close_asks_how_an_entry_ended_that_it_cannot_cancel() -> None:
    """It filled, and the stream did not say so."""
    with virtual() as loop:
        world = World(loop, 1, [SYMBOL], pause_s=(0.002, 0.002))

        async def story() -> bool:
            await resting(world)
            world.engine.tell = lambda _key, _event: None
            world.price(SYMBOL, e8("59899"))
            assert world.held == {SYMBOL: e8("0.01")}
            name = client_order_id(ACCOUNT, SYMBOL, INTENT, "exit")
            world.publish(Close(ACCOUNT, SYMBOL, "", 0, (INTENT,), name, Exit.CLOSE, world.log.now()))
            return await world.until(lambda: not world.held and not world.resting and len(world.log.messages("order.fill")) == 2, 5)

        with world.inside():
            assert loop.run_until_complete(loop.create_task(story()))


def test_a_position_that_was_told_without_its_fill_is_looked_up_and_guarded() -> None:
    with virtual() as loop:
        world = World(loop, 1, [SYMBOL], pause_s=(0.002, 0.002))

        async def story() -> bool:
            await resting(world)
            tell = world.engine.tell

            def without_trades(key: str, event: Any) -> None:  # noqa: ANN401
                if event["e"] == "ACCOUNT_UPDATE":
                    tell(key, event)

            world.engine.tell = without_trades
            world.price(SYMBOL, e8("59899"))
            return await world.until(lambda: world.booked == world.held and not world.bare, 3)

        with world.inside():
            assert loop.run_until_complete(loop.create_task(story()))
        assert requests(world) == ["POST entry.0", "POST guard.0"]
