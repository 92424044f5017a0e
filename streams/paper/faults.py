"""The fault panel: what a venue does to its customers on a bad day, on request (`POST /_faults`, `GET /_faults`, `DELETE /_faults`).

    {"kind": "hang", "method": "POST", "path": "order", "client_id": "qs-guard", "symbol": "BTCUSDT", "count": 1, "seconds": 3}

Every condition that is named must hold; the fault applies to the next `count` requests that fit. Kinds: see `Kind`. A word that is not known is
refused: a fault that is armed for more than was meant shows nothing.
"""
from collections.abc import Collection
from enum import StrEnum
from typing import Any

import msgspec

from streams.errors import WrongUse
from streams.paper.orders import Algo


class Kind(StrEnum):
    EXECUTE_THEN_DROP = "execute_then_drop"              # done, and the connection closed without an answer
    DROP = "drop"                                        # not done, and the connection closed
    ERROR_503_EXECUTED = "error_503_executed"            # done, and "Unknown error, please check your request or try again later."
    ERROR_503_NOT_EXECUTED = "error_503_not_executed"    # "Service Unavailable."
    THROTTLED_1008 = "throttled_1008"                    # "Request throttled by system-level protection."; what only reduces is done
    INTERNAL_1001 = "internal_1001"                      # done, and "Internal error; unable to process your request."
    TIMEOUT_1007 = "timeout_1007"                        # done, and "Timeout waiting for response from backend server."
    HANG = "hang"                                        # done, and answered after `seconds`
    HTTP_429 = "http_429"
    HTTP_418 = "http_418"
    HTTP_403 = "http_403"                                # a firewall's page
    REJECT = "reject"                                    # with `code`
    DELAY = "delay"                                      # worked and answered `seconds` late
    EMPTY_202 = "empty_202"                              # done, and an empty answer
    WS_DROP = "ws_drop"                                  # at once: every private socket is closed
    MUTE = "mute"                                        # the next `count` user events are not sent
    DUPLICATE = "duplicate"                              # the next `count` user events are sent twice
    REORDER = "reorder"                                  # the next `count` user events are sent after the one behind them
    LATE = "late"                                        # the next `count` user events are sent `seconds` late, and those behind them no sooner
    STUCK = "stuck"                                      # the next `count` conditional orders that are triggered stay TRIGGERING
    FREEZE = "freeze"                                    # at once: the symbol's price stays as it is; `count` 0 lets it go
    DELIST = "delist"                                    # at once: the symbol's status is SETTLING, its price frozen
    SETTLE = "settle"                                    # at once: its orders are cancelled, its positions settled at the mark, its status is CLOSE
    ADL = "adl"                                          # at once: every position in the symbol is deleveraged
    CLOCK_SKEW = "clock_skew"                            # at once: the exchange's clock is `seconds` ahead of what it was given; negative: behind
    MARKET_DROP = "market_drop"                          # at once: every public and market socket is closed
    EXPIRE_KEY = "expire_key"                            # at once: listenKeyExpired


OF_SYMBOLS = (Kind.FREEZE, Kind.DELIST, Kind.SETTLE, Kind.ADL)
OF_EVENTS = (Kind.MUTE, Kind.DUPLICATE, Kind.REORDER, Kind.LATE)


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    kind: Kind
    method: str = ""
    path: str = ""
    symbol: str = ""
    client_id: str = ""               # a prefix
    count: int = 1
    code: int = -2019
    seconds: float = 3.0

    def fits(self, method: str, path: str, symbol: str, client_id: str) -> bool:
        return (
            self.count > 0 and self.kind not in (*OF_EVENTS, Kind.STUCK) and self.method in ("", method) and self.path in ("", path)
            and self.concerns(symbol, client_id)
        )

    def concerns(self, symbol: str, client_id: str) -> bool:
        return self.symbol in ("", symbol) and client_id.startswith(self.client_id)


class Faults:
    def __init__(self) -> None:
        self.armed: list[Fault] = []

    def arm(self, asked: dict[str, Any], symbols: Collection[str] = ()) -> Fault:
        """`symbols` are those that can be frozen or delisted. Raises WrongUse."""
        try:
            fault = msgspec.convert(asked, Fault)
        except msgspec.ValidationError as reason:
            raise WrongUse(f"no such fault: {reason}", f"kind is one of {', '.join(Kind)}") from None
        if fault.kind in OF_SYMBOLS and fault.symbol not in symbols:
            raise WrongUse(f"no symbol {fault.symbol!r} to {fault.kind}", f"symbol is one of {', '.join(symbols)}")
        self.armed.append(fault)
        return fault

    def take(self, method: str, path: str, symbol: str, client_id: str) -> Fault | None:
        """The first armed fault that fits, used once."""
        return self._used(next((fault for fault in self.armed if fault.fits(method, path, symbol, client_id)), None))

    def take_event(self) -> Fault | None:
        return self._used(next((fault for fault in self.armed if fault.count > 0 and fault.kind in OF_EVENTS), None))

    def is_mute(self) -> bool:
        """Asked for TRADE_LITE, which says nothing of its own: it uses no fault up, and is silent with the others."""
        return any(fault.kind is Kind.MUTE and fault.count > 0 for fault in self.armed)

    def takes_trigger(self, algo: Algo) -> bool:
        """Whether a conditional order that is triggered now gets no further."""
        fits = (one for one in self.armed if one.kind is Kind.STUCK and one.count > 0 and one.concerns(algo.symbol, algo.client_id))
        return self._used(next(fits, None)) is not None

    def _used(self, fault: Fault | None) -> Fault | None:
        if fault is not None:
            fault.count -= 1
            self.armed = [one for one in self.armed if one.count > 0]
        return fault
