"""An exchange without a clock or a socket, with a price for each symbol, and what it told."""
from typing import Any

from streams.core.values import e8
from streams.paper.instruments import ALL, Rules
from streams.paper.matching import Exchange
from streams.paper.orders import Account, Algo, Order, Top, VenueError

KEY, NOW = "paper", 1_800_000_000_000
BTC = {"symbol": "BTCUSDT"}


class House:
    """BTCUSDT stands at 60000 / 60000.1; the wallet holds 10,000 USDT."""

    def __init__(self, symbols: dict[str, Rules] | None = None, wallet: str = "10000") -> None:
        self.told: list[dict[str, Any]] = []
        self.exchange = Exchange(symbols or ALL, tell=lambda _key, event: self.told.append(event))
        self.account = self.exchange.accounts[KEY] = Account(wallets={"USDT": e8(wallet)})
        self.price("BTCUSDT", "60000", "60000.1")

    def price(self, symbol: str, bid: str, ask: str, *, last: str = "", mark: str = "") -> None:
        self.exchange.priced(symbol, Top(e8(bid), e8(ask), e8(last or bid), e8(mark or bid)), NOW)

    def order(self, side: str, quantity: str, **asked: str) -> Order:
        return self.exchange.place(KEY, {**BTC, "side": side, "type": "MARKET", "quantity": quantity, **asked}, NOW)

    def limit(self, side: str, quantity: str, price: str, **asked: str) -> Order:
        return self.order(side, quantity, type="LIMIT", price=price, **{"timeInForce": "GTC", **asked})

    def algo(self, side: str, kind: str, trigger: str, **asked: str) -> Algo:
        wanted = {**BTC, "algoType": "CONDITIONAL", "side": side, "type": kind, **({"triggerPrice": trigger} if trigger else {}), **asked}
        return self.exchange.place_algo(KEY, wanted, NOW)

    def refused(self, path: str, asked: dict[str, str]) -> int:
        """The code of the refusal, 0 where there is none."""
        place = self.exchange.place if path == "order" else self.exchange.place_algo
        try:
            place(KEY, asked, NOW)
        except VenueError as reason:
            return reason.code
        return 0

    def events(self) -> list[str]:
        """What was told since the last look, a line an event, without those that say the same once more."""
        lines = [line(event) for event in self.told if event["e"] != "TRADE_LITE"]
        self.told.clear()
        return lines

    @property
    def held(self) -> int:
        return self.account.held("BTCUSDT").quantity


def line(event: dict[str, Any]) -> str:
    match event["e"]:
        case "ORDER_TRADE_UPDATE":
            told = event["o"]
            return f"order {told['c']} {told['x']} {told['X']} {told['z']} at {told['ap']}"
        case "ALGO_UPDATE":
            told = event["o"]
            return f"algo {told['caid']} {told['X']}" + (f" filled {told['aq']} at {told['ap']}" if told["X"] == "FINISHED" else "")
        case "ACCOUNT_UPDATE":
            return f"account {event['a']['B'][0]['wb']}" + "".join(f" {one['s']} {one['pa']} at {one['ep']}" for one in event["a"]["P"])
    return str(event["e"])
