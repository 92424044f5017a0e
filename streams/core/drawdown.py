"""What the account has lost, and the mode that follows: equity against the day's first and against its highest.

Equity is the wallets and the open profit. The two are told over different topics, so for a moment after a fill one of them is old: a profit stands in
both, or in neither. Hence equity is judged once a second, on the log's clock, and a level counts when two judgements in a row have reached it.

Rules
- The day is the UTC day of the log's time. Its baseline is the first equity judged in it.
- A loss of the day or a fall from the peak that reaches its limit sets REDUCING, then HALTED, and that mode stays when the equity recovers.
- The day's mode ends with the day where `daily_loss_lifts` is set; else, as the mode of the fall always does, when a person resumes.
- A person's resume takes the present equity as both baselines: the same loss again halts again.
- What is paid in or out moves the baselines by the same amount: it is neither profit nor loss. So does an asset that comes to be counted.

The wallets alone, without open profit, are judged by the same rules beside it; `losses` in the limits says which of the two judgements counts.
"""
import msgspec

from streams.core.settings import Limits
from streams.core.values import PPM, decimal, percent, share
from streams.core.words import Mode

DAY_MS = 86_400_000


class Ruling(msgspec.Struct, frozen=True):
    """A mode and why; ACTIVE needs no reason."""

    mode: Mode = Mode.ACTIVE
    reason: str = ""


class Drawdown(msgspec.Struct, frozen=True):
    """Amounts of all counted assets together. `day` is -1 before the first judgement."""

    day: int = -1
    day_equity: int = 0
    peak: int = 0
    last: int = 0
    before: int = 0                   # the judgement before the last
    daily: Ruling = Ruling()
    deep: Ruling = Ruling()

    @property
    def worst(self) -> Ruling:
        return self.deep if self.deep.mode.rank >= self.daily.mode.rank else self.daily


def judged(book: Drawdown, equity: int, log_time: int, limits: Limits, word: str = "") -> Drawdown:
    """After one more judgement. `word` is said before the loss where it is not that of the equity: "realised "."""
    day = log_time // DAY_MS
    if book.day < 0:
        return Drawdown(day, equity, equity, equity, equity)
    if day != book.day:
        book = msgspec.structs.replace(book, day=day, day_equity=equity, daily=Ruling() if limits.daily_loss_lifts else book.daily)
    peak, level = max(book.peak, min(equity, book.last)), max(equity, book.last)
    return msgspec.structs.replace(
        book, peak=peak, last=equity, before=book.last,
        daily=_fallen(book.daily, f"{word}daily loss", level, book.day_equity, limits.daily_loss_reducing_ppm, limits.daily_loss_halt_ppm),
        deep=_fallen(book.deep, f"{word}drawdown", level, peak, limits.drawdown_reducing_ppm, limits.drawdown_halt_ppm),
    )


def settled(book: Drawdown, equity: int, log_time: int) -> bool:
    """Whether one more judgement would say nothing new."""
    return log_time // DAY_MS == book.day and equity == book.last == book.before


def paid(book: Drawdown, change: int) -> Drawdown:
    """After money came in (or went out, below zero) that is no profit."""
    if book.day < 0:
        return book
    return msgspec.structs.replace(
        book, day_equity=book.day_equity + change, peak=book.peak + change, last=book.last + change, before=book.before + change,
    )


def resumed(book: Drawdown) -> Drawdown:
    """After a person's resume: the present equity is where losses are counted from."""
    return msgspec.structs.replace(book, day_equity=book.last, peak=book.last, daily=Ruling(), deep=Ruling())


def _fallen(so_far: Ruling, word: str, level: int, base: int, reducing_ppm: int, halt_ppm: int) -> Ruling:
    """The tighter of the mode so far and the one that the level asks for."""
    if base <= 0:
        return so_far
    loss_ppm = share(base - level, PPM, base)
    mode = Mode.HALTED if loss_ppm >= halt_ppm else Mode.REDUCING if loss_ppm >= reducing_ppm else Mode.ACTIVE
    if mode.rank <= so_far.mode.rank:
        return so_far
    limit = halt_ppm if mode is Mode.HALTED else reducing_ppm
    return Ruling(mode, f"{word} {percent(loss_ppm)} of {decimal(base)}, {percent(limit)} at most")
