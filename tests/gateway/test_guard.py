"""Whatever happens to a stop, a position of ours is covered or closed within seconds."""
import asyncio

import pytest

from streams.core.entry import Cover
from streams.core.values import Side, e8
from streams.paper import rest
from streams.paper.events import algo_update
from streams.paper.market import Quote
from streams.paper.server import PaperExchange
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


def short_lived(monkeypatch: pytest.MonkeyPatch, status: str, *, told: bool) -> None:
    """The venue takes a guard with 200, and it is over: by this very answer, or by the stream's word a moment later."""
    placed = rest.ROUTES["POST", "algoOrder"]

    def taken(exchange: PaperExchange, key: str, asked: dict[str, str], now: int) -> object:
        answer = placed(exchange, key, asked, now)
        algo = next(one for one in exchange.engine.accounts[key].waiting() if one.client_id == asked["clientAlgoId"])

        def over() -> None:
            algo.status = status
            exchange.engine.tell(key, algo_update(algo, exchange.now()))

        if told:
            asyncio.get_running_loop().call_later(0.1, over)
            return answer
        assert isinstance(answer, dict)
        algo.status = status
        return answer | {"algoStatus": status}

    monkeypatch.setitem(rest.ROUTES, ("POST", "algoOrder"), taken)


@pytest.mark.parametrize("status", ["REJECTED", "EXPIRED"])
async def test_a_guard_that_was_taken_and_is_over_does_not_stand(stage: Stage, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    """It is refused, in words of another kind: the other form is tried, and then the position is closed."""
    short_lived(monkeypatch, status, told=False)
    record = await stage.entered()

    assert (record.cover, stage.position, stage.requests()) == (Cover.CLOSED, "0", ["entry.0 ok", "guard.0 ok", "guard.1 ok", "flat.0 ok"])
    assert "PROTECTED" not in " ".join(await stage.statuses())


async def test_guards_that_do_not_last_are_not_set_for_ever(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken as NEW and gone a moment later, three times after the first: then the position is closed."""
    monkeypatch.setattr("streams.venue.watch.PATIENCE_MS", 200)
    short_lived(monkeypatch, "EXPIRED", told=True)
    await stage.entered()
    await stage.held("0", 20.0)

    assert stage.requests() == ["entry.0 ok", "guard.0 ok", "guard.1 ok", "guard.2 ok", "guard.3 ok", "flat.0 ok"]
    assert stage.position == "0"


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
