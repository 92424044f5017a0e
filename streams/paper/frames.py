"""The frames of the public and market streams, field by field. Numbers are decimal strings."""
from typing import Any

from streams.core.values import decimal
from streams.paper import rows
from streams.paper.funding import Terms
from streams.paper.history import History
from streams.paper.instruments import Rules, top_quantity
from streams.paper.orders import Top

Frame = dict[str, Any]


def book_ticker(rules: Rules, top: Top, number: int, now: int) -> Frame:
    return {
        "e": "bookTicker", "u": number, "E": now, "T": now, "s": rules.symbol, "b": decimal(top.bid),
        "B": decimal(top.bid_quantity or top_quantity(rules, top.bid)), "a": decimal(top.ask),
        "A": decimal(top.ask_quantity or top_quantity(rules, top.ask)), "ps": rules.symbol, "st": 0,
    }


def trade(rules: Rules, price: int, number: int, now: int) -> Frame:
    return {
        "e": "trade", "E": now, "T": now, "s": rules.symbol, "t": number, "p": decimal(price), "q": _small(rules), "X": "MARKET", "m": False,
    }


def aggregate_trade(rules: Rules, price: int, number: int, now: int) -> Frame:
    return {
        "e": "aggTrade", "E": now, "a": number, "s": rules.symbol, "p": decimal(price), "q": _small(rules), "nq": _small(rules), "f": number,
        "l": number, "T": now, "m": False, "st": 0,
    }


def mini_ticker(rules: Rules, history: History, now: int) -> Frame:
    """24hrMiniTicker, of as much of a day as was seen."""
    told = rows.day(rules, history, now)
    return {
        "e": "24hrMiniTicker", "E": now, "s": rules.symbol, "c": told["lastPrice"], "o": told["openPrice"], "h": told["highPrice"],
        "l": told["lowPrice"], "v": told["volume"], "q": told["quoteVolume"], "ps": rules.symbol, "st": 0,
    }


def ticker(rules: Rules, history: History, now: int) -> Frame:
    """24hrTicker: without bid and ask."""
    told = rows.day(rules, history, now)
    names = {
        "p": "priceChange", "P": "priceChangePercent", "w": "weightedAvgPrice", "c": "lastPrice", "Q": "lastQty", "o": "openPrice", "h": "highPrice",
        "l": "lowPrice", "v": "volume", "q": "quoteVolume", "O": "openTime", "C": "closeTime", "F": "firstId", "L": "lastId", "n": "count",
    }
    return {"e": "24hrTicker", "E": now, "s": rules.symbol, **{short: told[name] for short, name in names.items()}}


def kline(rules: Rules, history: History, interval: str, now: int) -> Frame:
    """The candle that is being made."""
    *_, last = history.candles(interval)
    opened, first, high, low, close, volume, closes, amount, trades, *_ = rows.candle(rules, last, interval)
    return {
        "e": "kline", "E": now, "s": rules.symbol,
        "k": {
            "t": opened, "T": closes, "s": rules.symbol, "i": interval, "f": last.first_id, "L": last.first_id + trades - 1, "o": first, "c": close,
            "h": high, "l": low, "v": volume, "n": trades, "x": False, "q": amount, "V": "0", "Q": "0", "B": "0",
        },
    }


def depth(rules: Rules, top: Top, levels: int, number: int, now: int) -> Frame:
    """The best levels of the book, whole each time."""
    told = rows.depth(rules, top, levels, now)
    return {
        "e": "depthUpdate", "E": now, "T": now, "s": rules.symbol, "U": number, "u": number, "pu": number - 1, "b": told["bids"], "a": told["asks"],
        "ps": rules.symbol, "st": 0,
    }


def mark(rules: Rules, top: Top, terms: Terms, now: int) -> Frame:
    told = decimal(top.mark)
    return {
        "e": "markPriceUpdate", "E": now, "s": rules.symbol, "p": told, "ap": told, "P": told, "i": told,
        "r": decimal(terms.of(rules.symbol)), "T": terms.next_at(now),
        "st": 0,
    }


def _small(rules: Rules) -> str:
    """The quantity of a trade that moves nothing."""
    return decimal(rules.step)
