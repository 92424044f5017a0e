"""What a program has used of its rates, as the headers of each answer tell it, and what happens when it asks for more.

Request weight is counted by address, orders by account, both in fixed windows. Beyond a limit the answer is 429 with Retry-After; who goes on asking
is banned (418), each time for twice as long.
"""
from collections import Counter
from collections.abc import Mapping

from streams.paper.instruments import Limits
from streams.paper.orders import VenueError

WEIGHTS = {
    "account": 5, "positionRisk": 5, "balance": 5, "userTrades": 5, "allOrders": 5, "allAlgoOrders": 5, "symbolConfig": 5, "accountConfig": 5,
    "positionSide/dual": 30, "multiAssetsMargin": 30, "income": 30, "feeBurn": 30, "commissionRate": 20, "countdownCancelAll": 10, "batchOrders": 5,
    "depth": 10, "klines": 2, "aggTrades": 20, "ticker/bookTicker": 2,
}
FOR_ALL = {                           # without a symbol
    "openOrders": 40, "openAlgoOrders": 40, "premiumIndex": 10, "ticker/bookTicker": 5, "ticker/price": 2, "ticker/24hr": 40,
}
ORDERS = {                            # how many they count for in ten seconds and in a minute
    ("POST", "order"): (1, 1), ("POST", "algoOrder"): (1, 1), ("PUT", "order"): (1, 1), ("POST", "batchOrders"): (5, 1),
    ("PUT", "batchOrders"): (5, 1),
}
FREE = (("POST", "order"), ("POST", "algoOrder"))                                       # they weigh nothing
TEN_SECONDS_MS, MINUTE_MS = 10_000, 60_000
PATIENCE = 10                         # requests that are answered with 429 before a ban
BAN_MS, BAN_MAX_MS = 120_000, 3 * 86_400_000


class Usage:
    """Times in epoch ms. Windows begin with the whole minute and the whole ten seconds."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._weights: Counter[tuple[str, int]] = Counter()        # address, minute
        self._orders: Counter[tuple[str, int, int]] = Counter()    # API key, length of the window, its number
        self._refused: Counter[str] = Counter()                    # by address, since the last answer that was none
        self._banned: dict[str, tuple[int, int]] = {}              # address -> until when, and for how long
        self._minute = 0

    def count(self, method: str, path: str, asked: Mapping[str, str], key: str, address: str, now: int) -> None:
        """Before a request is worked. Raises VenueError with status 429 or 418."""
        self._turn(now)
        self._ban(address, now)
        if (method, path) not in FREE:
            self._weights[address, now // MINUTE_MS] += _weight(method, path, asked)
        self._within("weight", self.limits.weight_1m, self._weights[address, now // MINUTE_MS], address, MINUTE_MS, now)
        for length, count in zip((TEN_SECONDS_MS, MINUTE_MS), ORDERS.get((method, path), (0, 0)), strict=True):
            window = key, length, now // length
            self._orders[window] += count
            most = self.limits.orders_10s if length == TEN_SECONDS_MS else self.limits.orders_1m
            if count:
                self._within("orders", most, self._orders[window], address, length, now)
        self._refused.pop(address, None)

    def headers(self, method: str, path: str, key: str, address: str, now: int) -> dict[str, str]:
        """Of every answer the weight; of orders their number."""
        told = {"X-MBX-USED-WEIGHT-1M": str(self._weights[address, now // MINUTE_MS])}
        if (method, path) in ORDERS:
            told["X-MBX-ORDER-COUNT-10S"] = str(self._orders[key, TEN_SECONDS_MS, now // TEN_SECONDS_MS])
            told["X-MBX-ORDER-COUNT-1M"] = str(self._orders[key, MINUTE_MS, now // MINUTE_MS])
        return told

    def _turn(self, now: int) -> None:
        """Forgets the windows that are over."""
        if now // MINUTE_MS != self._minute:
            self._minute = now // MINUTE_MS
            self._weights = Counter({window: used for window, used in self._weights.items() if window[1] >= self._minute})
            self._orders = Counter({window: used for window, used in self._orders.items() if window[2] >= now // window[1]})

    def _within(self, what: str, most: int, used: int, address: str, length: int, now: int) -> None:
        if not most or used <= most:
            return
        self._refused[address] += 1
        if self._refused[address] > PATIENCE:
            lasts = min(2 * self._banned.get(address, (0, BAN_MS // 2))[1], BAN_MAX_MS)
            self._banned[address] = now + lasts, lasts
            self._ban(address, now)
        wait = -(-(length - now % length) // 1_000)
        if what == "weight":
            text = f"Too many requests; current limit of IP is {most} requests per minute. Please use the websocket for live updates."
            raise VenueError(-1003, text, 429, wait)
        raise VenueError(-1015, f"Too many new orders; current limit is {most} orders per {length // 1_000} seconds.", 429, wait)

    def _ban(self, address: str, now: int) -> None:
        until, _ = self._banned.get(address, (0, 0))
        if now < until:
            text = f"Way too many requests; IP({address}) banned until {until}. Please use the websocket for live updates to avoid bans."
            raise VenueError(-1003, text, 418, -(-(until - now) // 1_000))


def _weight(method: str, path: str, asked: Mapping[str, str]) -> int:
    return FOR_ALL[path] if path in FOR_ALL and "symbol" not in asked and method == "GET" else WEIGHTS.get(path, 1)
