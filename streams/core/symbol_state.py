"""What is known of one symbol: its market, a book for each account, and the intents that were seen."""
import msgspec

from streams.core.book import Book
from streams.core.market import Market


class SymbolState(msgspec.Struct, frozen=True):
    """`seq` counts the events, `time` is the highest log_time of them."""

    symbol: str
    seq: int = 0
    time: int = 0
    market: Market = Market()
    books: dict[str, Book] = {}
    known: bytes = b""                # the intents of a day (`known`)


def new(symbol: str) -> SymbolState:
    return SymbolState(symbol)
