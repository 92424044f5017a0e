"""What must hold at the last look before an entry's request; and an account that the gateway cannot work for."""
import pytest

from streams.core.events import ModeSet, ModeWanted
from streams.core.ledger import OrderState
from streams.core.words import Mode
from streams.errors import Refused, WrongUse
from streams.paper import rest
from streams.paper.orders import VenueError
from streams.venue.addresses import Addresses
from streams.venue.binance import Keys
from streams.venue.gateway import Gateway
from tests.gateway.stage import SYMBOL, Stage, until


def asks(stage: Stage, mode: Mode, request_id: str = "r1") -> ModeWanted:
    return ModeWanted(stage.account, mode, "a test", "a person", request_id)


async def test_an_entry_that_is_late_expires(stage: Stage) -> None:
    record = await stage.entered(lives_ms=-1)
    assert (record.state, stage.requests(), await stage.statuses()) == (OrderState.EXPIRED, [], ["i1 EXPIRED 0"])


@pytest.mark.parametrize("mode", [Mode.REDUCING, Mode.HALTED])
async def test_a_mode_refuses_entries_and_no_exit(stage: Stage, mode: Mode) -> None:
    await stage.entered()
    stage.gateway.heard_mode(asks(stage, mode))
    record = await stage.entered("i2")
    await stage.close()
    await stage.closed()

    assert (record.state, record.reason, stage.position) == (OrderState.REFUSED, f"MODE_{mode}", "0")


async def test_anybody_tightens_and_only_risk_loosens(stage: Stage) -> None:
    gateway = stage.gateway
    gateway.heard_mode(asks(stage, Mode.HALTED))
    gateway.heard_mode(asks(stage, Mode.ACTIVE, "r2"))
    assert (await stage.entered("i1")).state is OrderState.REFUSED
    gateway.heard_mode(ModeSet(stage.account, Mode.ACTIVE, "resumed", "r2"))
    assert (await stage.entered("i2")).state is OrderState.DONE


async def test_a_mode_outlives_the_process(stage: Stage) -> None:
    stage.gateway.heard_mode(asks(stage, Mode.HALTED))
    await stage.end()
    await stage.begin()
    assert (await stage.entered()).reason == "MODE_HALTED"


async def test_one_entry_of_a_symbol_at_a_time(stage: Stage) -> None:
    await stage.enter(limit="59900")
    await until(lambda: stage.requests() == ["entry.0 ok"], "it rests at the venue")
    record = await stage.entered("i2")
    assert (record.state, record.reason, stage.requests()) == (OrderState.REFUSED, "ENTRY_IN_FLIGHT", ["entry.0 ok"])


async def test_no_entry_leaves_while_an_exit_order_of_an_earlier_position_lives(stage: Stage) -> None:
    """Such a stop would open a reverse position of its own, or close the new one."""
    await stage.entered()
    stage.fault("drop", method="DELETE", path="algoOrder", count=99)
    await stage.close()
    await until(lambda: stage.position == "0", "flat")
    stage.exchange.engine.place_algo("paper", {
        "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "algoType": "CONDITIONAL", "quantity": "0.01", "triggerPrice": "59000",
        "reduceOnly": "true", "clientAlgoId": stage.id_of("p", "stop"),
    }, stage.exchange.clock())
    await until(stage.desk.exit_lives, "the gateway sees it")
    record = await stage.entered("i2")

    assert (record.state, record.reason, stage.position) == (OrderState.REFUSED, "EXIT_LIVES", "0")


async def test_a_known_command_is_answered_with_its_end_and_nothing_is_sent(stage: Stage) -> None:
    await stage.entered()
    await stage.enter()
    await until(lambda: stage.acknowledged == ["i1", "i1"], "acknowledged")

    assert stage.requests() == ["entry.0 ok", "guard.0 ok"]
    assert (await stage.statuses())[-2:] == ["i1 DONE 0.01", "i1 PROTECTED guard.0 59000"]


async def test_an_account_that_the_venue_refuses_is_halted_and_risk_is_told(stage: Stage) -> None:
    stage.fault("reject", path="order", method="POST", client_id="qs-entry", code=-2015)
    await stage.entered()
    record = await stage.entered("i2")
    wanted = [one for one in await stage.log("account.event") if isinstance(one, ModeWanted)]

    assert (record.state, record.reason) == (OrderState.REFUSED, "MODE_HALTED")
    assert [(one.mode, one.by) for one in wanted] == [(Mode.HALTED, "gateway")]


async def test_an_account_in_hedge_mode_is_not_worked_for(topics: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rest.ROUTES, ("GET", "positionSide/dual"), lambda *_: {"dualSidePosition": True})
    async with Stage(topics, "hedged") as stage:
        with pytest.raises(WrongUse, match="hedge mode"):
            await stage.begin()


async def test_keys_that_the_venue_does_not_know_are_refused_at_once(topics: str) -> None:
    async with Stage(topics, "locked out") as stage:
        addresses = Addresses(stage.exchange.rest_url, stage.exchange.ws_url)
        with pytest.raises(Refused, match="-2015"):
            await Gateway("locked-out", "stage", topics, addresses, Keys("nobody", "knows"), (SYMBOL,)).__aenter__()


async def test_a_key_that_may_withdraw_is_refused(topics: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rest.ROUTES, ("GET", "sapi/account/apiRestrictions"), lambda *_: {"enableWithdrawals": True})
    async with Stage(topics, "loose") as stage:
        with pytest.raises(Refused, match="may withdraw"):
            await stage.begin()


async def test_where_an_order_type_is_not_taken_nothing_is_opened_and_the_gateway_watches_on(topics: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> object:
        raise VenueError(-4120, "Order type not supported for this endpoint.")

    monkeypatch.setitem(rest.ROUTES, ("POST", "order/test"), refuse)
    async with Stage(topics, "unfit") as stage:
        await stage.begin()
        record = await stage.entered()
        wanted = [one for one in await stage.log("account.event") if isinstance(one, ModeWanted)]
    assert (record.state, record.reason) == (OrderState.REFUSED, "MODE_HALTED")
    assert wanted[0].reason.startswith("self-check: the venue does not take MARKET orders")
