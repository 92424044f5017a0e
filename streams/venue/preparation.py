"""Cross margin and the leverage of each symbol: as the venue says they are, and set before an entry where they are not.

Both are the symbol's own and stay at the venue. Asked for once, at the start and after each gap in the user stream, they spare nearly every entry the
two requests that would set what is so already; what somebody changes in between, the stream tells.
"""
from collections.abc import Callable

from streams.runtime import logs
from streams.venue.answers import Accepted, Doubt, Refused
from streams.venue.binance import Answer, Binance
from streams.venue.outcomes import Act, act

STAYS_AS_IT_IS = (-4047, -4048)       # something is open already: the margin type cannot be changed now
_log = logs.get(__name__)


class Preparation:
    """`ask_to_halt` hears why the venue refuses the account itself."""

    def __init__(self, venue: Binance, ask_to_halt: Callable[[str], None]) -> None:
        self._venue, self._ask_to_halt = venue, ask_to_halt
        self._leverage: dict[str, int] = {}              # of symbols with cross margin; 0 is one whose leverage is not known
        self._asked = False
        self._news: set[str] = set()                     # symbols that changed while the venue was asked for all
        self._gaps = 0                                   # how often nothing was known any more

    async def learn(self) -> None:
        """Asks for all symbols, unless they are known. Without an answer each is set when its next entry comes."""
        if self._asked:
            return
        self._asked, gaps = True, self._gaps
        self._news.clear()
        told = await self._venue.symbol_settings()
        if gaps != self._gaps:
            return
        if not isinstance(told, Accepted):
            _log.warning("margin types and leverages cannot be had: they are set before each symbol's next entry", answer=str(told))
            return
        for one in told.body:
            if one.crossed and one.symbol not in self._news:
                self._leverage.setdefault(one.symbol, one.leverage)

    async def before_entry(self, symbol: str, leverage: int) -> tuple[str, int]:
        """Sets what is not so. Why it cannot be, and the venue's code; or nothing."""
        if symbol not in self._leverage:
            reason, code = self._refusal("margin type", await self._venue.set_cross_margin(symbol))
            if reason and code not in STAYS_AS_IT_IS:
                return reason, code
            self._leverage[symbol] = 0
        if leverage and self._leverage.get(symbol) != leverage:
            reason, code = self._refusal(f"leverage {leverage}", await self._venue.set_leverage(symbol, leverage))
            if reason:
                return reason, code
            self._leverage[symbol] = leverage
        return "", 0

    def leverage_told(self, symbol: str, leverage: int) -> None:
        """By the venue, whoever has set it: a person's would else stay under our next entry."""
        self._news.add(symbol)
        if symbol in self._leverage:
            self._leverage[symbol] = leverage

    def margin_type_told(self, symbol: str) -> None:
        self._news.add(symbol)
        self._leverage.pop(symbol, None)

    def forget(self) -> None:
        """The stream was away: somebody may have changed any of them."""
        self._gaps += 1
        self._asked = False
        self._leverage.clear()

    def _refusal(self, what: str, answer: Answer) -> tuple[str, int]:
        match answer:
            case Refused() if act(answer) is not Act.DONE:
                if act(answer) is Act.STOP:
                    self._ask_to_halt(f"the venue refuses the account: {answer}")
                return f"{what}: {answer}", answer.code
            case Doubt():
                return f"{what}: {answer}", 0
            case _:
                return "", 0
