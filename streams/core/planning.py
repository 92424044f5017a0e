"""When a plan is made: a position of ours, guarded, not being closed, with no plan under way; and how it is numbered."""
import msgspec

from streams.core.book import Book, UnderWay
from streams.core.commands import Plan
from streams.core.events import Instrument
from streams.core.exits import Wanted, untightened, wanted
from streams.core.market import Market
from streams.core.protected import Position
from streams.core.protection import Where, change

replace = msgspec.structs.replace


def manageable(book: Book, now: int, *, adopt: bool) -> bool:
    """Whether Exit Brain may place for it: ours and guarded, or a stranger's that is adopted; not while it is being closed or answered for."""
    position = book.position
    if position is None or book.closing or book.under_way or book.awaits(now):
        return False
    return position.guard is not None if position.intent_id else adopt


def price_of(market: Market, position: Position) -> int:
    """The one that the venue's triggers go by."""
    return market.mark if position.policy.trigger == "MARK_PRICE" else market.last


def price_believed(market: Market, position: Position, now: int, mark_age_max: int) -> int:
    """The same, while it is good and young; else 0."""
    return price_of(market, position) if market.believed and now - market.mark_time <= mark_age_max else 0


def wish(book: Book, market: Market, now: int, *, adopt: bool) -> Wanted | None:
    """The stop that should rest now; None where Exit Brain may not place."""
    position, instrument = book.position, market.instrument
    if position is None or instrument is None or not manageable(book, now, adopt=adopt):
        return None
    return wanted(position, instrument.tick_size, instrument.taker_fee_ppm)


def planned(book: Book, want: Wanted | None, price: int, instrument: Instrument | None, now: int, tick_time: int) -> tuple[Book, Plan | None]:
    """The book with its next plan under way; None where none is needed, or may be made yet. Without a price to believe nothing is tightened."""
    position = book.position
    if want is None or position is None or instrument is None or now < book.plan_after:
        return book, None
    if not price:
        want = untightened(position, want, instrument.tick_size)
    symbol = instrument.symbol
    after = change(Where(book.account, symbol, instrument.quantity_step, price, instrument.quantity_max), position, want, book.legs)
    if not after.steps:
        return book, None
    plan = Plan(
        book.account, symbol, position.held.position_id, book.revision, position.side.opposite, after.steps, after.reason, now, tick_time,
    )
    if price:
        position = replace(position, stop_price=want.stop_price or position.stop_price, stop_why=want.why)
    return replace(book, position=position, under_way=UnderWay(plan, after.placing, after.selling), revision=book.revision + 1, legs=after.legs), plan
