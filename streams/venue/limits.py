"""What the venue lets us ask in a minute, and who may still ask. Times are the venue's, in epoch milliseconds, and come as arguments.

Binance counts request weight by address and orders by account, each in fixed windows, and says in the headers of its answers how much of a window is
used: also by others. We count what we send on top of that, and each lane may fill only its share of a window. Exits may fill all of it and are never
held here: whatever is used up, an exit is asked for, and the venue itself decides.

    share of a window   exits 1 · reads 0.8 · entries 0.7
    429                 everything but exits waits for its Retry-After, else for the end of the window of a minute
    418                 the address is banned, for having gone on after 429: everything but exits waits until the ban's end
    403, no code        the firewall in front of the venue: each request for itself; an address that it goes on to refuse is walled off
    -1015               too many orders: entries wait for the end of the shortest window of orders

Sources: Binance USDⓈ-M general information (limits), exchangeInfo (`rateLimits`), the weight of each endpoint in its documentation.
"""
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from streams.core.values import PPM, share


class Lane(StrEnum):
    EXITS = "exits"
    ENTRIES = "entries"
    READS = "reads"


SHARE_PPM = {Lane.EXITS: PPM, Lane.READS: 800_000, Lane.ENTRIES: 700_000}
WEIGHT, ORDERS = "REQUEST_WEIGHT", "ORDERS"
SPAN_MS = {"SECOND": 1_000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
HEADER = {WEIGHT: "X-MBX-USED-WEIGHT-", ORDERS: "X-MBX-ORDER-COUNT-"}
BAN_MS = 120_000                      # the shortest there is, where the venue does not say how long
WALLED_MIN, WALLED_MS = 3, 30_000
BANNED_UNTIL = re.compile(r"until (\d{13})")
WEIGHTS = {
    "account": 5, "positionRisk": 5, "balance": 5, "userTrades": 5, "allOrders": 5, "allAlgoOrders": 5, "symbolConfig": 5, "accountConfig": 5,
    "commissionRate": 20, "positionSide/dual": 30, "income": 30, "order": 1, "algoOrder": 1, "exchangeInfo": 1, "leverageBracket": 1,
}
WITHOUT_SYMBOL = {"openOrders": 40, "openAlgoOrders": 40, "premiumIndex": 10}


class Rate(msgspec.Struct, frozen=True):
    """One limit of the venue: so much in each window of so many milliseconds."""

    kind: str                         # REQUEST_WEIGHT or ORDERS
    number: int
    interval: str                     # SECOND, MINUTE, HOUR, DAY
    limit: int

    @property
    def span_ms(self) -> int:
        return self.number * SPAN_MS[self.interval]

    @property
    def header(self) -> str:
        return f"{HEADER[self.kind]}{self.number}{self.interval[0]}"

    @property
    def name(self) -> str:
        return f"{'weight' if self.kind == WEIGHT else 'orders'}_{self.number}{self.interval[0].lower()}"


ORDINARY = (Rate(WEIGHT, 1, "MINUTE", 2_400), Rate(ORDERS, 1, "MINUTE", 1_200), Rate(ORDERS, 10, "SECOND", 300))


def rates(rows: Iterable[Mapping[str, Any]]) -> tuple[Rate, ...]:
    """Of exchangeInfo's `rateLimits`; a kind that we don't count is left out."""
    return tuple(
        Rate(row["rateLimitType"], int(row["intervalNum"]), row["interval"], int(row["limit"]))
        for row in rows if row["rateLimitType"] in HEADER and row["interval"] in SPAN_MS and int(row["limit"]) > 0
    )


def cost(method: str, path: str, asked: Mapping[str, Any]) -> tuple[int, int]:
    """A request's weight, and how many orders it counts for. Placing an order weighs nothing."""
    if method == "POST" and path in ("order", "algoOrder"):
        return 0, 1
    if method == "GET" and path in WITHOUT_SYMBOL and "symbol" not in asked:
        return WITHOUT_SYMBOL[path], 0
    return WEIGHTS.get(path, 1), 0


class Limits:
    """Of one account at one address."""

    def __init__(self, known: tuple[Rate, ...] = ORDINARY) -> None:
        self.rates = known
        self.held_until = 0                              # everything but exits
        self.banned_until = 0                            # the same, by a ban
        self.orders_until = 0                            # entries
        self._walled = (0, 0, 0)                         # refusals of the firewall in a row: how many, the first one's time and the last one's
        self._used: dict[str, tuple[int, int]] = {}      # by rate: the window's number, and what of it is used

    def learn(self, known: tuple[Rate, ...]) -> None:
        """The venue's own figures; without any the ordinary ones stay."""
        self.rates = known or self.rates

    def asked(self, weight: int, orders: int, now: int) -> None:
        """A request leaves."""
        for rate in self.rates:
            self._use(rate, self.used(rate, now) + (weight if rate.kind == WEIGHT else orders), now)

    def told(self, headers: Mapping[str, str], asked_at: int, now: int, *, walled: bool = False) -> None:
        """The headers of an answer, names in capitals. A count never shrinks within its window, and one that may be of the window before is left.

        `walled`: it is the firewall's and not the venue's.
        """
        many, first, _ = self._walled
        self._walled = (many + 1, first or now, now) if walled else (0, 0, 0)
        for rate in self.rates:
            given = headers.get(rate.header, "")
            if given.isdigit() and asked_at // rate.span_ms == now // rate.span_ms:
                self._use(rate, max(int(given), self.used(rate, now)), now)

    def refused(self, status: int, code: int | None, message: str, headers: Mapping[str, str], now: int) -> int:
        """What a refusal means for whoever asks next; how long the venue wants silence, in ms."""
        given = headers.get("RETRY-AFTER", "")
        asked_for = int(given) * 1_000 if given.isdigit() else None
        if status == 418:
            banned = BANNED_UNTIL.search(message)
            until = int(banned[1]) if banned else now + (BAN_MS if asked_for is None else asked_for)
            self.banned_until = max(self.banned_until, until)
            return max(until - now, 0)
        if code == -1015:
            until = _end(min((rate.span_ms for rate in self.rates if rate.kind == ORDERS), default=10_000), now)
            self.orders_until = max(self.orders_until, until if asked_for is None else now + asked_for)
            return max(self.orders_until - now, 0)
        if status == 429 or code == -1003:
            self.held_until = max(self.held_until, _end(SPAN_MS["MINUTE"], now) if asked_for is None else now + asked_for)
            return max(self.held_until - now, 0)
        return asked_for or 0

    def wait_ms(self, lane: Lane, weight: int, orders: int, now: int) -> int:
        """How long a request of this lane must be held back; 0: it may leave."""
        return max((until - now for _, until in self._against(lane, weight, orders, now)), default=0)

    def why(self, lane: Lane, weight: int, orders: int, now: int) -> str:
        return ", ".join(reason for reason, _ in self._against(lane, weight, orders, now))

    def used(self, rate: Rate, now: int) -> int:
        window, used = self._used.get(rate.name, (0, 0))
        return used if window == now // rate.span_ms else 0

    @property
    def walled_off(self) -> bool:
        """Whether the firewall has refused all that was asked for so long that it will not pass by itself."""
        many, first, last = self._walled
        return many >= WALLED_MIN and last - first >= WALLED_MS

    def silent_ms(self, now: int) -> int:
        """How long the venue still wants silence from all but exits."""
        return max(self.held_until - now, self.banned_until - now, 0)

    def _against(self, lane: Lane, weight: int, orders: int, now: int) -> list[tuple[str, int]]:
        """What speaks against a request now, and until when."""
        if lane is Lane.EXITS:
            return []
        holds = [("the address is banned (418)", self.banned_until), ("too many requests (429)", self.held_until)]
        if lane is Lane.ENTRIES:
            holds.append(("too many orders (-1015)", self.orders_until))
        full = [(f"{rate.name} is used up", _end(rate.span_ms, now)) for rate in self.rates if self._full(rate, lane, weight, orders, now)]
        return [(reason, until) for reason, until in holds if until > now] + full

    def _full(self, rate: Rate, lane: Lane, weight: int, orders: int, now: int) -> bool:
        needed = weight if rate.kind == WEIGHT else orders
        return needed > 0 and self.used(rate, now) + needed > share(rate.limit, SHARE_PPM[lane], PPM)

    def _use(self, rate: Rate, used: int, now: int) -> None:
        self._used[rate.name] = now // rate.span_ms, used


def _end(span_ms: int, now: int) -> int:
    """Of the window that this time lies in."""
    return (now // span_ms + 1) * span_ms
