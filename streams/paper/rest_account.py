"""The REST routes about an account: positions, balances, trades, income, leverage and margin type."""
from typing import TYPE_CHECKING

from streams.core.values import decimal
from streams.paper import brackets, events, holdings, instruments, rows
from streams.paper.margin import available, leverage_of, notional_of
from streams.paper.orders import VenueError
from streams.paper.parameters import flag, needed, number, one_of, whole
from streams.paper.routing import DONE, Asked, Handler, known, limit, of_symbol

if TYPE_CHECKING:
    from streams.paper.server import PaperExchange


def _positions(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    """v3: only symbols with a position or open orders."""
    account = exchange.engine.accounts[key]
    busy = {one.symbol for one in account.working()} | {symbol for symbol, one in account.positions.items() if one.quantity}
    return [holdings.position(account, symbol, exchange.engine.rules, exchange.engine.tops) for symbol in sorted(busy) if of_symbol(asked, symbol)]


def _positions_v2(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    """Every symbol that has a price."""
    engine = exchange.engine
    return [holdings.position_v2(engine.accounts[key], symbol, engine.rules, engine.tops) for symbol in engine.tops if of_symbol(asked, symbol)]


def _account(exchange: "PaperExchange", key: str, _asked: Asked, now: int) -> object:
    return holdings.account(exchange.engine.accounts[key], exchange.engine.rules, exchange.engine.tops, now)


def _account_v2(exchange: "PaperExchange", key: str, _asked: Asked, now: int) -> object:
    return holdings.account_v2(exchange.engine.accounts[key], exchange.engine.rules, exchange.engine.tops, now)


def _balance(exchange: "PaperExchange", key: str, _asked: Asked, now: int) -> object:
    return holdings.balances(exchange.engine.accounts[key], exchange.engine.rules, exchange.engine.tops, now)


def _trades(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    """With only a limit, the oldest of the window come first, as at Binance."""
    symbol, first, since = needed(asked, "symbol"), whole(asked, "fromId", 0), whole(asked, "startTime", 0)
    until, number = whole(asked, "endTime", 1 << 62), whole(asked, "orderId", 0)
    found = [
        one for one in exchange.engine.accounts[key].trades
        if one.symbol == symbol and one.trade_id >= first and since <= one.time <= until and number in (0, one.order_id)
    ]
    return [rows.trade(one) for one in found[: limit(asked)]]


def _income(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    since, until = whole(asked, "startTime", 0), whole(asked, "endTime", 1 << 62)
    found = [
        rows.income(one) for one in exchange.engine.accounts[key].incomes
        if of_symbol(asked, one.symbol) and one.kind == asked.get("incomeType", one.kind) and since <= one.time <= until
    ]
    return found[: min(whole(asked, "limit", 100), 1_000)]


def _leverage(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    symbol, leverage = known(exchange, asked), whole(asked, "leverage", 0)
    engine = exchange.engine
    account, rules = engine.accounts[key], engine.rules[symbol]
    if not 1 <= leverage <= brackets.leverage_max(rules.base):
        raise VenueError(-4028, f"Leverage {leverage} is not valid")
    before, held = leverage_of(account, symbol), account.held(symbol).quantity
    if held and leverage < before:
        _less_leverage(exchange, key, symbol, before, leverage)
    if held and notional_of(account, symbol, engine.tops) > brackets.notional_max(rules.base, leverage):
        raise VenueError(-2027, "Exceeded the maximum allowable position at current leverage.")
    account.leverage[symbol] = leverage
    engine.tell(key, events.leverage_update(symbol, leverage, now))
    return {"leverage": leverage, "maxNotionalValue": holdings.notional_max(account, symbol, engine.rules), "symbol": symbol}


def _less_leverage(exchange: "PaperExchange", key: str, symbol: str, before: int, leverage: int) -> None:
    """A position's margin grows with it. Raises VenueError."""
    engine = exchange.engine
    account = engine.accounts[key]
    if symbol in account.isolated:
        raise VenueError(-4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions.")
    amount = notional_of(account, symbol, engine.tops)
    if amount // leverage - amount // before > available(account, engine.rules[symbol].quote, engine.rules, engine.tops):
        raise VenueError(-2028, "Leverage is smaller than permitted: insufficient margin balance.")


def _margin_type(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    symbol, account = known(exchange, asked), exchange.engine.accounts[key]
    refusal = VenueError(-1130, "Data sent for parameter 'marginType' is not valid.")
    isolated = one_of(asked, "marginType", ("CROSSED", "ISOLATED"), refusal) == "ISOLATED"
    if isolated == (symbol in account.isolated):
        raise VenueError(-4046, "No need to change margin type.")
    if symbol in {order.symbol for order in account.working()} | {algo.symbol for algo in account.waiting()}:
        raise VenueError(-4047, "Margin type cannot be changed if there exists open orders.")
    if account.held(symbol).quantity:
        raise VenueError(-4048, "Margin type cannot be changed if there exists position.")
    (account.isolated.add if isolated else account.isolated.discard)(symbol)
    return DONE


def _position_margin(exchange: "PaperExchange", key: str, asked: Asked, now: int) -> object:
    """Adds to (type 1) or takes from (type 2) what was set aside for an isolated position."""
    engine, symbol = exchange.engine, known(exchange, asked)
    account, amount, adds = engine.accounts[key], number(asked, "amount"), needed(asked, "type") == "1"
    held, asset = account.held(symbol), engine.rules[symbol].quote
    if not held.quantity or symbol not in account.isolated:
        raise VenueError(-4054, "Cannot add position margin: position is 0.")
    if adds and amount > available(account, asset, engine.rules, engine.tops):
        raise VenueError(-4050, "Cross balance insufficient.")
    spare = held.margin - notional_of(account, symbol, engine.tops) // leverage_of(account, symbol)
    if not adds and amount > spare:
        raise VenueError(-4051, "Isolated balance insufficient.")
    held.margin += amount if adds else -amount
    engine.tell_account(key, "MARGIN_TRANSFER", now, asset, symbol)
    return {"amount": float(decimal(amount)), "code": 200, "msg": "Successfully modify position margin.", "type": 1 if adds else 2}


def _set_side(_exchange: "PaperExchange", _key: str, asked: Asked, _now: int) -> object:
    if needed(asked, "dualSidePosition").lower() == "false":
        raise VenueError(-4059, "No need to change position side.")
    raise VenueError(-4068, "Position side cannot be changed: this exchange has one-way mode alone.")


def _restrictions(_exchange: "PaperExchange", _key: str, _asked: Asked, now: int) -> object:
    return holdings.restrictions(now)


def _side(*_: object) -> object:
    return {"dualSidePosition": False}


def _multi_assets(*_: object) -> object:
    return {"multiAssetsMargin": False}


def _account_config(exchange: "PaperExchange", key: str, _asked: Asked, _now: int) -> object:
    return holdings.account_config(exchange.engine.accounts[key])


def _symbol_config(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    engine = exchange.engine
    return [holdings.symbol_config(engine.accounts[key], symbol, engine.rules) for symbol in engine.rules if of_symbol(asked, symbol)]


def _brackets(exchange: "PaperExchange", _key: str, asked: Asked, _now: int) -> object:
    return [brackets.told(symbol, rules.base) for symbol, rules in exchange.engine.rules.items() if of_symbol(asked, symbol)]


def _commission(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    return holdings.commission(exchange.engine.accounts[key], known(exchange, asked))


def _rates(exchange: "PaperExchange", _key: str, _asked: Asked, _now: int) -> object:
    return instruments.rate_limits(exchange.usage.limits)[1:]


def _new_listen_key(exchange: "PaperExchange", key: str, _asked: Asked, now: int) -> object:
    return {"listenKey": exchange.sockets.key_for(key, now)}


def _keep_listen_key(exchange: "PaperExchange", key: str, _asked: Asked, now: int) -> object:
    return {"listenKey": exchange.sockets.keep(key, now)}


def _end_listen_key(exchange: "PaperExchange", key: str, _asked: Asked, _now: int) -> object:
    return exchange.sockets.forget(key)


def _burns(exchange: "PaperExchange", key: str, _asked: Asked, _now: int) -> object:
    return {"feeBurn": exchange.engine.accounts[key].burns}


def _burn(exchange: "PaperExchange", key: str, asked: Asked, _now: int) -> object:
    needed(asked, "feeBurn")
    exchange.engine.accounts[key].burns = flag(asked, "feeBurn")
    return DONE


ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "v2/positionRisk"): _positions_v2, ("GET", "v2/account"): _account_v2, ("GET", "v2/balance"): _balance,
    ("GET", "v3/positionRisk"): _positions, ("GET", "v3/account"): _account, ("GET", "v3/balance"): _balance,
    ("GET", "feeBurn"): _burns, ("POST", "feeBurn"): _burn, ("GET", "userTrades"): _trades, ("GET", "income"): _income,
    ("POST", "leverage"): _leverage, ("POST", "marginType"): _margin_type, ("POST", "positionMargin"): _position_margin,
    ("POST", "positionSide/dual"): _set_side, ("GET", "positionSide/dual"): _side, ("GET", "multiAssetsMargin"): _multi_assets,
    ("GET", "leverageBracket"): _brackets, ("GET", "commissionRate"): _commission, ("GET", "rateLimit/order"): _rates,
    ("GET", "symbolConfig"): _symbol_config, ("GET", "accountConfig"): _account_config, ("GET", "sapi/account/apiRestrictions"): _restrictions,
    ("POST", "listenKey"): _new_listen_key, ("PUT", "listenKey"): _keep_listen_key, ("DELETE", "listenKey"): _end_listen_key,
}
