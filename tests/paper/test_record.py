"""The exchange's own record, which whoever trades is held against: what was made twice, what was asked when, what stood without a stop."""
import pytest

from streams.core.values import e8
from streams.paper.record import Record, is_covered
from tests.paper.bank import Bank
from tests.paper.house import KEY, House

BUY: dict[str, str | int] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01", "newClientOrderId": "entry"}
STOP: dict[str, str | int] = {
    "symbol": "BTCUSDT", "algoType": "CONDITIONAL", "side": "SELL", "type": "STOP_MARKET", "triggerPrice": "59000", "quantity": "0.01",
    "reduceOnly": "true", "clientAlgoId": "stop",
}


@pytest.mark.parametrize(
    ("stops", "covered"),
    [
        ([], False),
        ([("STOP_MARKET", "SELL", {"closePosition": "true"})], True),
        ([("STOP_MARKET", "SELL", {"quantity": "0.03", "reduceOnly": "true"})], True),
        ([("STOP_MARKET", "SELL", {"quantity": "0.02", "reduceOnly": "true"})], False),
        ([("STOP_MARKET", "SELL", {"quantity": part, "reduceOnly": "true"}) for part in ("0.02", "0.01")], True),
        ([("STOP_MARKET", "SELL", {"quantity": "0.03"})], False),
        ([("STOP_MARKET", "BUY", {"quantity": "0.03", "reduceOnly": "true"})], False),
        ([("TAKE_PROFIT_MARKET", "SELL", {"closePosition": "true"})], False),
        ([("TRAILING_STOP_MARKET", "SELL", {"quantity": "0.03", "reduceOnly": "true", "callbackRate": "1"})], True),
        ([("TRAILING_STOP_MARKET", "SELL", {"quantity": "0.03", "reduceOnly": "true", "callbackRate": "1", "activatePrice": "61000"})], False),
    ],
)
def test_a_position_is_covered_by_live_stops_that_close_all_of_it(stops: list[tuple[str, str, dict[str, str]]], covered: bool) -> None:  # noqa: FBT001
    house = House()
    house.order("BUY", "0.03")
    for kind, side, asked in stops:
        trigger = {"STOP_MARKET": "59000" if side == "SELL" else "61000", "TAKE_PROFIT_MARKET": "61000"}.get(kind, "")
        house.algo(side, kind, trigger, **asked)
    assert is_covered(house.account, "BTCUSDT") == covered


def test_the_spans_without_a_stop_are_added_up_by_symbol() -> None:
    house, record = House(), Record()
    record.look(KEY, "BTCUSDT", house.account, 1_000)
    house.order("BUY", "0.01")
    record.look(KEY, "BTCUSDT", house.account, 2_000)
    house.algo("SELL", "STOP_MARKET", "59000", closePosition="true")
    record.look(KEY, "BTCUSDT", house.account, 2_250)
    house.price("BTCUSDT", "59000", "59000.1")
    record.look(KEY, "BTCUSDT", house.account, 3_000)
    house.order("BUY", "0.01")
    record.look(KEY, "BTCUSDT", house.account, 4_000)
    told = record.told(4_100)
    assert [(span["start"], span["end"], span["ms"]) for span in told["unprotected"]] == [(2_000, 2_250, 250), (4_000, 0, 100)]
    assert (told["unprotected_seconds"], told["unprotected_seconds_max"]) == ({"BTCUSDT": 0.25}, 0.25)


async def test_what_it_tells_of_requests(bank: Bank) -> None:
    """`created` counts what came into being: an order that was sent twice shows, a refused one does not."""
    at = bank.exchange.clock()
    bank.exchange.clock = lambda: at
    await bank.ask("POST", "v1/order", **BUY)
    await bank.ask("POST", "v1/order", **BUY)
    await bank.ask("POST", "v1/order", **{**BUY, "newClientOrderId": "refused", "quantity": "0"})
    bank.exchange.clock = lambda: at + 300
    await bank.ask("POST", "v1/algoOrder", **{**STOP, "quantity": "0.02"})
    await bank.ask("DELETE", "v1/algoOrder", clientAlgoId="stop")
    status, told = await bank.panel("GET", "_record")
    assert (status, told["now"], told["next"], told["created"], told["arrivals"]) == (
        200, at + 300, 5, {"entry": 2, "stop": 1}, {"entry": at, "refused": at, "stop": at + 300})
    assert [(one["method"], one["path"], one["client_id"], one["code"]) for one in told["requests"]] == [
        ("POST", "order", "entry", 0), ("POST", "order", "entry", 0), ("POST", "order", "refused", -4003), ("POST", "algoOrder", "stop", 0),
        ("DELETE", "algoOrder", "stop", 0),
    ]
    assert [(span["ms"], span["end"] > 0) for span in told["unprotected"]] == [(300, True), (0, False)]
    assert [one["method"] for one in (await bank.panel("GET", "_record?since=4"))[1]["requests"]] == ["DELETE"]


async def test_the_state_of_each_account(bank: Bank) -> None:
    await bank.ask("POST", "v1/order", **BUY)
    await bank.ask("POST", "v1/algoOrder", **STOP)
    _, told = await bank.panel("GET", "_state")
    assert told["accounts"]["paper"] == {
        "wallets": {"USDT": "9999.6999995", "USDC": "10000"}, "positions": {"BTCUSDT": "0.01"}, "orders": [],
        "algos": [{
            "client_id": "stop", "symbol": "BTCUSDT", "side": "SELL", "kind": "STOP_MARKET", "trigger": "59000", "quantity": "0.01",
            "close_position": False,
        }],
        "trades": 1,
    }


async def test_a_price_by_hand(bank: Bank) -> None:
    await bank.panel("POST", "_price", {"symbol": "BTCUSDT", "bid": "61000", "ask": "61000.1"})
    assert bank.exchange.engine.tops["BTCUSDT"].bid == e8("61000")
    assert (await bank.panel("POST", "_price", {"symbol": "BTCUSDT", "bid": "much"}))[0] == 400


def test_a_stop_on_its_way_protects_nothing_and_a_trailing_one_from_when_it_follows() -> None:
    house = House()
    house.order("BUY", "0.01")
    house.algo("SELL", "TRAILING_STOP_MARKET", "", quantity="0.01", reduceOnly="true", callbackRate="1", activatePrice="61000")
    before = is_covered(house.account, "BTCUSDT")
    house.price("BTCUSDT", "61000", "61000.1")
    following = is_covered(house.account, "BTCUSDT")
    house.account.waiting()[0].status = "TRIGGERING"
    assert (before, following, is_covered(house.account, "BTCUSDT")) == (False, True, False)
