"""What the decisions are measured with: a flat symbol, one that holds a guarded and trailed position, whole lives of positions, an account."""
import random
from collections.abc import Iterator
from itertools import count as numbers
from itertools import islice
from typing import Any

from streams.core import account
from streams.core.account import AccountState
from streams.core.commands import Close, Plan, Propose, Step
from streams.core.events import BalanceSeen, EntryReported, Filled, Instrument, Intent, PlanReported, PositionUpdated, Seen, Tick
from streams.core.ids import client_order_id
from streams.core.settings import Policy, Settings, Trail
from streams.core.symbol import SymbolState, new, step
from streams.core.values import E8, PPM, Side, e8, share
from streams.core.words import Action, EntryState, OrderType

SYMBOL, ACCOUNT, NOON, PRICE = "BTCUSDT", "main", 1_766_577_600_000, e8("60000")
STOP = share(PRICE, 98, 100)
INSTRUMENT = Instrument(
    symbol=SYMBOL, status="TRADING", base="BTC", margin_asset="USDT", tick_size=e8("0.1"), quantity_step=e8("0.001"), quantity_min=e8("0.001"),
    quantity_max=e8("1000"), notional_min=e8("50"), price_min=e8("0.1"), price_max=e8("1000000"), price_up_ppm=1_050_000, price_down_ppm=950_000,
    leverage_max=125, maintenance_ppm=4_000, taker_fee_ppm=500,
)
POLICY = Policy(stop_ppm=20_000, target_r_ppm=3_000_000, break_even_r_ppm=PPM, trail=Trail(distance_ppm=8_000))
SETTINGS = Settings(policies={"default": POLICY})
ACCOUNT_SETTINGS = Settings()


def seen(body: Any, log_time: int, offset: int = 0) -> Seen[Any]:  # noqa: ANN401
    return Seen("topic", 0, offset, log_time, body)


def tick(price: int) -> Tick:
    return Tick(SYMBOL, price, price - e8("0.1"), price + e8("0.1"), price, mark_is_mid=False, high=price, low=price, first_time=0, last_time=0)


def prices(number: int, *, step_ppm: int, seed: int, drift: int = 0, every_ms: int = 100) -> list[Seen[Tick]]:
    """A walk that stays within half a per cent; with a `drift`, a rise by so much each tick instead."""
    draw, price, found, grid = random.Random(seed), PRICE, [], INSTRUMENT.tick_size  # noqa: S311  (the same walk in every run)
    for position in range(number):
        move = share(price, draw.randint(-step_ppm, step_ppm), PPM) // grid * grid
        price = price + drift if drift else min(max(price + move, share(PRICE, 995, 1_000)), share(PRICE, 1_005, 1_000))
        found.append(seen(tick(price), NOON + 1_000 + every_ms * position, position))
    return found


def flat() -> SymbolState:
    state, _ = step(new(SYMBOL), seen(INSTRUMENT, NOON), SETTINGS)
    return step(state, seen(tick(PRICE), NOON), SETTINGS)[0]


class Life:
    """One position after another of one symbol, and a gateway that does as it is told."""

    def __init__(self) -> None:
        self.state, self.log, self.time, self.number = flat(), list[Seen[Any]](), NOON, 0

    def happens(self, body: Any) -> tuple[Any, ...]:  # noqa: ANN401
        self.time += 10
        self.log.append(seen(body, self.time, len(self.log)))
        self.state, outputs = step(self.state, self.log[-1], SETTINGS)
        for output in outputs:
            if isinstance(output, Plan):
                placed = tuple(one.client_order_id for one in output.steps if one.step is not Step.CANCEL)
                gone = tuple(one.client_order_id for one in output.steps if one.step is Step.CANCEL)
                self.happens(PlanReported(ACCOUNT, SYMBOL, output.position_id, output.revision, placed, (), gone))
        return outputs

    def opens(self) -> None:
        self.number += 1
        name = f"i{self.number}"
        entry = client_order_id(ACCOUNT, SYMBOL, name, "entry")
        self.happens(Intent(name, SYMBOL, Action.BUY, ACCOUNT))
        for state in (EntryState.SENT, EntryState.WORKING):
            self.happens(EntryReported(ACCOUNT, SYMBOL, name, state, entry))
        self.fills(Side.BUY, entry)
        guard = client_order_id(ACCOUNT, SYMBOL, name, "guard")
        self.happens(EntryReported(ACCOUNT, SYMBOL, name, EntryState.PROTECTED, entry, guard_id=guard, guard_price=STOP))
        self.happens(EntryReported(ACCOUNT, SYMBOL, name, EntryState.DONE, entry, E8))

    def fills(self, side: Side, order: str) -> None:
        trade = f"t{len(self.log)}"
        self.happens(Filled(ACCOUNT, SYMBOL, side, E8, self.state.market.last, 0, "USDT", 0, trade, order, "", "", is_maker=False, venue_time=0))

    def passes(self, ticks: int, rise_ppm: int) -> None:
        """Ticks that rise by so much each."""
        for _ in range(ticks):
            price = self.state.market.last
            self.happens(tick(price + share(price, rise_ppm, PPM) // INSTRUMENT.tick_size * INSTRUMENT.tick_size))

    def closes(self) -> None:
        close = next(output for output in self.happens(Intent(f"c{self.number}", SYMBOL, Action.CLOSE, ACCOUNT)) if isinstance(output, Close))
        self.fills(Side.SELL, close.client_order_id)
        self.happens(tick(PRICE))


def held() -> SymbolState:
    """Long, guarded, with a target that rests, before the trail begins."""
    story = Life()
    story.opens()
    story.passes(2, 0)
    return story.state


def life(number: int) -> list[Seen[Any]]:
    """So many events, of lives of about fifty: 40 ticks of which some move the stop, and all that opens and closes."""
    story = Life()
    while len(story.log) < number:
        story.opens()
        story.passes(40, 900)
        story.closes()
    return story.log[:number]


def account_of(symbols: int) -> AccountState:
    state = account.new(ACCOUNT)
    for update in snapshots(symbols, symbols):
        state, _ = account.step(state, update, ACCOUNT_SETTINGS)
    return account.step(state, seen(BalanceSeen(ACCOUNT, "USDT", 100_000 * E8, 100_000 * E8, "RECONCILED"), NOON), ACCOUNT_SETTINGS)[0]


def entries(number: int) -> list[Seen[Propose] | Seen[PositionUpdated]]:
    """A proposal each five minutes, and the symbol's word that it has ended without a fill: each is sized, judged, reserved, freed, known a day."""
    found: list[Seen[Any]] = []
    for turn in range(0, number, 2):
        now = NOON + 150_000 * turn
        proposal = Propose(
            ACCOUNT, SYMBOL, f"i{turn}", turn + 1, Side.BUY, OrderType.MARKET, PRICE, STOP, 0, 0, 0, -1, now, now + 60_000, PRICE, now, 2,
            "USDT", INSTRUMENT.quantity_step, INSTRUMENT.quantity_min, INSTRUMENT.quantity_max, INSTRUMENT.notional_min, INSTRUMENT.leverage_max,
            INSTRUMENT.maintenance_ppm, INSTRUMENT.taker_fee_ppm, "default", "", "",
        )
        found += [seen(proposal, now), seen(PositionUpdated(ACCOUNT, SYMBOL, turn + 2, mark=PRICE, margin_asset="USDT"), now + 1_000)]
    return found


def snapshots(symbols: int, number: int) -> list[Seen[PositionUpdated]]:
    """What the beats of so many held symbols tell, one after another."""
    return list(islice(_snapshots(symbols), number))


def _snapshots(symbols: int) -> Iterator[Seen[PositionUpdated]]:
    for turn in numbers(1):
        for number in range(symbols):
            update = PositionUpdated(
                ACCOUNT, f"S{number}USDT", turn + 1_000, f"p{number}", E8, PRICE, PRICE + turn % 100 * E8, "USDT", guarded=True, opened_at=NOON,
                unrealised_pnl=turn % 100 * E8,
            )
            yield seen(update, NOON + 1_000 * turn)
