"""A gateway that died between a fill and its record, and comes back to a venue whose trade list cannot be had: what it cannot know it asks first."""
from streams.core.values import e8
from tests.chaos.walk import SYMBOL, Walk
from tests.simulation.loop import virtual
from tests.simulation.venue import told
from tests.simulation.world import World


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


def test_a_guard_that_fired_meanwhile_is_not_made_again() -> None:
    with virtual() as loop:
        world = World(loop, 1, [SYMBOL], pause_s=(0.002, 0.002))
        killed_behind_its_guard(world)

        async def story() -> None:
            await entered(world)
            world.price(SYMBOL, e8("58999"))
            world.fault({"kind": "timeout_1007", "path": "userTrades"})
            await world.until(lambda: len(world.log.messages("order.fill")) == 2, 20)

        with world.inside():
            loop.run_until_complete(loop.create_task(story()))
        assert requests(world) == ["POST entry.0", "POST guard.0"]
        assert (world.held, world.booked, world.resting) == ({}, {}, [])
