"""What holds of an account whatever comes, in whatever order: late, repeated, out of turn. The stories are in tests/scenarios/risk*.txt.

The numbers go on from `test_symbol_properties`.

15  a reservation lives exactly until its symbol ends it, and at flat there is none
16  a halted account adds nothing
17  no order is above any limit, its liquidation lies beyond its stop, and its quantity is on the venue's grid
18  the same events give the same bytes
19  an event that comes again changes nothing
20  what is not due a beat leaves alone
"""
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core import account, known
from streams.core.account import AccountState, new, step
from streams.core.commands import Enter, Propose
from streams.core.drawdown import DAY_MS
from streams.core.events import BalanceSeen, Beat, FlattenWanted, GatewaySeen, LagSeen, ModeSet, ModeWanted, PositionUpdated, Seen
from streams.core.ids import client_order_id
from streams.core.settings import Group, Limits, Settings
from streams.core.sizing import liquidation
from streams.core.values import E8, PPM, Side, e8, notional, share
from streams.core.words import Mode, OrderType, TimeInForce
from tests.core.proposals import BTC, ETHC, proposal

START = 20_000 * DAY_MS
SYMBOLS = {"BTCUSDT": BTC, "SOLUSDT": msgspec.structs.replace(BTC, symbol="SOLUSDT"), "ETHUSDC": ETHC}
SETTINGS = Settings(
    limits=Limits(risk_ppm=20_000, positions_max=2, exposure_long_max_ppm=600_000, exposure_short_max_ppm=700_000, orders_per_minute=2),
    groups={"small": Group(("SOLUSDT", "XRPUSDT"), 300_000)},
)
Events = list[tuple[int, Any]]
Told = list[tuple[AccountState, Any, tuple[Any, ...], AccountState]]


@st.composite
def proposals(draw: st.DrawFn) -> Propose:
    base, side = SYMBOLS[draw(st.sampled_from(sorted(SYMBOLS)))], draw(st.sampled_from(Side))
    away = share(base.mark, draw(st.integers(-5_000, 100_000)), PPM)
    return msgspec.structs.replace(
        base, intent_id=f"i{draw(st.integers(0, 5))}-{base.symbol}", seq=draw(st.integers(0, 20)), side=side, stop_price=base.mark - side.sign * away,
        size_wish=draw(st.integers(0, 30_000)) * E8, leverage_wish=draw(st.integers(0, 9)), mark_time=START + draw(st.integers(0, 10_000)),
        expires_at=START + draw(st.integers(0, 60_000)),
    )


@st.composite
def good_proposals(draw: st.DrawFn) -> Propose:
    """With nothing against them but the limits."""
    base, side = SYMBOLS[draw(st.sampled_from(sorted(SYMBOLS)))], draw(st.sampled_from(Side))
    away = share(base.mark, draw(st.integers(500, 30_000)), PPM)
    return msgspec.structs.replace(
        base, intent_id=f"g{draw(st.integers(0, 10**6))}", side=side, stop_price=base.mark - side.sign * away, mark_time=START + 90_000,
        expires_at=START + 90_000,
    )


@st.composite
def small_proposals(draw: st.DrawFn) -> Propose:
    """Of one symbol, of few intents and states, and good but for what its symbol did meanwhile."""
    return msgspec.structs.replace(
        BTC, intent_id=f"i{draw(st.integers(0, 2))}-BTCUSDT", seq=draw(st.integers(0, 5)), size_wish=600 * E8, mark_time=START + 80_000,
        expires_at=START + 90_000,
    )


small_updates = st.builds(
    PositionUpdated, st.just("main"), st.just("BTCUSDT"), st.integers(0, 6),
    entry_intent_id=st.sampled_from(["", "i0-BTCUSDT", "i1-BTCUSDT", "i2-BTCUSDT"]),
)


@st.composite
def updates(draw: st.DrawFn) -> PositionUpdated:
    base = SYMBOLS[draw(st.sampled_from(sorted(SYMBOLS)))]
    quantity, left = (draw(st.integers(-300, 300)) * base.quantity_step for _ in range(2))
    entry = draw(st.sampled_from(["", *(f"i{number}-{base.symbol}" for number in range(6))]))
    return PositionUpdated(
        "main", base.symbol, draw(st.integers(0, 20)), quantity=quantity, mark=base.mark, margin_asset=base.margin_asset, entry_intent_id=entry,
        entry_remaining=left if entry else 0, unrealised_pnl=draw(st.integers(-2_000, 2_000)) * E8,
    )


balances = st.builds(
    BalanceSeen, st.just("main"), st.sampled_from(["USDT", "USDC", "BNB"]), st.integers(0, 20_000).map(lambda amount: amount * E8), st.just(0),
    st.sampled_from(["RECONCILED", "ORDER", "DEPOSIT", "WITHDRAW"]), st.integers(-500, 500).map(lambda amount: amount * E8), st.integers(0, 20),
)
requests = st.integers(0, 9).map(str)
others = st.one_of(
    st.builds(FlattenWanted, st.just("main"), st.sampled_from(["", *SYMBOLS]), st.just("why"), st.just("ann"), requests),
    st.builds(LagSeen, st.just("main"), st.sampled_from(["positions", "risk"]), st.sampled_from(["OK", "STOP"]), st.just(1), st.just(1)),
    st.builds(GatewaySeen, st.just("main"), st.sampled_from("ab"), *[st.just(0)] * 5),
    st.just(ModeSet("main", Mode.HALTED, "an old word of our own")),
)
wishes = st.builds(ModeWanted, st.just("main"), st.sampled_from(Mode), st.just("why"), st.just("ann"), requests)
beats = st.just(Beat("risk-1"))


def timed(*kinds: st.SearchStrategy[Any]) -> st.SearchStrategy[Events]:
    """Events with the milliseconds that pass before each; a log's clock may seem to run backwards, within a record or two."""
    return st.lists(st.tuples(st.integers(-50, 3_000), st.one_of(*kinds)), max_size=30)


def seen(body: Any, log_time: int, offset: int = 0) -> Seen[Any]:  # noqa: ANN401
    return Seen("topic", 0, offset, log_time, body)


def played(events: Events, state: AccountState | None = None) -> Told:
    """Each event with the state before it, what followed, and the state after."""
    state, now, told = state or new("main"), START, []
    for passed, body in events:
        now += passed
        after, outputs = step(state, seen(body, now), SETTINGS)
        told.append((state, body, outputs, after))
        state = after
    return told


def funded() -> AccountState:
    state = new("main")
    for asset in ("USDT", "USDC"):
        state, _ = step(state, seen(BalanceSeen("main", asset, e8("10000"), 0, "RECONCILED"), START), SETTINGS)
    return state


@given(timed(proposals(), updates(), balances, others) | timed(small_proposals(), small_updates))
def test_15_a_reservation_lives_exactly_until_its_symbol_ends_it(events: Events) -> None:
    told = played(events, funded())
    for _, _, _, state in told:
        for intent_id, kept in state.reservations.items():
            last = state.snapshots.get(kept.symbol)
            assert last is None or last.seq <= kept.seq or last.entry_intent_id == intent_id
    state = told[-1][3] if told else funded()
    assert list(state.reservations) == [
        body.intent_id for place, (_, body, _, _) in enumerate(told)
        if isinstance(body, Propose) and still_in_flight(place, told)
    ]
    held = {name: last.seq for name, last in state.snapshots.items()}
    for symbol in SYMBOLS:
        state, _ = step(state, seen(PositionUpdated("main", symbol, max(held.get(symbol, 0), 20) + 1), START), SETTINGS)
    assert (state.reservations, state.waiting) == ({}, ())


def still_in_flight(place: int, told: Told) -> bool:
    """By the rule alone: ordered there, and since then no snapshot that counted was later than the proposal and did not name it."""
    before, asked, outputs, _ = told[place]
    if not any(isinstance(output, Enter) for output in outputs):
        return False
    last = before.snapshots.get(asked.symbol)
    highest = last.seq if last else -1
    for _, body, _, _ in told[place:]:
        if isinstance(body, PositionUpdated) and body.symbol == asked.symbol and body.seq > highest:
            highest = body.seq
            if body.seq > asked.seq and body.entry_intent_id != asked.intent_id:
                return False
    return True


@given(timed(proposals(), updates(), balances, others, beats), timed(proposals(), updates(), balances, others, beats))
def test_16_a_halted_account_adds_nothing(before: Events, after: Events) -> None:
    told = played(before, funded())
    state = told[-1][3] if told else funded()
    state, _ = step(state, seen(ModeWanted("main", Mode.HALTED, "night", "ann", "halt"), START), SETTINGS)
    for _, _, outputs, later in played(after, state):
        assert not [output for output in outputs if isinstance(output, Enter)]
        assert later.modes.ruling.mode is Mode.HALTED


@given(timed(proposals(), updates(), balances, others, wishes, beats) | timed(good_proposals()))
def test_17_no_order_is_above_any_limit(events: Events) -> None:
    """Reckoned anew from the order and the state after it, in the order's margin asset."""
    for before, body, outputs, after in played(events, funded()):
        enters = [output for output in outputs if isinstance(output, Enter)]
        asked = {waiting.proposal.intent_id: waiting.proposal for waiting in before.waiting}
        if isinstance(body, Propose):
            asked[body.intent_id] = body
        for enter in enters:
            assert_alone(enter, asked[enter.intent_id], after)
        if len(enters) == 1:                                   # of several the later ones are in `after` too
            assert_among(asked[enters[0].intent_id], before, after)


def assert_alone(enter: Enter, asked: Propose, after: AccountState) -> None:
    limits, amount = SETTINGS.limits, notional(enter.quantity, asked.mark)
    equity, _ = holdings(after, asked.margin_asset)
    assert asked.notional_min <= amount <= min(limits.notional_max, asked.size_wish or limits.notional_max)
    assert enter.quantity % asked.quantity_step == 0 and asked.quantity_min <= enter.quantity <= asked.quantity_max
    assert notional(enter.quantity, abs(asked.mark - enter.stop_price)) <= share(equity, limits.risk_ppm, PPM)
    assert 1 <= enter.leverage <= min(limits.leverage_max, asked.leverage_max, asked.leverage_wish or limits.leverage_max)
    liquidated_at = liquidation(enter.side, asked.mark, enter.leverage, asked.maintenance_ppm)
    assert enter.side.sign * (enter.stop_price - liquidated_at) >= share(asked.mark, limits.liquidation_gap_ppm, PPM)


def assert_among(asked: Propose, before: AccountState, after: AccountState) -> None:
    limits = SETTINGS.limits
    equity, amounts = holdings(after, asked.margin_asset)
    assert sum(abs(amount) for name, amount in amounts if name == asked.symbol) <= limits.symbol_notional_max
    assert sum(abs(amount) for _, amount in amounts) <= share(equity, limits.exposure_gross_max_ppm, PPM)
    assert asked.side.sign * sum(amount for _, amount in amounts) <= share(equity, limits.exposure_net_max_ppm, PPM)
    most = limits.exposure_long_max_ppm if asked.side is Side.BUY else limits.exposure_short_max_ppm
    assert sum(abs(amount) for _, amount in amounts if amount * asked.side.sign > 0) <= share(equity, most, PPM)
    for group in SETTINGS.groups.values():
        if asked.symbol in group.symbols:
            assert sum(abs(amount) for name, amount in amounts if name in group.symbols) <= share(equity, group.exposure_max_ppm, PPM)
    margin = sum(share(abs(amount), 1, after.leverages.get(name) or limits.leverage_max) for name, amount in amounts)
    assert margin <= share(equity, limits.margin_use_max_ppm, PPM)
    assert len(busy(after)) <= limits.positions_max or asked.symbol in busy(before)
    assert len(after.pace.orders) <= limits.orders_per_minute


def busy(state: AccountState) -> set[str]:
    return {name for name, held in state.snapshots.items() if held.quantity} | {kept.symbol for kept in state.reservations.values()}


def holdings(state: AccountState, asset: str) -> tuple[int, list[tuple[str, int]]]:
    """Equity of an asset, and each signed notional in it."""
    held = [(name, one) for name, one in state.snapshots.items() if one.quantity and one.margin_asset == asset]
    equity = state.wallets[asset] + sum(one.unrealised_pnl for _, one in held)
    promised = [(kept.symbol, notional(kept.quantity, kept.price)) for kept in state.reservations.values() if kept.margin_asset == asset]
    return equity, [(name, notional(one.quantity, one.mark)) for name, one in held] + promised


@given(timed(proposals(), updates(), balances, others, wishes, beats))
def test_18_the_same_events_make_the_same_bytes(events: Events) -> None:
    """Also when the state is stored and read again between any two."""
    state = stored = new("main")
    now = START
    for passed, body in events:
        now += passed
        state, outputs = step(state, seen(body, now), SETTINGS)
        stored, again = step(msgspec.msgpack.decode(msgspec.msgpack.encode(stored), type=AccountState), seen(body, now), SETTINGS)
        assert msgspec.msgpack.encode(outputs) == msgspec.msgpack.encode(again)
    assert msgspec.msgpack.encode(state) == msgspec.msgpack.encode(stored)


@given(timed(proposals(), updates(), balances, others, wishes, beats))
def test_19_a_repeated_event_changes_nothing(events: Events) -> None:
    """Whatever the fact is (a beat is none: each says another time), and wherever in the log it comes again."""
    state, now = new("main"), START
    for offset, (passed, body) in enumerate(events):
        now += passed
        state, _ = step(state, seen(body, now, offset), SETTINGS)
        if not isinstance(body, Beat):
            after, outputs = step(state, seen(body, now, 1_000 + offset), SETTINGS)
            assert outputs == ()
            assert msgspec.structs.replace(after, seq=state.seq) == state


@given(timed(proposals(), updates(), balances, others, wishes, beats))
def test_20_a_beat_that_is_not_due_would_change_nothing(events: Events) -> None:
    for _, _, _, state in played(events):
        now = state.time + 1_000
        if not account.due(state, now, SETTINGS):
            after, outputs = step(state, seen(Beat("risk-1"), now), SETTINGS)
            assert outputs == ()
            assert msgspec.structs.replace(after, seq=state.seq, time=state.time, known=state.known) == state


def test_an_order_holds_all_that_its_saga_needs() -> None:
    asked = proposal(order_type=OrderType.LIMIT, entry_price="59000", stop_price="58000", timestamp=START, mark_time=START, expires_at=START + 1_500)
    asked = msgspec.structs.replace(asked, time_in_force=TimeInForce.GTX, lives_ms=9_000, trigger="MARK_PRICE", price_protect=True)
    _, outputs = step(funded(), seen(asked, START + 1_000), Settings())
    entry, guard, flat = (client_order_id("main", "BTCUSDT", "i1", leg) for leg in ("entry", "guard", "flat"))
    expected = Enter(
        "main", "BTCUSDT", "i1", entry, guard, flat, Side.BUY, e8("0.05"), OrderType.LIMIT, e8("59000"), e8("58000"), 1, START, START + 1_500,
        START + 1_000, e8("60000"), TimeInForce.GTX, 9_000, "MARK_PRICE", price_protect=True,
    )
    assert outputs == (expected,)
    market = msgspec.structs.replace(asked, order_type=OrderType.MARKET, expires_at=START + 60_000)
    _, outputs = step(funded(), seen(market, START + 1_000), Settings())
    assert outputs == (msgspec.structs.replace(expected, quantity=e8("0.025"), order_type=OrderType.MARKET, limit_price=0, expires_at=START + 3_000),)


def test_what_was_ordered_is_known_a_day_and_what_was_denied_until_it_must_be_denied() -> None:
    asked = proposal(timestamp=START, mark_time=START, expires_at=START + 60_000)
    state, _ = step(funded(), seen(asked, START), Settings())
    state, _ = step(state, seen(msgspec.structs.replace(asked, intent_id="i2", size_wish=1), START), Settings())
    assert (state.known, state.ordered) == ({"i2": START + 120_000}, known.remembered(b"", "i1", START))
    later, _ = step(state, seen(Beat(""), START + 120_000), Settings())
    assert (later.known, later.ordered) == ({}, state.ordered)
    late = msgspec.structs.replace(asked, intent_id="i3", mark_time=START + DAY_MS + 1_000, expires_at=START + 2 * DAY_MS)
    assert step(later, seen(late, START + DAY_MS + 1_000), Settings())[0].ordered == known.remembered(b"", "i3", START + DAY_MS + 1_000)


def test_the_newest_wallet_counts_by_the_venues_time_where_it_is_told() -> None:
    state, wallets = new("main"), []
    for wallet, venue_time in ((1, 100), (2, 99), (3, 0), (4, 99), (5, 100), (6, 101)):
        state, _ = step(state, seen(BalanceSeen("main", "USDT", wallet, 0, "ORDER", 0, venue_time), START), SETTINGS)
        wallets.append(state.wallets["USDT"])
    assert wallets == [1, 1, 3, 3, 5, 6]


def test_a_stranger_among_the_events_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="no branch"):
        step(new("main"), seen(BTC.symbol, START), Settings())
