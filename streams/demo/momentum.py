"""The demo's signal source: a plain momentum rule. It goes with the last minute's move and knows nothing else; it is here to make work, not money.

One intent each 1.75 s on average, over the symbols that tick. How each is to be left differs: tight and quick, with a trailing stop, by the
clock, or as the policy's defaults say; now and then it asks for a close instead.
"""
import random
from collections import defaultdict, deque
from collections.abc import Mapping
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
CLOSE_ONE_IN = 12
# Fractions of the price, seconds. Weighted so that each way to leave a position is taken within a few minutes of an ordinary market.
LEAVES: tuple[tuple[int, Mapping[str, Any]], ...] = (
    (4, {"stop_loss_pct": 0.002, "take_profit_pct": 0.0008, "harvest_policy": {"mode": "scalper", "max_time_sec": 120}}),
    (3, {"stop_loss_pct": 0.002, "take_profit_pct": 0.006, "harvest_policy": {"mode": "scalper", "trail_pct": 0.0005}}),
    (2, {"stop_loss_pct": 0.004, "take_profit_pct": 0.008, "harvest_policy": {"mode": "swing", "max_time_sec": 25}}),
    (1, {"atr_value": 0.002, "harvest_policy": {"mode": "trend_runner"}}),
    (1, {}),
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
            "timestamp": datetime.fromtimestamp(log_time / 1000, UTC).isoformat(), **self._wish(move_ppm(self._history[symbol])),
        }

    def _wish(self, move: int) -> dict[str, Any]:
        if self._dice.randrange(CLOSE_ONE_IN) == 0:
            return {"action": "CLOSE", "reason": "the demo lets go"}
        [(_, leave)] = self._dice.choices(LEAVES, [weight for weight, _ in LEAVES])
        return {
            "action": "BUY" if move > 0 or (move == 0 and self._dice.randrange(2)) else "SELL",
            "confidence": min(0.5 + abs(move) / 10_000, 1.0), "position_size_usd": self._dice.randint(*SIZES_USD),
            "reason": f"moved {move} ppm in a minute", **leave,
        }


def move_ppm(moments: deque[Moment]) -> int:
    """From the oldest price to the newest."""
    return share(moments[-1].last - moments[0].last, PPM, moments[0].last)


def _may_be_chosen(moments: deque[Moment], log_time: int) -> bool:
    return moments[-1].log_time > log_time - SILENT_MS and moments[-1].log_time - moments[0].log_time >= WARM_UP_MS
