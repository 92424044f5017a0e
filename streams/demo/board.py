"""What a person who watches wants to see now, out of the log: the tally, and who was last heard of when."""
from collections import deque

import msgspec

from streams.core.commands import Decided
from streams.core.events import BalanceSeen, Beat, GatewaySeen, Instrument, ModeSet, PositionUpdated, Tick
from streams.core.ledger import BeatRecord
from streams.core.words import Mode
from streams.demo.tally import TOPICS as TALLIED
from streams.demo.tally import Tally
from streams.wire.log import Record
from streams.wire.topics import ACCOUNT_EVENT, INSTRUMENT, ORDER_LEDGER, PRICE_TICK

TOPICS = (*TALLIED, PRICE_TICK.name, ACCOUNT_EVENT.name, INSTRUMENT.name)
RECENT = 8


class Board(msgspec.Struct):
    """One reader writes it, the view reads it. Times are epoch ms of the log."""

    tally: Tally = msgspec.field(default_factory=Tally)
    now: int = 0                                          # the newest time that the log told
    ticks: int = 0
    heard: dict[str, int] = {}                            # feed, positions, risk, gateway, reconciled, instruments, balance
    beats: dict[str, tuple[str, int]] = {}                # account -> which gateway's was the newest, and when
    marks: dict[str, int] = {}
    mode: Mode = Mode.ACTIVE
    mode_reason: str = ""
    wallets: dict[tuple[str, str], int] = {}              # account, asset -> amount
    stops: dict[str, int] = {}                            # position id -> its first stop
    denials: deque[tuple[int, Decided]] = msgspec.field(default_factory=lambda: deque(maxlen=RECENT))
    exits: deque[PositionUpdated] = msgspec.field(default_factory=lambda: deque(maxlen=RECENT))

    def take(self, record: Record) -> None:
        message, at = record.message, record.log_time
        self.now = max(self.now, at)
        match message:
            case Tick():
                self.ticks += 1
                self.heard["feed"] = at
                self.marks[message.symbol] = message.mark
            case Beat():
                self.heard["positions" if record.topic == PRICE_TICK.name else "risk"] = at
            case GatewaySeen():
                self.heard["gateway"] = self.heard["reconciled"] = at
            case Instrument():
                self.heard["instruments"] = at
            case BalanceSeen():
                self.heard["balance"] = at
                self.wallets[message.account, message.asset] = message.wallet
            case ModeSet():
                self.mode, self.mode_reason = message.mode, message.reason
            case _:
                self._tell(record)

    def _tell(self, record: Record) -> None:
        if record.topic == ORDER_LEDGER.name:
            self.heard["gateway"] = record.log_time
        if isinstance(record.message, BeatRecord):
            self.beats[record.message.account] = (record.message.instance, record.log_time)
        denials, ends = len(self.tally.denials), len(self.tally.closed)
        self.tally.take(record)
        message = record.message
        if isinstance(message, PositionUpdated) and message.stop_price:
            self.stops.setdefault(message.position_id, message.stop_price)
        if isinstance(message, PositionUpdated) and len(self.tally.closed) > ends:
            self.exits.appendleft(message)
        if isinstance(message, Decided) and len(self.tally.denials) > denials:
            self.denials.appendleft((record.log_time, message))

    def trails(self, position: PositionUpdated) -> bool:
        """Its stop has been tightened since it was first set."""
        return bool(position.stop_price) and position.stop_price != self.stops.get(position.position_id, position.stop_price)

    @property
    def unrealised(self) -> int:
        return sum(position.unrealised_pnl for position in self.tally.held)

    @property
    def equity(self) -> int:
        """Wallets and open profit, taking every margin asset for a dollar."""
        return sum(self.wallets.values()) + self.unrealised
