"""Binance USDⓈ-M over REST: the only file that knows ccxt, which `library` loads.

Every method answers with a value, `Accepted | Refused | Doubt`, and raises nothing of the venue's.

ccxt signs, connects and routes; its raw calls are used, not its unified ones. They take our exact decimal strings where `create_order` would round
half-up through floats, need no markets (1.1 MB), never turn a stop without a trigger into a market order, and keep Binance's own words in the
answer. Its error classes depend on the host, so the numeric code is read here from the body.

A request's timestamp comes with the decision to make it, from the caller, and Binance refuses it two seconds later: what a paused process sends
afterwards has no effect. Exits, entries and reads each have a connection pool of their own, and none waits in ccxt's one queue: `limits` says who may
ask. What was too late for the venue sets the clock and is asked for once more; an order never is, here.
"""
import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from streams.core.events import Instrument
from streams.core.values import e8
from streams.runtime import logs
from streams.runtime.metrics import VENUE_CODES_UNLISTED
from streams.venue import library, limits, wire
from streams.venue.addresses import Addresses
from streams.venue.answers import Accepted, AssetSeen, Doubt, IncomeSeen, Order, OrderSeen, PositionSeen, Refused, SettingsSeen, Trade
from streams.venue.clock import Clock, boot_ms
from streams.venue.limits import Lane, Limits
from streams.venue.outcomes import HELD, UNSOUND, Meaning, doubts_filters, judged, meaning

RECV_WINDOW_MS = 2_000
_log = logs.get(__name__)
Body = TypeVar("Body")
Answer = Accepted[Any] | Refused | Doubt

TIMEOUT_MS = {Lane.EXITS: 1_000, Lane.ENTRIES: 1_500, Lane.READS: 8_000}
PATIENCE_MS = {Lane.EXITS: 0, Lane.ENTRIES: 0, Lane.READS: 10_000}      # how long a request may be held back before it is refused
SECRET_MIN = 8                        # characters: Binance's have 64, and `paper` is a word like others
ORDER = (0, 1)                        # what placing one costs: no weight, one order
_BinanceUsdm, _BaseError = library.binanceusdm()


class Keys(msgspec.Struct, frozen=True):
    """Shown to nobody."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return "Keys(•••)"


class _Answered(Exception):
    """Carries an answer that is no success out of ccxt's machinery."""

    def __init__(self, status: int, code: int | None, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class _Client(_BinanceUsdm):  # type: ignore[misc, valid-type]  # ccxt's classes are untyped
    """Hands every answer to us before ccxt makes an exception of it, and shows us the headers: `used` has the last answer's, names in capitals."""

    used: dict[str, str]
    hidden: tuple[str, ...]           # what a refusal must not repeat: its words go to topics

    def handle_errors(
        self, code: int, reason: str, url: str, method: str, headers: Mapping[str, str], body: str, response: object,  # noqa: ARG002
        requestHeaders: object, requestBody: object,  # noqa: ARG002, N803
    ) -> None:
        # Never by the status's own phrase: "Service Unavailable" is Binance's word for "not accepted", and any proxy's for anything.
        self.used = {name.upper(): value for name, value in headers.items()}
        number, message = wire.error(response)
        if code >= 400 or (number is not None and number < 0):
            raise _Answered(code, number, logs.veiled(message or body, *self.hidden)[:200])


class Binance:
    """One account at one venue."""

    def __init__(self, addresses: Addresses, keys: Keys, clock: Clock) -> None:
        self.addresses, self.clock = addresses, clock
        self.instruments: dict[str, Instrument] = {}
        self.limits = Limits()
        self.filters_doubted = asyncio.Event()           # a refusal says that filters or status of a symbol may have changed
        self._clients = {lane: _client(addresses, keys, TIMEOUT_MS[lane]) for lane in Lane}

    async def close(self) -> None:
        await asyncio.gather(*(client.close() for client in self._clients.values()))

    @property
    def entries_held(self) -> str:
        """Why the limits let no entry pass now; empty where they do."""
        return self.limits.why(Lane.ENTRIES, *ORDER, self.clock.now())

    # ------------------------------------------------------------------------------------------------------------ orders

    async def place(self, order: Order, timestamp: int, lane: Lane = Lane.EXITS) -> Accepted[OrderSeen] | Refused | Doubt:
        """Nothing is awaited before the request is signed with `timestamp`. What no decision of ours may ask for is refused here, with UNSOUND."""
        if fault := self._fault(order):
            _log.critical("an order must not leave: this is ours to mend", order=str(order), fault=fault)
            return Refused(UNSOUND, fault)
        conditional = order.kind.conditional
        answer = await self._ask(lane, "POST", "algoOrder" if conditional else "order", wire.order_asked(order), timestamp=timestamp)
        return _read(answer, wire.conditional_order if conditional else wire.order)

    async def test(self, order: Order) -> Answer:
        """Whether the venue would take this entry: it looks at it as at an order, and places nothing."""
        if fault := self._fault(order):
            return Refused(UNSOUND, fault)
        return await self._ask(Lane.ENTRIES, "POST", "order/test", wire.order_asked(order))

    async def cancel(self, symbol: str, client_order_id: str, *, conditional: bool) -> Answer:
        named = {"symbol": symbol, "clientAlgoId" if conditional else "origClientOrderId": client_order_id}
        return _read(await self._ask(Lane.EXITS, "DELETE", "algoOrder" if conditional else "order", named), wire.cancelled)

    async def find(self, symbol: str, client_order_id: str, *, conditional: bool, lane: Lane = Lane.READS) -> Accepted[OrderSeen] | Refused | Doubt:
        """An order of ours by its id. For a conditional one that is not found by itself, the open ones are asked: they are the authority."""
        named = {"symbol": symbol, "clientAlgoId" if conditional else "origClientOrderId": client_order_id}
        answer = await self._ask(lane, "GET", "algoOrder" if conditional else "order", named)
        found = _read(answer, wire.conditional_order if conditional else wire.order)
        if conditional and isinstance(found, Refused):
            resting = await self.open_conditionals(symbol, lane=lane)
            known = [seen for seen in resting.body if seen.client_order_id == client_order_id] if isinstance(resting, Accepted) else []
            return Accepted(known[0]) if known else found
        return found

    async def find_by_number(self, symbol: str, venue_order_id: str, *, lane: Lane = Lane.READS) -> Accepted[OrderSeen] | Refused | Doubt:
        """Any order of the ordinary store, ours or not, by the number that its trades name."""
        return _read(await self._ask(lane, "GET", "order", {"symbol": symbol, "orderId": venue_order_id}), wire.order)

    async def open_orders(self, symbol: str = "", *, lane: Lane = Lane.READS) -> Accepted[list[OrderSeen]] | Refused | Doubt:
        return _read(await self._ask(lane, "GET", "openOrders", {"symbol": symbol}), lambda body: [wire.order(row) for row in body])

    async def open_conditionals(self, symbol: str = "", *, lane: Lane = Lane.READS) -> Accepted[list[OrderSeen]] | Refused | Doubt:
        return _read(await self._ask(lane, "GET", "openAlgoOrders", {"symbol": symbol}), lambda body: [wire.conditional_order(row) for row in body])

    def _fault(self, order: Order) -> str:
        """The last look at what leaves: on the symbol's grid, with a trigger where one belongs, with an id of ours.

        The process does not end over it, as it would over another fault of ours: positions would be unwatched, and a successor would read the same
        order from the ledger.
        """
        instrument = self.instruments.get(order.symbol)
        tick, step = (instrument.tick_size, instrument.quantity_step) if instrument else (1, 1)
        return "; ".join(
            fault for fault, holds in (
                ("a client order id of ours is missing", bool(order.client_order_id)),
                (f"the trigger {order.trigger_price} is no positive price on the grid of {tick}",
                 order.trigger_price > 0 and order.trigger_price % tick == 0 if order.kind.conditional else order.trigger_price == 0),
                (f"the quantity {order.quantity} is no positive multiple of {step}",
                 order.quantity == 0 if order.close_position else order.quantity > 0 and order.quantity % step == 0),
            ) if not holds
        )

    # ------------------------------------------------------------------------------------------------------------ the account

    async def positions(self, symbol: str = "", *, lane: Lane = Lane.READS) -> Accepted[list[PositionSeen]] | Refused | Doubt:
        """What is held; a symbol that is flat may be missing."""
        answer = await self._ask(lane, "GET", "positionRisk", {"symbol": symbol}, api="fapiPrivateV3")
        return _read(answer, lambda body: [seen for row in body if (seen := wire.position(row)).symbol == (symbol or seen.symbol)])

    async def assets(self) -> Accepted[list[AssetSeen]] | Refused | Doubt:
        return _read(await self._ask(Lane.READS, "GET", "account", api="fapiPrivateV3"), lambda body: [wire.asset(row) for row in body["assets"]])

    async def trades(
        self, symbol: str, *, from_id: int = 0, since: int = 0, lane: Lane = Lane.READS,
    ) -> Accepted[list[Trade]] | Refused | Doubt:
        """At most 1,000, the oldest first, from a trade id on, or from a time where no id is known yet."""
        asked = {"symbol": symbol, "limit": 1_000, **({"fromId": from_id} if from_id else {"startTime": since})}
        return _read(await self._ask(lane, "GET", "userTrades", asked), lambda body: [wire.trade(row) for row in body])

    async def income(self, since: int) -> Accepted[list[IncomeSeen]] | Refused | Doubt:
        """The statement from a time on: at most 1,000 rows, the oldest first."""
        answer = await self._ask(Lane.READS, "GET", "income", {"startTime": since, "limit": 1_000})
        return _read(answer, lambda body: [wire.income(row) for row in body])

    async def one_way(self) -> Accepted[bool] | Refused | Doubt:
        """Whether the account is in one-way mode, the only one in which an order can be reduce-only."""
        return _read(await self._ask(Lane.READS, "GET", "positionSide/dual"), lambda body: str(body["dualSidePosition"]).lower() == "false")

    async def permissions(self) -> Answer:
        """What the API key may do. The spot host tells it, of futures keys too."""
        return await self._ask(Lane.READS, "GET", "account/apiRestrictions", api="sapi")

    async def symbol_settings(self) -> Accepted[list[SettingsSeen]] | Refused | Doubt:
        """Margin type and leverage of every symbol."""
        return _read(await self._ask(Lane.READS, "GET", "symbolConfig"), lambda body: [wire.settings(row) for row in body])

    async def set_leverage(self, symbol: str, leverage: int) -> Answer:
        return await self._ask(Lane.ENTRIES, "POST", "leverage", {"symbol": symbol, "leverage": leverage})

    async def set_cross_margin(self, symbol: str) -> Answer:
        return await self._ask(Lane.ENTRIES, "POST", "marginType", {"symbol": symbol, "marginType": "CROSSED"})

    async def listen_key(self, *, keep: str = "") -> Accepted[str] | Refused | Doubt:
        """The key of the user data stream: a new or the living one, or `keep` for another hour."""
        answer = await self._ask(Lane.READS, "PUT" if keep else "POST", "listenKey", stamped=False)
        return _read(answer, lambda body: str((body or {}).get("listenKey", keep)))

    # ------------------------------------------------------------------------------------------------------------ the venue

    async def synchronise(self, lane: Lane = Lane.READS) -> Answer:
        """Sets the clock by the venue's."""
        asked = boot_ms()
        answer = await self._ask(lane, "GET", "time", api="fapiPublic", stamped=False)
        if isinstance(answer, Accepted):
            self.clock.venue_said(int(answer.body["serverTime"]), asked, boot_ms())
        return answer

    async def warm(self) -> None:
        """Opens a connection of each pool, so that the first order does not pay for it."""
        await asyncio.gather(*(self._ask(lane, "GET", "time", api="fapiPublic", stamped=False) for lane in Lane))

    async def exchange_info(self) -> Answer:
        return await self._ask(Lane.READS, "GET", "exchangeInfo", api="fapiPublic", stamped=False)

    async def mark(self, symbol: str) -> Accepted[int] | Refused | Doubt:
        answer = await self._ask(Lane.READS, "GET", "premiumIndex", {"symbol": symbol}, api="fapiPublic", stamped=False)
        return _read(answer, lambda body: e8(body["markPrice"]))

    async def leverage_brackets(self) -> Answer:
        return await self._ask(Lane.READS, "GET", "leverageBracket")

    async def commission(self, symbol: str) -> Answer:
        return await self._ask(Lane.READS, "GET", "commissionRate", {"symbol": symbol})

    async def _ask(
        self, lane: Lane, method: str, path: str, params: Mapping[str, Any] | None = None, *, api: str = "fapiPrivate", timestamp: int = 0,
        stamped: bool = True,
    ) -> Answer:
        given = {name: value for name, value in (params or {}).items() if value != ""}
        cost = limits.cost(method, path, given)
        answer = await self._passed(lane, method, path, api, given, cost, timestamp if stamped else None)
        if cost != ORDER and stamped and isinstance(answer, Refused) and meaning(answer) is Meaning.LATE:
            await self.synchronise(lane)
            answer = await self._passed(lane, method, path, api, given, cost, 0)
        self._look(answer, f"{method} {path}", order=cost == ORDER)
        return answer

    async def _passed(
        self, lane: Lane, method: str, path: str, api: str, given: dict[str, Any], cost: tuple[int, int], timestamp: int | None,
    ) -> Answer:
        """When the limits let it; `timestamp`: 0 is now, None is without any."""
        if (held := await self._held(lane, *cost)) is not None:
            return held
        stamp = {} if timestamp is None else {"timestamp": timestamp or self.clock.now(), "recvWindow": RECV_WINDOW_MS}
        client, asked_at = self._clients[lane], self.clock.now()
        self.limits.asked(*cost, asked_at)
        try:
            body = await client.request(path, [api], method, given | stamp)
        except _Answered as told:
            now = self.clock.now()
            self.limits.told(client.used, asked_at, now, walled=told.status == 403 and told.code is None)
            return judged(told.status, told.code, told.message, self.limits.refused(told.status, told.code, told.message, client.used, now))
        except _BaseError as reason:
            return Doubt(f"{type(reason).__name__} {method} {path}")     # its text would carry the query, signature included
        self.limits.told(client.used, asked_at, self.clock.now())
        return Accepted(body) if isinstance(body, dict | list) else Doubt(f"an empty answer to {method} {path}")

    async def _held(self, lane: Lane, weight: int, orders: int) -> Refused | None:
        """Waits until the limits let a request of this lane pass; the refusal where that takes longer than the lane has patience."""
        patience_ms = PATIENCE_MS[lane]
        while wait_ms := self.limits.wait_ms(lane, weight, orders, self.clock.now()):
            if wait_ms > patience_ms:
                return Refused(HELD, f"held back: {self.limits.why(lane, weight, orders, self.clock.now())}", wait_ms)
            patience_ms -= wait_ms
            await asyncio.sleep(wait_ms / 1_000)
        return None

    def _look(self, answer: Answer, what: str, *, order: bool) -> None:
        """At what a refusal says to others than the one who asked."""
        if not isinstance(answer, Refused):
            return
        if meaning(answer) is Meaning.UNLISTED:
            VENUE_CODES_UNLISTED.labels(str(answer.code)).inc()
            _log.error("the venue refuses with a code that we do not know", request=what, answer=str(answer))
        if order and doubts_filters(answer.code):
            self.filters_doubted.set()


def _client(addresses: Addresses, keys: Keys, timeout_ms: int) -> _Client:
    base = addresses.rest
    versions = {"fapiPublic": "v1", "fapiPrivate": "v1", "fapiPrivateV2": "v2", "fapiPrivateV3": "v3"}
    client = _Client({
        "apiKey": keys.key, "secret": keys.secret, "timeout": timeout_ms, "enableRateLimit": False,
        "urls": {"api": {**{name: f"{base}/fapi/{version}" for name, version in versions.items()}, "sapi": f"{addresses.spot}/sapi/v1"}},
        "options": {"maxRetriesOnFailure": 0},           # a retry of its own would send an order twice
    })
    client.used, client.hidden = {}, tuple(secret for secret in (keys.key, keys.secret) if len(secret) >= SECRET_MIN)
    return client


def _read(answer: Answer, read: Callable[[Any], Body]) -> Accepted[Body] | Refused | Doubt:
    """The body through its reader. What cannot be read was done, and we don't know what: that is doubt."""
    if not isinstance(answer, Accepted):
        return answer
    try:
        return Accepted(read(answer.body))
    except (KeyError, ValueError, TypeError, AttributeError) as reason:
        return Doubt(f"an answer that cannot be read: {reason!r}")
