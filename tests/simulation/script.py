"""What one seed does to a world: prices, intents, faults and deaths, drawn before it begins."""
from random import Random
from typing import Any

import msgspec

from streams.core.events import Intent
from streams.core.settings import Limits, Policy, Rung, Settings, Trail
from streams.core.values import PPM, e8
from streams.core.words import Action, OrderType
from streams.paper.faults import Kind
from streams.paper.instruments import ALL

SYMBOLS = ("BTCUSDT", "SOLUSDT")
ACTS_S = 12.0                         # something happens so long; then it is left alone
WORKERS = ("gateway", "gateway", "positions", "risk")
DOORS, STEPS = 260, 2_000             # a life of the gateway passes about so many in that time
EVENTS = (Kind.MUTE, Kind.DUPLICATE, Kind.REORDER)
AT_ONCE = (Kind.WS_DROP, Kind.EXPIRE_KEY)
ANSWERS = (
    Kind.EXECUTE_THEN_DROP, Kind.DROP, Kind.ERROR_503_EXECUTED, Kind.ERROR_503_NOT_EXECUTED, Kind.TIMEOUT_1007, Kind.HANG, Kind.HTTP_429, Kind.DELAY,
    Kind.EMPTY_202,
)
LEGS = ("qs-entry", "qs-guard", "qs-stop", "qs-rung", "qs-target", "qs-exit", "qs-flat", "")
POLICIES = {
    "default": Policy(trail=Trail(distance_ppm=3_000, activation_r_ppm=200_000), stop_ppm=6_000),
    "ladder": Policy(stop_ppm=8_000, targets=(Rung(400_000, 500_000), Rung(300_000, 900_000)), break_even_r_ppm=400_000),
    "target": Policy(stop_ppm=5_000, target_r_ppm=800_000, trail=Trail(distance_ppm=0)),
    "timed": Policy(stop_ppm=10_000, time_max_ms=3_000),
}


class Act(msgspec.Struct, frozen=True):
    """At `at` seconds: a price, an intent, a fault or a death."""

    at: float
    what: Any


class Price(msgspec.Struct, frozen=True):
    symbol: str
    change_ppm: int


class Publish(msgspec.Struct, frozen=True):
    intent: Intent
    partition: int | None


class Break(msgspec.Struct, frozen=True):
    fault: dict[str, Any]


class Kill(msgspec.Struct, frozen=True):
    worker: str
    restart_s: float


class Meddle(msgspec.Struct, frozen=True):
    """Somebody cancels a stop of ours at the venue."""

    leg: str


class Script(msgspec.Struct, frozen=True):
    settings: Settings
    acts: tuple[Act, ...]
    last_doors: tuple[int, ...]
    last_steps: dict[str, int]        # of a worker's first life
    pause_s: tuple[float, float]
    sends_s: tuple[float, float]      # how long a record of positions or risk is on its way
    skews_ms: tuple[int, int]
    restart_s: float

    @property
    def intents(self) -> dict[str, Intent]:
        return {act.what.intent.intent_id: act.what.intent for act in self.acts if isinstance(act.what, Publish)}

    def told(self) -> list[str]:
        """For the person who looks at a seed that failed."""
        acts = [f"{act.at:9.4f} {act.what}" for act in self.acts if not isinstance(act.what, Price)]
        return [f"doors {self.last_doors}, steps {self.last_steps}, restart {self.restart_s:.2f} s, opposite {self.settings.opposite}", *acts]


def drawn(seed: int) -> Script:
    dice = Random(f"script {seed}")   # noqa: S311  (a simulation)
    intents = _intents(dice)
    acts = [*_prices(dice), *intents, *_faults(dice), *_deaths(dice, [act.at for act in intents])]
    last_doors = tuple(dice.randrange(DOORS) for _ in range(dice.choice((0, 0, 1, 1, 2))))
    last_steps = {name: dice.randrange(1, STEPS) for name in dict.fromkeys(WORKERS) if dice.random() < 0.2}
    settings = Settings(
        symbols=SYMBOLS, opposite=dice.choice(("close", "flip", "ignore")), additions_max=dice.choice((0, 1)), policies=POLICIES,
        limits=Limits(daily_loss_reducing_ppm=500_000, daily_loss_halt_ppm=900_000),
    )
    slow, sends = dice.choice((0.004, 0.02, 0.1)), dice.choice((0.004, 0.05, 0.3))
    skews = dice.randint(-500, 500), dice.randint(-500, 500)
    acts.sort(key=lambda act: act.at)
    return Script(settings, tuple(acts), last_doors, last_steps, (0.001, slow), (0.001, sends), skews, dice.uniform(0.2, 3.0))


def _prices(dice: Random) -> list[Act]:
    found = []
    for symbol in SYMBOLS:
        at, size = 0.0, dice.choice((400, 1_500, 4_000))
        while at < ACTS_S:
            at += dice.uniform(0.2, 0.8)
            found.append(Act(at, Price(symbol, dice.randint(-size, size))))
    return found


def _intents(dice: Random) -> list[Act]:
    """Some come twice, some to another partition than their key's."""
    found = []
    for number in range(dice.randint(4, 9)):
        intent, at = _intent(dice, f"i{number}"), dice.uniform(1.0, ACTS_S)
        for again in range(dice.choice((1, 1, 2))):
            strewn = dice.randrange(12) if dice.random() < 0.2 else None
            found.append(Act(at + again * dice.uniform(0.0, 2.0), Publish(intent, strewn)))
    return found


def _intent(dice: Random, name: str) -> Intent:
    symbol = dice.choice(SYMBOLS)
    action = dice.choice((Action.BUY, Action.BUY, Action.SELL, Action.SELL, Action.CLOSE, Action.CANCEL))
    wish: dict[str, Any] = {}
    if action in (Action.BUY, Action.SELL):
        wish = {"size": e8(str(dice.choice((300, 900)))), "policy": dice.choice(tuple(POLICIES))}
        if dice.random() < 0.25:
            wish |= {"order_type": OrderType.LIMIT, "entry_price": ALL[symbol].price // 1_000 * dice.randint(995, 1_005)}
            wish["entry_price"] -= wish["entry_price"] % ALL[symbol].tick
    elif action is Action.CLOSE and dice.random() < 0.4:
        wish = {"partial_ppm": dice.choice((250_000, PPM // 2))}
    return Intent(name, symbol, action, **wish)


def _faults(dice: Random) -> list[Act]:
    found = []
    for _ in range(dice.choice((0, 1, 2, 4, 6))):
        kind = dice.choice((*EVENTS, *AT_ONCE, *ANSWERS, *ANSWERS))
        fault: dict[str, Any] = {"kind": kind}
        if kind in ANSWERS:
            fault |= {"seconds": dice.choice((0.5, 1.2, 2.5)), "count": dice.choice((1, 1, 2))}
            leg, path = dice.choice(LEGS), dice.choice(("userTrades", "openOrders", ""))
            fault |= {"client_id": leg, "method": dice.choice(("POST", "POST", ""))} if leg else {"path": path}
        elif kind in EVENTS:
            fault["count"] = dice.choice((1, 2, 4))
        found.append(Act(dice.uniform(0.5, ACTS_S), Break(fault)))
    if dice.random() < 0.2:
        found.append(Act(dice.uniform(3.0, ACTS_S), Meddle(dice.choice(("guard", "stop")))))
    return found


def _deaths(dice: Random, busy: list[float]) -> list[Act]:
    """Most of them where something is on its way."""
    found = []
    for _ in range(dice.choice((0, 0, 1, 2, 3))):
        at = dice.choice(busy) + dice.uniform(0.0, 0.6) if dice.random() < 0.7 else dice.uniform(0.5, ACTS_S)
        found.append(Act(at, Kill(dice.choice(WORKERS), dice.uniform(0.2, 3.0))))
    return found
