"""The books of one symbol: its position as `order.fill` makes it, and which of the venue's trades are in it.

Kept twice: as it is now, with what is still being written, and as it was at a place in the log, from which a successor reads on. The trade list is
asked from the last trade that REST has confirmed: the highest one seen on the stream may hide a lower one that was lost.
"""
import msgspec

from streams.core import positions
from streams.core.events import Filled
from streams.core.ledger import BooksRecord
from streams.core.positions import Held
from streams.venue.answers import Trade

OPENING = "opening-"


class _Line(msgspec.Struct):
    trade_id: str
    held: Held
    offset: int | None = None         # None while it is being written


class Book:
    """`record` is the place to read on from; `lines` are what came after it, in the log's order."""

    def __init__(self, record: BooksRecord, *, new: bool) -> None:
        self.record, self.new = record, new                # new: the ledger has no record of it yet
        self.held = Held(record.quantity, record.price_average, record.position_id)
        self.lines: list[_Line] = []
        self._known: set[str] = set()
        self._opened_at, self._earlier = 0, ""             # venue_time of the trade that opened what is held, and what was held before

    def knows(self, trade_id: str) -> bool:
        return trade_id in self._known or (trade_id.isdigit() and int(trade_id) <= self.record.trade_id)

    @property
    def unconfirmed(self) -> bool:
        """Whether the venue's list has still to confirm something."""
        return bool(self.lines)

    def read(self, fill: Filled, offset: int) -> None:
        """A fill of the log behind the snapshot, on the way up: it is not in the snapshot, also where the venue's list has confirmed it."""
        if fill.trade_id not in self._known:
            self._apply(fill.signed, fill.price, fill.trade_id).offset = offset

    def book(self, trade: Trade, client_order_id: str) -> Filled:
        """A trade that is not known yet, as a fill to be written. It works on the position held before it, else on the one it opens."""
        before = self.held
        self._apply(trade.side.sign * trade.quantity, trade.price, trade.trade_id)
        if self.held.position_id != before.position_id:
            self._opened_at, self._earlier = trade.time, before.position_id or self._earlier
        return Filled(
            self.record.account, self.record.symbol, trade.side, trade.quantity, trade.price, trade.fee, trade.fee_asset, trade.realised_pnl,
            trade.trade_id, client_order_id, trade.venue_order_id, before.position_id or self.held.position_id, trade.is_maker, trade.time,
        )

    def position_at(self, time: int) -> str:
        """The position that was held at a time of the venue, as far back as the one before; empty where none is known."""
        return self.held.position_id if self.held.position_id and time >= self._opened_at else self._earlier

    def written(self, trade_id: str, offset: int) -> None:
        line = next(line for line in self.lines if line.trade_id == trade_id)
        line.offset = offset

    def confirmed(self, trade_id: int, since: int) -> BooksRecord:
        """The venue's list up to this trade is booked. The snapshot moves on over every line that the list covers, and no further."""
        self.record = msgspec.structs.replace(self.record, trade_id=max(trade_id, self.record.trade_id), since=since)
        while self.lines and self._covered(self.lines[0]):
            line = self.lines.pop(0)
            self._known.discard(line.trade_id)
            self.record = msgspec.structs.replace(
                self.record, offset=(line.offset or 0) + 1, quantity=line.held.quantity, price_average=line.held.price_average,
                position_id=line.held.position_id,
            )
        return self.record

    def idle(self, end: int) -> BooksRecord | None:
        """The record moved on to the partition's end where nothing of the symbol lies between: a successor need not read other symbols' years."""
        if self.new or self.lines or end <= self.record.offset:
            return None
        self.record = msgspec.structs.replace(self.record, offset=end)
        return self.record

    def _covered(self, line: _Line) -> bool:
        return line.offset is not None and (not line.trade_id.isdigit() or int(line.trade_id) <= self.record.trade_id)

    def _apply(self, signed: int, price: int, trade_id: str) -> _Line:
        self.held, _ = positions.filled(self.held, positions.Trade(self.record.account, self.record.symbol, trade_id, signed, price))
        self._known.add(trade_id)
        self.lines.append(_Line(trade_id, self.held))
        return self.lines[-1]
