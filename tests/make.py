"""Builders: facts as they come to a symbol, with everything that a test does not speak of filled in. Prices and quantities are decimal strings."""
from typing import Any

import msgspec

from streams.core.events import EntryReported, ExitReported, Filled, Instrument, Intent, PlanReported, Seen, SymbolControlled, Tick
from streams.core.ids import client_order_id
from streams.core.settings import Patience, Policy, Rung, Settings, Tighten, Trail
from streams.core.values import PPM, Side, e8
from streams.core.words import Action, EntryState

SYMBOL, ACCOUNT, NOON = "BTCUSDT", "main", 1_766_577_600_000
INSTRUMENT = Instrument(
    symbol=SYMBOL, status="TRADING", base="BTC", margin_asset="USDT", tick_size=e8("0.01"), quantity_step=e8("0.001"), quantity_min=e8("0.001"),
    quantity_max=e8("1000"), notional_min=e8("5"), price_min=e8("0.01"), price_max=e8("1000000"), price_up_ppm=1_050_000, price_down_ppm=950_000,
    leverage_max=125, maintenance_ppm=4_000, taker_fee_ppm=500,
)
PLAIN = Policy(stop_ppm=20_000, target_r_ppm=0, trail=Trail(distance_ppm=0))
SETTINGS = Settings(policies={
    "default": PLAIN,
    "trail": msgspec.structs.replace(PLAIN, trail=Trail(distance_ppm=10_000)),
    "even": msgspec.structs.replace(PLAIN, break_even_r_ppm=1_000_000),
    "early": msgspec.structs.replace(PLAIN, break_even_r_ppm=20_000),
    "target": msgspec.structs.replace(PLAIN, target_r_ppm=1_500_000),
    "rungs": msgspec.structs.replace(PLAIN, targets=(Rung(500_000, 1_000_000), Rung(300_000, 2_000_000), Rung(200_000, 3_000_000))),
    "runner": msgspec.structs.replace(PLAIN, targets=(Rung(500_000, 1_000_000), Rung(250_000, distance_ppm=30_000))),
    "r": msgspec.structs.replace(PLAIN, trail=Trail(distance_r_ppm=500_000)),
    "atr": msgspec.structs.replace(PLAIN, trail=Trail(distance_atr_ppm=2_000_000, activation_r_ppm=0)),
    "tighten": msgspec.structs.replace(PLAIN, trail=Trail(distance_r_ppm=PPM), tighten=(Tighten(2_000_000, 500_000), Tighten(3_000_000, 250_000))),
    "patient": msgspec.structs.replace(PLAIN, patience=(Patience(60_000, 250_000), Patience(120_000, PPM))),
    "mark": msgspec.structs.replace(PLAIN, trail=Trail(distance_ppm=10_000), trigger="MARK_PRICE", price_protect=True),
    "timed": msgspec.structs.replace(PLAIN, time_max_ms=60_000),
})


def seen(body: Any, log_time: int = NOON, offset: int = 0) -> Seen[Any]:  # noqa: ANN401
    return Seen("topic", 0, offset, log_time, body)


def tick(last: str, *, mark: str = "", spread: str = "0.02", high: str = "", low: str = "") -> Tick:
    price, half = e8(last), e8(spread) // 2
    return Tick(
        SYMBOL, price, price - half, price + half, e8(mark or last), mark_is_mid=False, high=e8(high or last), low=e8(low or last), first_time=0,
        last_time=0,
    )


def intent(intent_id: str, action: str, **more: Any) -> Intent:  # noqa: ANN401
    return msgspec.structs.replace(Intent(intent_id, SYMBOL, Action(action.upper()), ACCOUNT), **more)


def entry(intent_id: str, state: str, *, filled: str = "0", guard: str = "", guard_price: str = "0", account: str = ACCOUNT) -> EntryReported:
    """PROTECTED names the guard that `guard_id` makes, unless told another."""
    protected = state == "PROTECTED"
    return EntryReported(
        account, SYMBOL, intent_id, EntryState(state), entry_id(intent_id, account), e8(filled),
        (guard or guard_id(intent_id, account)) if protected else "", e8(guard_price) if protected else 0,
    )


def entry_id(intent_id: str, account: str = ACCOUNT) -> str:
    return client_order_id(account, SYMBOL, intent_id, "entry")


def guard_id(intent_id: str, account: str = ACCOUNT, revision: int = 0) -> str:
    return client_order_id(account, SYMBOL, intent_id, "guard", revision)


def flat_id(intent_id: str, account: str = ACCOUNT) -> str:
    return client_order_id(account, SYMBOL, intent_id, "flat")


def fill(
    side: str, quantity: str, price: str, client_id: str, trade_id: str, *, fee: str = "0", fee_asset: str = "USDT", account: str = ACCOUNT,
) -> Filled:
    return Filled(
        account=account, symbol=SYMBOL, side=Side(side.upper()), quantity=e8(quantity), price=e8(price), fee=e8(fee), fee_asset=fee_asset,
        realised_pnl=0, trade_id=trade_id, client_order_id=client_id, venue_order_id="", position_id="", is_maker=False, venue_time=0,
    )


def answer(position_id: str, revision: int, **more: Any) -> PlanReported:  # noqa: ANN401
    return msgspec.structs.replace(PlanReported(ACCOUNT, SYMBOL, position_id, revision), **more)


def exit_report(position_id: str, client_id: str, state: str, price: str = "0") -> ExitReported:
    return ExitReported(ACCOUNT, SYMBOL, position_id, client_id, state, e8(price))


def control(word: str, reason: str = "") -> SymbolControlled:
    return SymbolControlled(SYMBOL, word, reason, "ann")
