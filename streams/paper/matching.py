"""The exchange itself, without a clock or a socket: requests and prices in, with their time; events out, through `tell`.

Orders and conditional orders lie in two stores, as at Binance. A conditional order is not looked at until its trigger is met; then it becomes an
ordinary order under the same client id, which reduces a position or is refused.
"""
from collections.abc import Callable, Mapping
from itertools import count

from streams.core.values import E8, PPM, Side, notional, share
from streams.paper import checks, events
from streams.paper.instruments import ALL, Rules
from streams.paper.orders import CONDITIONAL, Account, Algo, Order, Top, VenueError
from streams.paper.trading import LEVERAGE_DEFAULT, available, margins, open_profit, taken_at, traded

ALGOS_MAX = 200
Tell = Callable[[str, events.Row], None]
CANCEL_ONLY = ("SETTLING", "CLOSE", "PRE_SETTLE", "DELIVERED")


class Exchange:
    """Accounts by API key. `tell(key, event)` is called for every event of the user data stream, in order."""

    def __init__(self, symbols: Mapping[str, Rules] | None = None, *, tell: Tell = lambda _key, _row: None, born: int = 0) -> None:
        self.rules = dict(symbols or ALL)
        self.status = dict.fromkeys(self.rules, "TRADING")
        self.tops: dict[str, Top] = {}
        self.accounts: dict[str, Account] = {}
        self.tell = tell
        first = born * 1_000                              # ids never come again, also after a restart: `born` is its time in ms
        self._order_ids, self._algo_ids, self._trade_ids = count(first + 8_000_000_001), count(first + 4_000_001_000_000_001), count(first + 1)

    # ------------------------------------------------------------------------------------------------------------ requests

    def place(self, key: str, asked: checks.Asked, now: int) -> Order:
        """POST order. Raises VenueError."""
        account, (rules, top) = self.accounts[key], self._market(asked)
        order = checks.order_asked(asked, rules, top, next(self._order_ids), now)
        self._may_open(rules.symbol, reducing=order.reduce_only)
        self._unused(account, order.client_id)
        if order.reduce_only:
            order.quantity = self._reducible(account, order)
        else:
            self._margin(account, order, rules, top)
        crossing = _crosses(order, top)
        if order.time_in_force == "GTX" and crossing and order.kind == "LIMIT":
            raise VenueError(-5022, "Due to the order could not be executed as maker, the Post Only order will be rejected.")
        if order.time_in_force == "FOK" and not crossing:
            raise VenueError(-5021, "Due to the order could not be filled immediately, the FOK order has been rejected.")
        account.add(order)
        self.tell(key, events.order_update(order, "NEW", now))
        if crossing:
            self._take(key, order, now)
        elif order.time_in_force == "IOC":
            self._end(key, order, "EXPIRED", now)
        return order

    def place_algo(self, key: str, asked: checks.Asked, now: int) -> Algo:
        """POST algoOrder. No margin and no position is looked at before the trigger. Raises VenueError."""
        account, (rules, top) = self.accounts[key], self._market(asked)
        algo = checks.algo_asked(asked, rules, top, next(self._algo_ids), now)
        self._may_open(rules.symbol, reducing=algo.reduce_only or algo.close_position)
        self._unused(account, algo.client_id)
        resting = [other for other in account.waiting() if other.status == "NEW"]
        if len(resting) >= ALGOS_MAX:
            raise VenueError(-4045, "Reach max stop order limit.")
        if algo.close_position and any(o.close_position and (o.symbol, o.side, o.kind) == (algo.symbol, algo.side, algo.kind) for o in resting):
            raise VenueError(-4130, "An open stop or take profit order with GTE and closePosition in the direction is existing.")
        if (algo.trigger and self._met(algo, top)) or (algo.activation and algo.side.sign * (top.last - algo.activation) <= 0):
            raise VenueError(-2021, "Order would immediately trigger.")
        if algo.callback_ppm and not algo.activation:
            algo.activated, algo.extreme = True, working_price(algo, top)
        account.add_algo(algo)
        self.tell(key, events.algo_update(algo, now))
        return algo

    def cancel(self, key: str, asked: checks.Asked, now: int) -> Order:
        self._named(asked, "orderId", "origClientOrderId")
        order = self.find(key, asked)
        if order is None or not order.open:
            raise VenueError(-2011, "Unknown order sent.")
        self._end(key, order, "CANCELED", now)
        return order

    def cancel_algo(self, key: str, asked: checks.Asked, now: int) -> Algo:
        self._named(asked, "algoId", "clientAlgoId")
        algo = self.find_algo(key, asked)
        if algo is None or algo.status != "NEW":
            raise VenueError(-2011, "Unknown order sent.")
        self._end_algo(key, algo, "CANCELED", now)
        return algo

    def find(self, key: str, asked: checks.Asked) -> Order | None:
        """By orderId or origClientOrderId: the newest that was ever given the id."""
        if number := checks.whole(asked, "orderId", 0):
            return self.accounts[key].orders.get(number)
        name, symbol = asked.get("origClientOrderId"), asked.get("symbol")
        found = [order for order in self.accounts[key].orders.values() if (order.client_id, order.symbol) == (name, symbol)]
        return found[-1] if found else None

    def find_algo(self, key: str, asked: checks.Asked) -> Algo | None:
        if number := checks.whole(asked, "algoId", 0):
            return self.accounts[key].algos.get(number)
        found = [algo for algo in self.accounts[key].algos.values() if algo.client_id == asked.get("clientAlgoId")]
        return found[-1] if found else None

    # ------------------------------------------------------------------------------------------------------------ prices

    def priced(self, symbol: str, top: Top, now: int) -> None:
        """A new market: what waits for it is filled or triggered, and who cannot hold on is liquidated."""
        self.tops[symbol] = top
        for key, account in self.accounts.items():
            for order in [o for o in account.working() if o.symbol == symbol]:
                if order.open and _crosses(order, top):
                    self._fill(key, order, order.left, order.price, now, maker=True)
            for algo in [a for a in account.waiting() if a.symbol == symbol]:
                if algo.status == "NEW":
                    self._look(key, algo, top, now)
            self._liquidate(key, account, symbol, now)

    def _look(self, key: str, algo: Algo, top: Top, now: int) -> None:
        """A trailing stop that begins to follow is told of as NEW a second time."""
        followed, met = algo.activated, self._met(algo, top)
        if algo.activated and not followed and algo.activation:
            self.tell(key, events.algo_update(algo, now))
        if met and not (algo.price_protect and abs(top.mark - top.last) * PPM > self.rules[algo.symbol].protect_ppm * top.last):
            self._trigger(key, algo, now)

    def _met(self, algo: Algo, top: Top) -> bool:
        price = working_price(algo, top)
        if algo.kind == "TRAILING_STOP_MARKET":
            return self._trailed(algo, price)
        above = (algo.side is Side.BUY) == algo.kind.startswith("STOP")
        return price >= algo.trigger if above else price <= algo.trigger

    def _trailed(self, algo: Algo, price: int) -> bool:
        """Follows the best price once it is activated, and is met when the price comes back by the callback."""
        sign = algo.side.opposite.sign                    # of the position that it closes
        if not algo.activated:
            algo.activated = not algo.activation or sign * (price - algo.activation) >= 0
            algo.extreme = price
        if algo.activated and sign * (price - algo.extreme) > 0:
            algo.extreme = price
        return algo.activated and sign * (price - algo.extreme) <= -share(algo.extreme, algo.callback_ppm, PPM)

    def _trigger(self, key: str, algo: Algo, now: int) -> None:
        account = self.accounts[key]
        algo.status, algo.updated, algo.triggered = "TRIGGERING", now, now
        self.tell(key, events.algo_update(algo, now))
        held, top = account.held(algo.symbol).quantity, self.tops[algo.symbol]
        reduces = algo.close_position or algo.reduce_only
        if reduces and not _closes(held, algo.side):
            algo.reason = "no position to reduce"
            self._end_algo(key, algo, "EXPIRED" if algo.close_position else "REJECTED", now)
            return
        order = Order(
            next(self._order_ids), algo.client_id, algo.symbol, algo.side, "LIMIT" if algo.price else "MARKET",
            abs(held) if algo.close_position else min(algo.quantity, abs(held)) if algo.reduce_only else algo.quantity, algo.price,
            reduce_only=reduces, close_position=algo.close_position, created=now, updated=now, origin=algo.kind,
        )
        try:
            if not reduces:
                self._margin(account, order, self.rules[algo.symbol], top)
        except VenueError as refused:
            algo.reason = refused.text
            self._end_algo(key, algo, "REJECTED", now)
            return
        account.add(order)
        algo.status, algo.order_id = "TRIGGERED", order.order_id
        self.tell(key, events.algo_update(algo, now))
        self.tell(key, events.order_update(order, "NEW", now))
        if _crosses(order, top):
            self._take(key, order, now)

    # ------------------------------------------------------------------------------------------------------------ fills

    def _take(self, key: str, order: Order, now: int) -> None:
        rules, top = self.rules[order.symbol], self.tops[order.symbol]
        self._fill(key, order, order.left, taken_at(order, order.left, top, rules), now, maker=False)

    def _fill(self, key: str, order: Order, quantity: int, price: int, now: int, *, maker: bool) -> None:
        """What no longer reduces anything expires, and so do the closePosition orders of a position that is gone."""
        account, rules = self.accounts[key], self.rules[order.symbol]
        before = account.held(order.symbol).quantity
        if order.reduce_only:
            quantity = min(quantity, abs(before)) if _closes(before, order.side) else 0
        if not quantity:
            self._end(key, order, "EXPIRED", now)
            return
        trade = traded(account, order, quantity, price, rules, next(self._trade_ids), now, maker=maker)
        self.tell(key, events.account_update(account, "ORDER", now, rules.quote, order.symbol))
        self.tell(key, events.order_update(order, "CALCULATED" if order.calculated else "TRADE", now, trade))
        if order.open and order.reduce_only:
            self._end(key, order, "EXPIRED", now)
        self._finish(key, order, now)
        self._knock_out(key, order.symbol, now)
        for algo in [a for a in account.waiting() if a.status == "NEW" and a.close_position and a.symbol == order.symbol]:
            if _closes(before, algo.side) and not _closes(account.held(order.symbol).quantity, algo.side):
                self._end_algo(key, algo, "EXPIRED", now)

    def _knock_out(self, key: str, symbol: str, now: int) -> None:
        """Resting reduce-only orders for which nothing is left to reduce expire, those farthest from the market first."""
        account = self.accounts[key]
        held = account.held(symbol).quantity
        left = abs(held)
        for order in sorted(_reducing(account, symbol), key=lambda one: (-one.side.sign * one.price, one.order_id)):
            if not _closes(held, order.side) or left <= 0:
                self._end(key, order, "EXPIRED", now)
            else:
                left -= order.left

    def _end(self, key: str, order: Order, status: str, now: int) -> None:
        order.status, order.updated = status, now
        self.tell(key, events.order_update(order, status, now))
        self._finish(key, order, now)

    def _finish(self, key: str, order: Order, now: int) -> None:
        """A conditional order is FINISHED with the order that it became, filled or not."""
        if order.open or order.origin not in CONDITIONAL:
            return
        for algo in [a for a in self.accounts[key].waiting() if a.order_id == order.order_id]:
            algo.filled, algo.average = order.filled, share(order.cost, E8, order.filled) if order.filled else 0
            self._end_algo(key, algo, "FINISHED", now)

    def _end_algo(self, key: str, algo: Algo, status: str, now: int) -> None:
        algo.status, algo.updated = status, now
        self.tell(key, events.algo_update(algo, now))

    def _liquidate(self, key: str, account: Account, symbol: str, now: int) -> None:
        """At the mark, when the balance no longer carries the maintenance margin. The order was never sent, and is told as CALCULATED."""
        rules, held = self.rules[symbol], account.held(symbol)
        if not held.quantity:
            return
        balance = account.wallets.get(rules.quote, 0) + open_profit(account, rules.quote, self.rules, self.tops)
        if balance > margins(account, rules.quote, self.rules, self.tops)[1]:
            return
        for resting in list(account.working()):
            self._end(key, resting, "CANCELED", now)
        number, side = next(self._order_ids), Side.SELL if held.quantity > 0 else Side.BUY
        order = Order(
            number, f"autoclose-{number}", symbol, side, "MARKET", abs(held.quantity), created=now, updated=now, origin="LIQUIDATION",
            calculated=True,
        )
        account.add(order)
        self._take(key, order, now)

    # ------------------------------------------------------------------------------------------------------------ what is refused

    def _market(self, asked: checks.Asked) -> tuple[Rules, Top]:
        symbol = checks.needed(asked, "symbol")
        if symbol not in self.rules:
            raise VenueError(-1121, "Invalid symbol.")
        if symbol not in self.tops:
            raise VenueError(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")
        return self.rules[symbol], self.tops[symbol]

    def _named(self, asked: checks.Asked, *names: str) -> None:
        if not any(asked.get(name) for name in names):
            raise checks.missing(names[0])

    def _may_open(self, symbol: str, *, reducing: bool) -> None:
        status = self.status[symbol]
        if status in CANCEL_ONLY:
            raise VenueError(-4141, "Symbol is closed.")
        if status != "TRADING" and not reducing:
            raise VenueError(-4140, "Invalid symbol status for opening position.")

    def _unused(self, account: Account, name: str) -> None:
        """Unique among open orders only: a filled order's id may be used again, as at Binance."""
        if name in {order.client_id for order in account.working()} | {algo.client_id for algo in account.waiting() if algo.status == "NEW"}:
            raise VenueError(-4116, "ClientOrderId is duplicated.")

    def _reducible(self, account: Account, order: Order) -> int:
        """How much of it reduces. A market order goes before what rests, and knocks it out; a limit order takes its place behind."""
        held = account.held(order.symbol).quantity
        resting = 0 if order.kind == "MARKET" else sum(one.left for one in _reducing(account, order.symbol))
        free = abs(held) - resting if _closes(held, order.side) else 0
        if free <= 0:
            raise VenueError(-2022, "ReduceOnly Order is rejected.")
        if resting and order.quantity > free:
            raise VenueError(-4118, "ReduceOnly Order Failed. Please check your existing position and open orders.")
        return min(order.quantity, free)

    def _margin(self, account: Account, order: Order, rules: Rules, top: Top) -> None:
        held = account.held(order.symbol).quantity
        growing = max(order.quantity - (abs(held) if _closes(held, order.side) else 0), 0)
        needed = notional(growing, order.price or top.ask) // account.leverage.get(order.symbol, LEVERAGE_DEFAULT)
        if needed > available(account, rules.quote, self.rules, self.tops):
            raise VenueError(-2019, "Margin is insufficient.")


def working_price(algo: Algo, top: Top) -> int:
    return top.mark if algo.working_type == "MARK_PRICE" else top.last


def _crosses(order: Order, top: Top) -> bool:
    """Whether it would be filled now."""
    if order.kind == "MARKET":
        return True
    return order.price >= top.ask if order.side is Side.BUY else order.price <= top.bid


def _reducing(account: Account, symbol: str) -> list[Order]:
    """What rests and may only reduce."""
    return [order for order in account.working() if order.reduce_only and order.symbol == symbol]


def _closes(held: int, side: Side) -> bool:
    """Whether an order of this side makes the position smaller."""
    return bool(held) and (held > 0) == (side is Side.SELL)
