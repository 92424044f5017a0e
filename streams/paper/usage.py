"""What an account has used of its rates, as the headers of each answer tell it. Nobody is stopped by it: the fault panel sends 429 and 418."""
from collections.abc import Mapping

WEIGHTS = {
    "account": 5, "positionRisk": 5, "balance": 5, "userTrades": 5, "allOrders": 5, "allAlgoOrders": 5, "symbolConfig": 5, "accountConfig": 5,
    "positionSide/dual": 30, "multiAssetsMargin": 30, "income": 30, "commissionRate": 20,
}
FOR_ALL = {"openOrders": 40, "openAlgoOrders": 40, "premiumIndex": 10}                 # without a symbol
ORDERS = (("POST", "order"), ("POST", "algoOrder"))                                    # they weigh nothing, and are counted
TEN_SECONDS_MS, MINUTE_MS = 10_000, 60_000


class Usage:
    """Fixed windows, as at Binance. Times in epoch ms."""

    def __init__(self) -> None:
        self._minute, self._weight, self._orders_1m = 0, 0, 0
        self._ten, self._orders_10s = 0, 0

    def count(self, method: str, path: str, asked: Mapping[str, str], now: int) -> None:
        self._turn(now)
        if (method, path) in ORDERS:
            self._orders_1m += 1
            self._orders_10s += 1
        else:
            self._weight += FOR_ALL[path] if path in FOR_ALL and "symbol" not in asked and method == "GET" else WEIGHTS.get(path, 1)

    def headers(self, now: int) -> dict[str, str]:
        self._turn(now)
        return {
            "X-MBX-USED-WEIGHT-1M": str(self._weight), "X-MBX-ORDER-COUNT-10S": str(self._orders_10s), "X-MBX-ORDER-COUNT-1M": str(self._orders_1m),
        }

    def _turn(self, now: int) -> None:
        if now // MINUTE_MS != self._minute:
            self._minute, self._weight, self._orders_1m = now // MINUTE_MS, 0, 0
        if now // TEN_SECONDS_MS != self._ten:
            self._ten, self._orders_10s = now // TEN_SECONDS_MS, 0
