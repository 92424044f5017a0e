"""Binance's JSON to values and back. Numbers come as decimal strings; fields that we don't use are left alone, since new ones come without notice.

Sources: the REST responses of Binance's USDⓈ-M documentation (a POST's answer has neither an average price nor a cost since July 2026), and its user
data stream.
"""
from typing import Any

from streams.core.values import Side, decimal, e8
from streams.venue.answers import ENDED, AssetSeen, IncomeSeen, Order, OrderSeen, PositionSeen, SettingsSeen, Trade

Row = dict[str, Any]


def error(body: object) -> tuple[int | None, str]:
    """Code and text of a body that is none of an order. An answer about one order of several is a list of one; codes may be strings."""
    said = body[0] if isinstance(body, list) and len(body) == 1 else body
    if not isinstance(said, dict):
        return None, ""
    given = str(said.get("code", ""))
    return (int(given) if given.removeprefix("-").isdigit() else None), str(said.get("msg") or "")


def order_asked(order: Order) -> Row:
    """The parameters of POST order or algoOrder: exact strings, explicit types, our id."""
    asked: Row = {"symbol": order.symbol, "side": order.side.value, "type": order.kind.value}
    if order.quantity:
        asked["quantity"] = decimal(order.quantity)
    if order.price:
        asked |= {"price": decimal(order.price), "timeInForce": order.time_in_force.value}
    if order.reduce_only:
        asked["reduceOnly"] = "true"
    if order.close_position:
        asked["closePosition"] = "true"
    if order.price_protect:
        asked["priceProtect"] = "true"
    if order.kind.conditional:
        return asked | {
            "algoType": "CONDITIONAL", "clientAlgoId": order.client_order_id, "triggerPrice": decimal(order.trigger_price),
            "workingType": order.trigger_by or "CONTRACT_PRICE", "newOrderRespType": "RESULT",
        }
    return asked | {"newClientOrderId": order.client_order_id, "newOrderRespType": "RESULT"}


def order(row: Row) -> OrderSeen:
    """Of the ordinary store: the answer to POST, GET, DELETE order, and a row of openOrders."""
    return OrderSeen(
        symbol=row["symbol"], client_order_id=row["clientOrderId"], venue_order_id=str(row["orderId"]), status=row["status"], side=Side(row["side"]),
        kind=row["type"], conditional=False, quantity=e8(row["origQty"]), filled=e8(row["executedQty"]), reduce_only=_true(row.get("reduceOnly")),
        close_position=_true(row.get("closePosition")), time=int(row.get("updateTime") or 0),
    )


def conditional_order(row: Row) -> OrderSeen:
    """Of the store of conditional orders: the answer to POST and GET algoOrder, and a row of openAlgoOrders."""
    return OrderSeen(
        symbol=row["symbol"], client_order_id=row["clientAlgoId"], venue_order_id=str(row.get("actualOrderId") or row["algoId"]),
        status=row["algoStatus"], side=Side(row["side"]), kind=row["orderType"], conditional=True, quantity=_e8(row.get("quantity")),
        filled=_e8(row.get("actualQty")), trigger_price=_e8(row.get("triggerPrice")), reduce_only=_true(row.get("reduceOnly")),
        close_position=_true(row.get("closePosition")), time=int(row.get("updateTime") or 0),
    )


def cancelled(row: Row) -> Row:
    """The answer to a DELETE that says that the order is over: a conditional one's by its code, an ordinary one's by its status. Else ValueError."""
    if str(row.get("code")) != "200" and row.get("status") not in ENDED:
        raise ValueError(f"not the end of an order: code {row.get('code')}, status {row.get('status')}")
    return row


def trade(row: Row) -> Trade:
    return Trade(
        symbol=row["symbol"], trade_id=str(row["id"]), venue_order_id=str(row["orderId"]), side=Side(row["side"]), quantity=e8(row["qty"]),
        price=e8(row["price"]), fee=e8(row["commission"]), fee_asset=row["commissionAsset"], realised_pnl=e8(row["realizedPnl"]),
        is_maker=bool(row["maker"]), time=int(row["time"]),
    )


def position(row: Row) -> PositionSeen:
    return PositionSeen(row["symbol"], e8(row["positionAmt"]), _price(row["entryPrice"]), int(row.get("updateTime") or 0))


def asset(row: Row) -> AssetSeen:
    return AssetSeen(row["asset"], e8(row["walletBalance"]), e8(row["availableBalance"]))


def settings(row: Row) -> SettingsSeen:
    return SettingsSeen(row["symbol"], row["marginType"] == "CROSSED", int(row["leverage"]))


def income(row: Row) -> IncomeSeen:
    return IncomeSeen(
        row["incomeType"], str(row.get("symbol") or ""), row["asset"], e8(row["income"]), int(row["time"]), str(row["tranId"]),
        str(row.get("tradeId") or ""),
    )


# ---------------------------------------------------------------------------------------------------------------- the user data stream


def order_event(event: Row) -> OrderSeen:
    """ORDER_TRADE_UPDATE, the order's half. `c` is the id, also of the order that a conditional one became."""
    told = event["o"]
    return OrderSeen(
        symbol=told["s"], client_order_id=told["c"], venue_order_id=str(told["i"]), status=told["X"], side=Side(told["S"]), kind=told["o"],
        conditional=False, quantity=e8(told["q"]), filled=e8(told["z"]), reduce_only=_true(told.get("R")), close_position=_true(told.get("cp")),
        reason=str(told.get("er") or ""), time=int(event["T"]),
    )


def trade_event(event: Row) -> Trade | None:
    """ORDER_TRADE_UPDATE, the trade's half: None where nothing was traded. A liquidation (`x` CALCULATED) has no trade to book: the list is asked."""
    told = event["o"]
    if told["x"] != "TRADE":
        return None
    return Trade(
        symbol=told["s"], trade_id=str(told["t"]), venue_order_id=str(told["i"]), side=Side(told["S"]), quantity=e8(told["l"]), price=e8(told["L"]),
        fee=_e8(told.get("n")), fee_asset=str(told.get("N") or ""), realised_pnl=_e8(told.get("rp")), is_maker=bool(told["m"]), time=int(told["T"]),
        client_order_id=told["c"],
    )


def conditional_event(event: Row) -> OrderSeen:
    """ALGO_UPDATE. FINISHED says that the order it became is over, not that it filled: `aq` says how much."""
    told = event["o"]
    return OrderSeen(
        symbol=told["s"], client_order_id=told["caid"], venue_order_id=str(told.get("ai") or told["aid"]), status=told["X"], side=Side(told["S"]),
        kind=told["o"], conditional=True, quantity=_e8(told.get("q")), filled=_e8(told.get("aq")), trigger_price=_e8(told.get("tp")),
        reduce_only=_true(told.get("R")), close_position=_true(told.get("cp")), reason=str(told.get("rm") or ""), time=int(event["T"]),
    )


def account_event(event: Row) -> tuple[str, list[AssetSeen], list[PositionSeen]]:
    """ACCOUNT_UPDATE: its reason, and only what changed."""
    told = event["a"]
    assets = [AssetSeen(row["a"], e8(row["wb"]), -1, _e8(row.get("bc"))) for row in told.get("B", ())]
    positions = [PositionSeen(row["s"], e8(row["pa"]), _price(row["ep"]), int(event["T"])) for row in told.get("P", ())]
    return str(told.get("m") or ""), assets, positions


def funded_symbol(event: Row) -> str:
    """Whose funding an ACCOUNT_UPDATE tells: named since August 2026, and by the position where the margin is isolated; else empty."""
    told = event["a"]
    symbols = {str(row["s"]) for row in told.get("P", ())}
    return str(told.get("S") or event.get("S") or (symbols.pop() if len(symbols) == 1 else ""))


def _e8(text: str | None) -> int:
    return e8(text) if text else 0


def _price(text: str) -> int:
    """An average that the venue worked out may be finer than 1e-8: the rest is cut off."""
    whole, _, part = text.partition(".")
    return e8(f"{whole}.{part[:8]}") if part else e8(whole)


def _true(value: object) -> bool:
    return str(value).lower() == "true"
