"""The exchange itself, without a clock or a socket: requests, prices and time in; events out, through `tell`.

Orders and conditional orders lie in two stores, as at Binance. Each account trades against the market alone: what one takes of the book is gone until
the next tick, and no order of one meets an order of another.
"""
from streams.core.values import Side, decimal, notional
from streams.paper import admission, checks, conditional, filling, forced, funding
from streams.paper.book import crosses
from streams.paper.floor import Floor
from streams.paper.orders import Algo, Order, Top, VenueError
from streams.paper.parameters import Asked, named, whole

CHANGES_MAX = 10_000


class Exchange(Floor):
    """The door to the rooms that are listed in `floor`."""

    # ------------------------------------------------------------------------------------------------------------ orders

    def place(self, key: str, asked: Asked, now: int) -> Order:
        """POST order. Raises VenueError."""
        rules, top = self.market(asked)
        order = checks.order_asked(asked, rules, top, next(self.order_ids), now)
        admission.order(self, key, order)
        filling.enter(self, key, order, now)
        return order

    def amend(self, key: str, asked: Asked, now: int) -> Order:
        """PUT order: another price or quantity for a limit order. One that is left with nothing, or would no longer be post-only, is cancelled."""
        named(asked, "orderId", "origClientOrderId")
        order, (rules, top) = self.find(key, asked), self.market(asked)
        if order is None or not order.open:
            raise VenueError(-2013, "Order does not exist.")
        quantity, price = self._changed(order, asked)
        if quantity <= order.filled or (order.time_in_force == "GTX" and crosses(_as(order, quantity, price), top)):
            filling.end(self, key, order, "CANCELED", now)
            return order
        checks.within_band(order.side, price, rules, top)
        if notional(quantity, price) < rules.notional_min:
            raise VenueError(-5029, f"Order's notional must be no smaller than {decimal(rules.notional_min)}")
        before = order.quantity, order.price
        order.quantity = order.filled                     # so that it does not count twice
        try:
            admission.affordable(self, key, _as(order, quantity - order.filled, price))
        except VenueError:
            order.quantity = before[0]
            raise
        order.quantity, order.price, order.changes, order.updated = quantity, price, order.changes + 1, now
        self.tell_order(key, order, "AMENDMENT", now)
        if crosses(order, top):
            filling.take(self, key, order, now)
        return order

    def _changed(self, order: Order, asked: Asked) -> tuple[int, int]:
        """The quantity and price that are wanted now. Raises VenueError."""
        rules = self.rules[order.symbol]
        if self.status[order.symbol] != "TRADING":
            raise VenueError(-5024, "Symbol is not in trading status. Order amendment is not permitted.")
        if order.kind != "LIMIT":
            raise VenueError(-5025, "Only limit order is supported.")
        if order.reduce_only:
            raise VenueError(-5047, "Reduce only order cannot be modified.")
        if order.changes >= CHANGES_MAX:
            raise VenueError(-5026, "Exceed maximum modify order limit.")
        wanted = checks.quantity(asked, rules, market=False), checks.price(asked, "price", rules)
        if wanted == (order.quantity, order.price):
            raise VenueError(-5027, "No need to modify the order.")
        return wanted

    def cancel(self, key: str, asked: Asked, now: int) -> Order:
        named(asked, "orderId", "origClientOrderId")
        order = self.find(key, asked)
        if order is None or not order.open:
            raise VenueError(-2011, "Unknown order sent.")
        filling.end(self, key, order, "CANCELED", now)
        return order

    def cancel_all(self, key: str, symbol: str, now: int) -> None:
        for order in [one for one in self.accounts[key].working() if one.symbol == symbol]:
            filling.end(self, key, order, "CANCELED", now)

    def find(self, key: str, asked: Asked) -> Order | None:
        """By orderId or origClientOrderId: the newest that was ever given the id."""
        if number := whole(asked, "orderId", 0):
            return self.accounts[key].orders.get(number)
        name, symbol = asked.get("origClientOrderId"), asked.get("symbol")
        found = [order for order in self.accounts[key].orders.values() if (order.client_id, order.symbol) == (name, symbol)]
        return found[-1] if found else None

    # ------------------------------------------------------------------------------------------------------------ conditional orders

    def place_algo(self, key: str, asked: Asked, now: int) -> Algo:
        """POST algoOrder. No margin and no position is looked at before the trigger. Raises VenueError."""
        rules, top = self.market(asked)
        algo = checks.algo_asked(asked, rules, top, next(self.algo_ids), now)
        admission.algo(self, key, algo)
        conditional.begin(algo, top)
        self.accounts[key].add_algo(algo)
        filling.turn(self, key, algo, "NEW", now)
        return algo

    def cancel_algo(self, key: str, asked: Asked, now: int) -> Algo:
        named(asked, "algoId", "clientAlgoId")
        algo = self.find_algo(key, asked)
        if algo is None or algo.status != "NEW":
            raise VenueError(-2011, "Unknown order sent.")
        filling.turn(self, key, algo, "CANCELED", now)
        return algo

    def cancel_all_algos(self, key: str, symbol: str, now: int) -> None:
        for algo in [one for one in self.accounts[key].waiting() if one.symbol == symbol and one.status == "NEW"]:
            filling.turn(self, key, algo, "CANCELED", now)

    def find_algo(self, key: str, asked: Asked) -> Algo | None:
        if number := whole(asked, "algoId", 0):
            return self.accounts[key].algos.get(number)
        found = [algo for algo in self.accounts[key].algos.values() if algo.client_id == asked.get("clientAlgoId")]
        return found[-1] if found else None

    # ------------------------------------------------------------------------------------------------------------ prices and time

    def priced(self, symbol: str, top: Top, now: int) -> None:
        """A new market, its book full again: what waits for it is filled or triggered, and who cannot hold on is liquidated."""
        self.tops[symbol] = top
        for side in Side:
            self.taken.pop((symbol, side), None)
        for key, account in self.accounts.items():
            for order in [o for o in account.working() if o.symbol == symbol]:
                if order.open and crosses(order, top):
                    filling.meet(self, key, order, now)
            for algo in [a for a in account.waiting() if a.symbol == symbol]:
                if algo.status == "NEW":
                    conditional.look(self, key, algo, now)
            forced.look(self, key, symbol, now)

    def passed(self, now: int) -> None:
        """The clock's work up to now: orders that were good till a time, countdowns, funding."""
        for key, account in self.accounts.items():
            for order in [o for o in account.working() if o.good_till and o.good_till <= now]:
                filling.end(self, key, order, "EXPIRED", now)
            for algo in [a for a in account.waiting() if a.status == "NEW" and a.good_till and a.good_till <= now]:
                filling.turn(self, key, algo, "EXPIRED", now)
            for symbol in [one for one, at in account.countdowns.items() if at <= now]:
                del account.countdowns[symbol]
                self.cancel_all(key, symbol, now)
        if self.time and self.funding.is_due(self.time, now):
            for symbol in self.rules:
                funding.pay(self, symbol, now)
        self.time = now


def _as(order: Order, quantity: int, price: int) -> Order:
    """The order as it would be."""
    return Order(order.order_id, order.client_id, order.symbol, order.side, order.kind, quantity, price)
