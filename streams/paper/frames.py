"""The frames of the public and market streams, field by field. Numbers are decimal strings."""
from typing import Any

from streams.core.values import decimal
from streams.paper.instruments import Rules, top_quantity
from streams.paper.orders import Top
from streams.paper.rows import next_funding

Frame = dict[str, Any]


def book_ticker(rules: Rules, top: Top, number: int, now: int) -> Frame:
    return {
        "e": "bookTicker", "u": number, "E": now, "T": now, "s": rules.symbol, "b": decimal(top.bid), "B": decimal(top_quantity(rules, top.bid)),
        "a": decimal(top.ask), "A": decimal(top_quantity(rules, top.ask)), "ps": rules.symbol, "st": 0,
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


def mini_ticker(rules: Rules, price: int, now: int) -> Frame:
    """24hrMiniTicker of a day in which one price was seen: this exchange keeps no days."""
    told = decimal(price)
    return {
        "e": "24hrMiniTicker", "E": now, "s": rules.symbol, "c": told, "o": told, "h": told, "l": told, "v": "0", "q": "0",
        "ps": rules.symbol, "st": 0,
    }


def mark(rules: Rules, top: Top, now: int) -> Frame:
    told = decimal(top.mark)
    return {
        "e": "markPriceUpdate", "E": now, "s": rules.symbol, "p": told, "ap": told, "P": told, "i": told, "r": "0.00010000", "T": next_funding(now),
        "st": 0,
    }


def _small(rules: Rules) -> str:
    """The quantity of a trade that moves nothing."""
    return decimal(rules.step)
