"""The account's half of the ladder: may this proposal become an order, and is there room for it.

The first reason that holds wins, in the order of the enum `Denial`: what makes every later question meaningless comes first (nobody asks for the
equity of a halted account), what only limits the size comes last. Each denial carries the figures that it was decided by.
"""
import msgspec

from streams.core.commands import Denial, Propose
from streams.core.settings import Settings
from streams.core.sizing import Size, price_of
from streams.core.values import Side, decimal, percent
from streams.core.words import Mode


class Asked(msgspec.Struct, frozen=True):
    """A proposal with all that the ladder looks at."""

    proposal: Propose
    time: int                         # log_time of the decision
    ended: int                        # seq of a snapshot that has gone on without this entry; 0: none has
    mode: Mode
    mode_reason: str
    cooling: int                      # ms for which the account still cools down; 0: it does not
    orders: int                       # of the last minute
    equity: int | None                # of the margin asset
    busy: int                         # other symbols with a position or a reservation
    size: Size                        # at an equity of 0 where it is not known


class No(msgspec.Struct, frozen=True):
    """A denial with its figures."""

    reason: Denial
    detail: str


def deny(asked: Asked, settings: Settings) -> No | None:
    """The first reason against it; None where it may be ordered."""
    return _deny_late(asked, settings) or _deny_account(asked, settings) or _deny_size(asked)


def _deny_late(asked: Asked, settings: Settings) -> No | None:
    """What happened to the intent or the market on the way here."""
    proposal, price = asked.proposal, price_of(asked.proposal)
    if asked.ended:
        return No(Denial.INTENT_KNOWN, f"the symbol has gone on without it: its state {asked.ended} came after the proposal's {proposal.seq}")
    if asked.time > proposal.expires_at:
        return No(Denial.INTENT_EXPIRED, f"it expired {asked.time - proposal.expires_at} ms ago")
    if asked.time - proposal.mark_time > settings.ages.mark_max:
        return No(Denial.MARK_STALE, f"the mark is {asked.time - proposal.mark_time} ms old, {settings.ages.mark_max} at most")
    if proposal.side.sign * (price - proposal.stop_price) <= 0 or proposal.stop_price <= 0:
        return No(Denial.STOP_WRONG_SIDE, f"a {proposal.side} at {decimal(price)} cannot have its stop at {decimal(proposal.stop_price)}")
    return None


def _deny_account(asked: Asked, settings: Settings) -> No | None:
    limits = settings.limits
    if asked.mode is Mode.HALTED:
        return No(Denial.MODE_HALTED, asked.mode_reason)
    if asked.mode is Mode.REDUCING:                      # what reduces does not come here: exits pass no gate
        return No(Denial.MODE_REDUCING, asked.mode_reason)
    if asked.cooling:
        return No(Denial.ACCOUNT_COOLING, f"{limits.streak_max} losses in a row: no entries for {asked.cooling} ms more")
    if asked.orders >= limits.orders_per_minute > 0:
        return No(Denial.ORDERS_TOO_MANY, f"{asked.orders} orders in the last minute, {limits.orders_per_minute} at most")
    if asked.equity is None:
        return No(Denial.EQUITY_UNKNOWN, f"no balance of {asked.proposal.margin_asset} has come yet")
    if asked.busy >= limits.positions_max:
        return No(Denial.POSITIONS_TOO_MANY, f"{asked.busy} other symbols are held or under way, {limits.positions_max} at most")
    if asked.proposal.spread_ppm > limits.spread_max_ppm:
        return No(Denial.SPREAD_TOO_WIDE, f"the spread is {percent(asked.proposal.spread_ppm)}, {percent(limits.spread_max_ppm)} at most")
    return None


def _deny_size(asked: Asked) -> No | None:
    size, proposal = asked.size, asked.proposal
    least = f"the least order is {decimal(size.smallest)}"
    if size.exposure_room < size.smallest:
        return No(Denial.EXPOSURE_ABOVE_MAXIMUM, f"the limits leave room for {decimal(size.exposure_room)} {proposal.margin_asset}, {least}")
    if size.direction_room < size.smallest:
        side = "longs" if proposal.side is Side.BUY else "shorts"
        return No(Denial.DIRECTION_ABOVE_MAXIMUM, f"the {side} leave room for {decimal(size.direction_room)} {proposal.margin_asset}, {least}")
    if size.group and size.group_room < size.smallest:
        return No(Denial.GROUP_ABOVE_MAXIMUM, f"group {size.group} leaves room for {decimal(size.group_room)} {proposal.margin_asset}, {least}")
    if size.margin_room < size.smallest:
        return No(Denial.MARGIN_TOO_SMALL, f"the margin carries {decimal(size.margin_room)} at leverage {size.leverage_max}, {least}")
    if size.safe_room < size.smallest:
        return No(Denial.LIQUIDATION_BEFORE_STOP, _unsafe(asked, least))
    if size.quantity == 0:
        return No(Denial.QUANTITY_BELOW_STEP, f"the size is less than one step of {decimal(proposal.quantity_step)}")
    if size.quantity < proposal.quantity_min:
        return No(Denial.QUANTITY_BELOW_MINIMUM, f"{decimal(size.quantity)} is below the venue's {decimal(proposal.quantity_min)}")
    if size.notional < proposal.notional_min:
        return No(Denial.NOTIONAL_BELOW_MINIMUM, f"{decimal(size.notional)} is below the venue's {decimal(proposal.notional_min)}")
    return None


def _unsafe(asked: Asked, least: str) -> str:
    size, stop = asked.size, decimal(asked.proposal.stop_price)
    if not size.leverage_safe:
        return f"at any leverage the liquidation comes too near to the stop {stop}"
    return f"the stop {stop} allows no leverage above {size.leverage_safe}, which carries {decimal(size.safe_room)}; {least}"

