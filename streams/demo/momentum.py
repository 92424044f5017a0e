"""The demo's signal source: a plain momentum rule. It goes with the last minute's move and knows nothing else; it is here to make work, not money.

One intent each 1.75 s on average, over the symbols that tick. How each is to be left differs: tight and quick, with a trailing stop, by the clock,
or as the policy's defaults say; where it would ask for the same side again, it closes one time in three. Distances are parts of what the symbol
swings in a minute, so that a calm recording and a wild simulation both come to their stops and targets.
"""
import math
import random
from collections import defaultdict, deque
from datetime import UTC, datetime
from typing import Any

import msgspec

from streams.core.events import Tick
from streams.core.values import PPM, share

GAP_MS = (1_400, 2_100)               # between two intents: about 34 a minute
LOOK_BACK_MS = 60_000
WARM_UP_MS = 3_000                    # of ticks before a symbol may be chosen
SILENT_MS = 5_000                     # without a tick, a symbol is left alone
SIZES_USD = (300, 1_500)
LET_GO_ONE_IN = 3                     # of the times when it would ask for the same side again
LEAST, MOST = 0.0003, 0.05            # of the price: no distance is smaller or greater


class Leave(msgspec.Struct, frozen=True):
    """A way to leave a position, chosen `weight` times in eleven. Distances in swings of a minute; 0 is not asked for."""

    weight: int
    mode: str = ""
    stop: float = 0
    target: float = 0
    trail: float = 0
    atr: float = 0
    seconds: int = 0

    def wish(self, swing: float) -> dict[str, Any]:
        """As fields of an intent; `swing` as a fraction of the price."""
        asked = {"stop_loss_pct": self.stop, "take_profit_pct": self.target, "atr_value": self.atr}
        policy = {"mode": self.mode, "trail_pct": _distance(self.trail, swing), "max_time_sec": self.seconds}
        wish: dict[str, Any] = {name: _distance(part, swing) for name, part in asked.items() if part}
        return {**wish, **({"harvest_policy": {name: value for name, value in policy.items() if value}} if self.mode else {})}


LEAVES = (
    Leave(4, "scalper", stop=0.4, target=0.25, seconds=120),
    Leave(3, "scalper", stop=0.4, target=1.5, trail=0.12),
    Leave(2, "swing", stop=0.9, target=1.5, seconds=25),
    Leave(1, "trend_runner", atr=0.3),
    Leave(1),
)


class Moment(msgspec.Struct, frozen=True):
    log_time: int
    last: int


class Momentum:
    """No clock and no I/O: ticks in, wishes out. The seed decides what the ticks leave open."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._dice = random.Random(seed)  # noqa: S311  (a demo's dice)
        self._history: dict[str, deque[Moment]] = defaultdict(deque)
        self._asked: dict[str, str] = {}                  # symbol -> side, until it lets go
        self._next_at = 0
        self._count = 0

    def take(self, tick: Tick, log_time: int) -> dict[str, Any] | None:
        """An intent in the JSON form of `trade.intent`, whenever one is due."""
        history = self._history[tick.symbol]
        history.append(Moment(log_time, tick.last))
        while history[0].log_time < log_time - LOOK_BACK_MS:
            history.popleft()
        if log_time < self._next_at:
            return None
        candidates = sorted(symbol for symbol, moments in self._history.items() if _may_be_chosen(moments, log_time))
        if not candidates:
            return None
        self._next_at = log_time + self._dice.randint(*GAP_MS)
        self._count += 1
        symbol = self._dice.choice(candidates)
        return {
            "intent_id": f"momentum-{self._seed}-{self._count}", "symbol": symbol, "source": "momentum",
            "timestamp": datetime.fromtimestamp(log_time / 1000, UTC).isoformat(), **self._wish(symbol, self._history[symbol]),
        }

    def _wish(self, symbol: str, moments: deque[Moment]) -> dict[str, Any]:
        move = move_ppm(moments)
        side = "BUY" if move > 0 or (move == 0 and self._dice.randrange(2)) else "SELL"
        if self._asked.get(symbol) == side and self._dice.randrange(LET_GO_ONE_IN) == 0:
            del self._asked[symbol]
            return {"action": "CLOSE", "reason": "the move has been taken"}
        self._asked[symbol] = side
        [leave] = self._dice.choices(LEAVES, [leave.weight for leave in LEAVES])
        return {
            "action": side, "confidence": min(0.5 + abs(move) / 10_000, 1.0), "position_size_usd": self._dice.randint(*SIZES_USD),
            "reason": f"moved {move} ppm in a minute", **leave.wish(swing_of(moments)),
        }


def move_ppm(moments: deque[Moment]) -> int:
    """From the oldest price to the newest."""
    return share(moments[-1].last - moments[0].last, PPM, moments[0].last)


def swing_of(moments: deque[Moment]) -> float:
    """From the lowest price to the highest, as a fraction; of less than a minute, what a random walk would make of it in one."""
    prices = [moment.last for moment in moments]
    elapsed = moments[-1].log_time - moments[0].log_time
    return (max(prices) - min(prices)) / prices[-1] * math.sqrt(LOOK_BACK_MS / elapsed)


def _distance(part: float, swing: float) -> float:
    return round(min(max(part * swing, LEAST), MOST), 5) if part else 0


def _may_be_chosen(moments: deque[Moment], log_time: int) -> bool:
    return moments[-1].log_time > log_time - SILENT_MS and moments[-1].log_time - moments[0].log_time >= WARM_UP_MS
