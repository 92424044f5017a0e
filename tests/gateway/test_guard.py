"""Whatever happens to a stop, a position of ours is covered or closed within seconds."""
import asyncio

from streams.core.entry import Cover
from streams.core.values import Side, e8
from streams.paper.market import Quote
from streams.venue.answers import Kind, Order
from tests.gateway.stage import SYMBOL, Stage, told, until


async def test_the_price_is_through_the_guard_already(stage: Stage) -> None:
    record = await stage.entered(stop="60500")

    assert (record.cover, stage.position, stage.resting()) == (Cover.CLOSED, "0", [])
    assert stage.requests() == ["entry.0 ok", "guard.0 -2021", "flat.0 ok"]
    assert (await stage.statuses())[-1] == "i1 CLOSED 0.01"
    assert stage.unprotected_ms() < 500


async def test_no_guard_in_three_seconds_and_the_position_is_closed(stage: Stage) -> None:
    stage.fault("drop", path="algoOrder", method="POST", count=99)
    record = await stage.entered()

    assert (record.cover, stage.position, stage.requests()) == (Cover.CLOSED, "0", ["entry.0 ok", "flat.0 ok"])
    assert stage.unprotected_ms() in range(2_900, 3_600)


async def test_a_second_entry_is_covered_by_the_guard_that_stands(stage: Stage) -> None:
    await stage.entered()
    record = await stage.entered("i2", stop="59500")

    assert (stage.position, stage.resting()) == ("0.02", ["guard.0 59000"])
    assert (record.cover, told(record.guard_id)) == (Cover.PROTECTED, "guard.0")
    assert (await stage.statuses())[-1] == "i2 PROTECTED guard.0 59000"


async def test_one_stands_is_believed_only_when_it_is_seen(stage: Stage) -> None:
    stage.fault("reject", path="algoOrder", method="POST", client_id="qs-guard.0", code=-4130)
    record = await stage.entered()

    assert (record.cover, stage.resting()) == (Cover.PROTECTED, ["guard.1 59000"])
    algo = stage.exchange.engine.accounts["paper"].waiting()[0]
    assert (algo.close_position, algo.reduce_only, algo.quantity) == (False, True, e8("0.01"))


async def test_a_guard_that_was_cancelled_by_hand_comes_back(stage: Stage) -> None:
    await stage.entered()
    await stage.gateway.venue.cancel(SYMBOL, stage.id_of("i1", "guard"), conditional=True)
    await until(lambda: stage.resting() == ["guard.1 59000"], "guarded again", 5.0)

    assert stage.unprotected_ms() in range(2_900, 3_600)
    assert (await stage.statuses())[-2:] == ["guard.0 CANCELLED", "guard.1 WORKING"]


async def test_a_guard_comes_back_also_while_another_entry_rests(stage: Stage) -> None:
    await stage.entered()
    await stage.enter("i2", limit="59500")
    await until(lambda: stage.requests()[-1] == "entry.0 ok" and len(stage.requests()) == 3, "the second entry rests")
    await stage.gateway.venue.cancel(SYMBOL, stage.id_of("i1", "guard"), conditional=True)
    await until(lambda: stage.resting() == ["guard.1 59000"], "guarded again", 5.0)


async def test_what_an_entry_fills_after_its_position_was_closed_is_guarded_anew(stage: Stage) -> None:
    await stage.enter(limit="59900")
    await until(lambda: stage.requests() == ["entry.0 ok"], "it rests at the venue")
    stage.exchange.quote(Quote(SYMBOL, e8("59899.9"), e8("59900"), e8("59899.9"), ask_quantity=e8("0.004")))
    await until(lambda: stage.resting() == ["guard.0 59000"], "the first part is guarded")
    stage.price("60500")
    venue = stage.gateway.venue
    await venue.place(Order(SYMBOL, Side.SELL, Kind.MARKET, "by-hand", e8("0.004")), venue.clock.now())
    await stage.held("0")
    stage.price("59890")
    await stage.held("0.006")
    await until(lambda: stage.resting() == ["guard.1 59000"], "the second part is guarded", 2.0)
    record = await stage.over()

    assert (record.cover, told(record.guard_id), record.position_id) == (Cover.PROTECTED, "guard.1", stage.position_id)


async def test_a_fill_after_an_entry_was_given_up_is_guarded(stage: Stage) -> None:
    """The venue has said that it never had the order, and then fills it: no saga is left, but the watch is."""
    stage.fault("reject", path="order", method="POST", client_id="qs-entry", code=-2019)
    record = await stage.entered()
    asked = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.01", "newClientOrderId": record.entry_id}
    stage.exchange.engine.place("paper", asked, stage.exchange.clock())
    await stage.held("0.01")
    await until(lambda: stage.resting() == ["guard.0 59000"], "guarded", 5.0)


async def test_a_person_may_move_a_stop(stage: Stage) -> None:
    """Somebody's own stop covers as well as ours: the guard is not set anew beside it."""
    await stage.entered()
    venue = stage.gateway.venue
    own = Order(SYMBOL, Side.SELL, Kind.STOP_MARKET, "by-hand", e8("0.01"), trigger_price=e8("59200"), reduce_only=True)
    await venue.place(own, venue.clock.now())
    await venue.cancel(SYMBOL, stage.id_of("i1", "guard"), conditional=True)
    await until(lambda: stage.resting() == ["by-hand 59200"], "only the person's stop rests")
    await asyncio.sleep(3.5)                                     # longer than the watch's patience: nothing is what must happen

    assert stage.resting() == ["by-hand 59200"]


async def test_a_guard_that_no_longer_covers_all_that_is_held_is_set_anew(stage: Stage) -> None:
    """It rests reduce-only with a quantity; somebody adds to the position by hand."""
    stage.fault("reject", path="algoOrder", method="POST", client_id="qs-guard.0", code=-4130)
    await stage.entered()
    venue = stage.gateway.venue
    await venue.place(Order(SYMBOL, Side.BUY, Kind.MARKET, "by-hand", e8("0.01")), venue.clock.now())
    await until(lambda: stage.resting() == ["guard.1 59000", "guard.2 59000"], "the next guard rests beside it", 6.0)

    assert stage.position == "0.02"


async def test_a_limit_entry_is_guarded_when_it_fills(stage: Stage) -> None:
    await stage.enter(limit="59900")
    await until(lambda: stage.requests() == ["entry.0 ok"], "it rests at the venue")
    assert (stage.position, stage.resting()) == ("0", [])

    stage.price("59890")
    await stage.over()

    assert (stage.position, stage.resting()) == ("0.01", ["guard.0 59000"])


async def test_two_symbols_do_not_wait_for_each_other(stage: Stage) -> None:
    """While one symbol's entry hangs for seconds, another is closed at once."""
    await stage.entered()
    stage.fault("hang", path="order", method="POST", client_id="qs-entry", seconds=2.0)
    stage.exchange.set_price("ETHUSDT", e8("2650"), e8("2650.01"))
    command = stage.enter_command("i2", quantity="0.1", stop="2600")
    await stage.send(type(command)(**{f: getattr(command, f) for f in command.__struct_fields__} | {"symbol": "ETHUSDT"}))
    await stage.close()
    await stage.closed(1.5)

    assert stage.position == "0"
