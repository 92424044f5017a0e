"""The books over a whole account's life: what moves a wallet while gateway, positions and risk run, or while the gateway is dead."""
import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from streams.core.earnings import DayBooked
from streams.core.events import BalanceSeen, Intent, ModeSet
from streams.core.funding import Funded
from streams.core.values import decimal, e8
from streams.core.words import Action
from streams.paper import funding
from streams.paper.orders import Income
from streams.wire.topics import ACCOUNT_EVENT, ORDER_STATUS
from tests.simulation.loop import virtual
from tests.simulation.venue import KEY
from tests.simulation.world import World

SYMBOL, PRICE = "BTCUSDT", e8("60000")
Act = Callable[[World], Awaitable[None]]


def lived(act: Act) -> World:
    """A world in which a bot has bought, and then this happened."""
    with virtual() as loop:
        world = World(loop, 1, (SYMBOL,))
        with world.inside():
            loop.run_until_complete(loop.create_task(_life(world, act)))
        return world


async def _life(world: World, act: Act) -> None:
    world.price(SYMBOL, PRICE)
    for name in ("gateway", "positions", "risk"):
        world.start(name)
    ticking = asyncio.create_task(_tick(world))
    await asyncio.sleep(5)
    world.publish(Intent("i1", SYMBOL, Action.BUY, source="bot", model="m1", stop_ppm=100_000))
    assert await world.until(lambda: bool(world.held), 10)
    await asyncio.sleep(3)
    await act(world)
    ticking.cancel()


async def _tick(world: World) -> None:
    while True:
        await asyncio.sleep(0.5)
        world.price(SYMBOL, PRICE)


def paid(world: World, amount: str, *, listed: bool = True, told: str = "") -> None:
    account = world.engine.accounts[KEY]
    account.wallets["USDT"] += e8(amount)
    if listed:
        account.incomes.append(Income("", "TRANSFER", e8(amount), "USDT", world.now(), next(world.engine.transaction_ids)))
    if told:
        world.engine.tell_account(KEY, told, world.now(), "USDT", "", e8(amount))


def events(world: World, kind: type) -> list[Any]:
    return [message for topic in (ACCOUNT_EVENT, ORDER_STATUS) for message in world.log.messages(topic.name) if isinstance(message, kind)]


def balance(world: World) -> list[str]:
    """Of the dollars, as told last: transferred and unexplained; the rest of what the wallet moved is earned."""
    last = [seen for seen in events(world, BalanceSeen) if seen.asset == "USDT"][-1]
    assert last.wallet == world.engine.accounts[KEY].wallets["USDT"] == e8("10000") + last.earned + last.transferred + last.unexplained
    return [decimal(last.transferred), decimal(last.unexplained)]


def modes(world: World) -> list[str]:
    """Those that risk set of itself."""
    return [word.mode for word in events(world, ModeSet) if word.reason]


def test_what_is_paid_out_while_the_gateway_is_dead_is_no_loss() -> None:
    async def act(world: World) -> None:
        world.restart_s = 20
        world.alive("gateway").kill()
        await asyncio.sleep(5)
        paid(world, "-4000")
        await asyncio.sleep(60)

    world = lived(act)
    assert (balance(world), modes(world)) == (["-4000", "0"], [])


def test_what_is_paid_out_before_its_eyes_is_no_loss_and_counted_once() -> None:
    async def act(world: World) -> None:
        paid(world, "-4000", told="WITHDRAW")
        await asyncio.sleep(130)

    world = lived(act)
    assert (balance(world), modes(world)) == (["-4000", "0"], [])


def test_what_goes_without_a_name_is_a_loss() -> None:
    async def act(world: World) -> None:
        paid(world, "-1500", listed=False, told="ADJUSTMENT")
        await asyncio.sleep(30)

    world = lived(act)
    assert (balance(world), modes(world)) == (["0", "-1500"], ["HALTED"])


def test_funding_is_in_the_days_of_whoever_held_also_where_the_gateway_was_dead() -> None:
    async def act(world: World) -> None:
        funding.pay(world.engine, SYMBOL, world.now())
        await asyncio.sleep(10)
        world.restart_s = 20
        world.alive("gateway").kill()
        await asyncio.sleep(5)
        funding.pay(world.engine, SYMBOL, world.now())
        await asyncio.sleep(60)

    world = lived(act)
    amounts = [line.amount for line in world.engine.accounts[KEY].incomes if line.kind == "FUNDING_FEE"]
    day = events(world, DayBooked)[-1]
    assert [fact.amount for fact in events(world, Funded)] == amounts
    assert (day.source, day.model, day.funding, balance(world)) == ("bot", "m1", sum(amounts), ["0", "0"])
