"""The exchange's own record: what was asked of it when, what came of it, and how long any position stood without live stops.

Whoever trades here may keep books of its own; these are the ones that it is held against (`GET /_record`, `GET /_state`).
"""
from collections import Counter
from typing import Any

import msgspec

from streams.core.values import Side, decimal
from streams.paper.orders import Account

STOPS = ("STOP_MARKET", "STOP", "TRAILING_STOP_MARKET")


class Request(msgspec.Struct, frozen=True):
    """One request that touches an order. `code` is 0 where it was accepted. Times in epoch ms of the exchange's clock."""

    arrived: int
    method: str
    path: str
    symbol: str
    client_id: str
    code: int


class Span(msgspec.Struct, frozen=True):
    """A position was not covered, from `start` to `end` (0: it still is not)."""

    key: str
    symbol: str
    start: int
    end: int

    def ms(self, now: int) -> int:
        return (self.end or now) - self.start


class Record:
    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.created: Counter[str] = Counter()            # client id -> orders and conditional orders that were made under it
        self.spans: list[Span] = []
        self.bare: dict[tuple[str, str], int] = {}           # key and symbol of what is not covered -> since when

    def asked(self, request: Request) -> None:
        self.requests.append(request)
        if request.method == "POST" and not request.code and request.path in ("order", "algoOrder"):
            self.created[request.client_id] += 1

    def look(self, key: str, symbol: str, account: Account, now: int) -> None:
        """After anything that may change a position or a stop."""
        covered, since = is_covered(account, symbol), self.bare.get((key, symbol))
        if not covered and since is None:
            self.bare[key, symbol] = now
        elif covered and since is not None:
            self.spans.append(Span(key, symbol, self.bare.pop((key, symbol)), now))

    def told(self, now: int, since: int = 0) -> dict[str, Any]:
        """As `/_record?since=N` answers, the requests from the Nth on. `arrivals`: when the first request to make an order under a client id came."""
        spans = [*self.spans, *(Span(key, symbol, since, 0) for (key, symbol), since in self.bare.items())]
        arrivals: dict[str, int] = {}
        for request in self.requests:
            if request.method == "POST":
                arrivals.setdefault(request.client_id, request.arrived)
        longest: dict[str, int] = {}
        for span in spans:
            longest[span.symbol] = max(span.ms(now), longest.get(span.symbol, 0))
        return {
            "now": now, "next": len(self.requests), "requests": msgspec.to_builtins(self.requests[since:]),
            "arrivals": arrivals, "created": dict(self.created),
            "unprotected": [{**msgspec.to_builtins(span, builtin_types=()), "ms": span.ms(now)} for span in spans],
            "unprotected_seconds": {symbol: ms / 1000 for symbol, ms in sorted(longest.items())},
            "unprotected_seconds_max": max(longest.values(), default=0) / 1000,
        }


def is_covered(account: Account, symbol: str) -> bool:
    """Whether live stops on the closing side would close all that is held.

    A trailing stop that follows nothing yet protects nothing; nor does one that has been triggered and is on its way.
    """
    held = account.held(symbol).quantity
    if not held:
        return True
    closing = Side.SELL if held > 0 else Side.BUY
    stops = [
        algo for algo in account.waiting()
        if (algo.symbol, algo.side) == (symbol, closing) and algo.kind in STOPS and algo.status == "NEW"
        and (algo.activated or not algo.callback_ppm)
    ]
    return any(stop.close_position for stop in stops) or sum(stop.quantity for stop in stops if stop.reduce_only) >= abs(held)


def state(accounts: dict[str, Account]) -> dict[str, Any]:
    """As `/_state` answers: what each account holds and what works for it, in plain numbers."""
    return {
        "accounts": {
            key: {
                "wallets": {asset: decimal(amount) for asset, amount in account.wallets.items()},
                "positions": {symbol: decimal(held.quantity) for symbol, held in account.positions.items() if held.quantity},
                "orders": [order.client_id for order in account.working()],
                "algos": [
                    {
                        "client_id": algo.client_id, "symbol": algo.symbol, "side": algo.side.value, "kind": algo.kind,
                        "trigger": decimal(algo.trigger), "quantity": decimal(algo.quantity), "close_position": algo.close_position,
                    }
                    for algo in account.waiting()
                ],
                "trades": len(account.trades),
            }
            for key, account in accounts.items()
        }
    }
