"""What has to be true of venue, account and key before an order may leave: each question a finding with what to do about it.

`streams doctor` prints them before anything runs; the gateway asks the same when it starts. Nothing here changes anything at the venue: `order/test`
places no order. What the venue does not tell is a warning, never a reason to leave a position unwatched.
"""
from collections.abc import Collection

from streams.core.events import Instrument
from streams.core.ids import client_order_id
from streams.core.market import TRADING
from streams.core.values import E8, Side, farther, share_up, up
from streams.errors import NotReachable, WrongUse
from streams.errors import Refused as Unsafe
from streams.venue.answers import Accepted, Doubt, Kind, Order, Refused
from streams.venue.binance import Binance
from streams.venue.clock import boot_ms
from streams.venue.findings import Finding, fail, ok, warn
from streams.venue.outcomes import Meaning, meaning

SKEW_MAX_MS = 500
ENTRIES = (Kind.MARKET, Kind.LIMIT)
# The type is taken, this one order of it would not be: no margin, a thin book, a busy or paused venue.
NOT_THE_TYPE = (Meaning.BUSY, Meaning.LATE, Meaning.THIN, Meaning.EXITS_ONLY, Meaning.CLOSED)
NO_MARGIN = (-2018, -2019, -2024, -2027, -2028)
KEYS_REMEDY = "make a key with futures trading on and withdrawals off, bound to your address"


async def answering(venue: Binance) -> list[Finding]:
    """Whether it answers, and how far the machine's clock is from its own. Sets the venue's clock."""
    asked = boot_ms()
    answer = await venue.synchronise()
    if not isinstance(answer, Accepted):
        remedy = "look at STREAMS_VENUE and the network; the paper exchange is started by `streams up`"
        return [fail("venue", NotReachable(f"{venue.addresses.rest} does not answer: {answer}", remedy))]
    took, skew = boot_ms() - asked, venue.clock.skew_ms
    said = f"the machine's clock is {skew} ms from the venue's"
    clock = ok("clock", said) if abs(skew) <= SKEW_MAX_MS else warn("clock", said, "switch time synchronisation (NTP) on")
    return [ok("venue", f"{venue.addresses.rest} answers in {took} ms"), clock]


async def account(venue: Binance) -> list[Finding]:
    """A signed request, and the position mode: without these nothing at the venue can be relied on."""
    mode = await venue.one_way()
    if isinstance(mode, Refused) and meaning(mode) not in (Meaning.BUSY, Meaning.LATE):
        return [fail("keys", Unsafe(f"the venue refuses the account: {mode}", "look at the keys, their permissions and their address"))]
    if not isinstance(mode, Accepted):
        return [warn("keys", f"a signed request was not answered: {mode}", "ask again")]
    hedge = WrongUse(
        "the account is in hedge mode, in which no order can be reduce-only", "close its positions and set Position Mode to One-way",
    )
    return [
        ok("keys", "a signed request is answered"), ok("position mode", "one-way") if mode.body else fail("position mode", hedge),
    ]


async def permissions(venue: Binance) -> list[Finding]:
    """A key that may withdraw is refused: whoever gets hold of it has the money."""
    if not venue.addresses.spot:
        return [warn("permissions", "this venue does not tell what the key may do", KEYS_REMEDY)]
    answer = await venue.permissions()
    if not isinstance(answer, Accepted) or not isinstance(answer.body, dict) or "enableWithdrawals" not in answer.body:
        return [warn("permissions", f"{venue.addresses.spot} does not tell what the key may do: {answer}"[:200], KEYS_REMEDY)]
    may = answer.body
    if may["enableWithdrawals"]:
        return [fail("permissions", Unsafe("the API key may withdraw: whoever gets hold of it has the money", KEYS_REMEDY))]
    if not may.get("enableFutures", True):
        return [fail("permissions", Unsafe("the API key may not trade futures", KEYS_REMEDY))]
    loose = [word for word, on in (
        ("it is bound to no address", not may.get("ipRestrict", True)), ("it may transfer within Binance", may.get("permitsUniversalTransfer")),
        ("it may transfer to other accounts", may.get("enableInternalTransfer")),
    ) if on]
    return [warn("permissions", f"no withdrawals; but {' and '.join(loose)}", KEYS_REMEDY) if loose else ok("permissions", "futures, no withdrawals")]


async def orders(venue: Binance, symbols: Collection[str] = (), *, tried: Collection[str] = ()) -> list[Finding]:
    """Whether symbols trade and the order types in use are taken, by the filters that `venue.instruments` holds.

    One symbol stands for all of them, unless `tried` names others: each order that is tried is a request.
    """
    known = venue.instruments
    trading = [name for name in (symbols or known) if name in known and known[name].status == TRADING]
    usual = trading[:1] if "BTCUSDT" not in trading else ["BTCUSDT"]
    found = [_listed(venue, symbols, trading)]
    found += [await _entry(venue, kind, known[name]) for name in tried or usual if name in known for kind in ENTRIES]
    found += [fail("symbols", WrongUse(f"the venue does not list {name}", "mend --symbol")) for name in tried if name not in known]
    return [*found, await _conditional(venue)]


def _listed(venue: Binance, symbols: Collection[str], trading: Collection[str]) -> Finding:
    off = [f"{name} ({venue.instruments[name].status if name in venue.instruments else 'not listed'})" for name in symbols if name not in trading]
    if not trading:
        return fail("symbols", WrongUse(f"none trades: {', '.join(off) or 'the venue lists none'}", "mend STREAMS_SYMBOLS"))
    if off:
        return warn("symbols", f"{len(trading)} trade; not {', '.join(off)}", "mend STREAMS_SYMBOLS, or wait for the venue")
    return ok("symbols", f"{len(trading)} trade")


async def _entry(venue: Binance, kind: Kind, instrument: Instrument) -> Finding:
    """The least order of its type, looked at by the venue."""
    name, symbol = f"{kind} entries", instrument.symbol
    mark = await venue.mark(symbol)
    if not isinstance(mark, Accepted) or mark.body <= 0:
        return warn(name, f"cannot be tried without a price of {symbol}", "ask again when it has one")
    price = farther(mark.body, instrument.tick_size, Side.BUY)
    quantity = up(max(instrument.quantity_min, share_up(instrument.notional_min, 20 * E8, 19 * mark.body)), instrument.quantity_step)
    client_id = client_order_id("selfcheck", symbol, kind.value, "test")
    answer = await venue.test(Order(symbol, Side.BUY, kind, client_id, quantity, price if kind is Kind.LIMIT else 0))
    match answer:
        case Accepted():
            return ok(name, f"taken, tried with {symbol}")
        case Refused() if meaning(answer) in NOT_THE_TYPE or answer.code in NO_MARGIN:
            return warn(name, f"taken, but not now: {answer}", "add margin or wait; nothing is wrong with the order")
        case Refused():
            return fail(name, Unsafe(f"the venue does not take {kind} orders as we send them: {answer}", "the code names the reason"))
        case Doubt():
            return warn(name, f"the venue did not answer: {answer}", "ask again")


async def _conditional(venue: Binance) -> Finding:
    """Stops and targets live in a store of their own: where it cannot be read, no guard can be trusted."""
    answer = await venue.open_conditionals()
    match answer:
        case Accepted():
            return ok("stops and targets", f"their store answers, {len(answer.body)} rest")
        case Refused() if meaning(answer) not in NOT_THE_TYPE:
            return fail("stops and targets", Unsafe(f"the store of conditional orders refuses: {answer}", "without it no position can be guarded"))
        case _:
            return warn("stops and targets", f"the store of conditional orders did not answer: {answer}", "ask again")
