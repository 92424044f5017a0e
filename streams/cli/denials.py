"""Why an intent is denied, when, and what to do about it: the one text behind `streams explain denials` and `docs/denials.md`.

`make docs` writes the document; a test holds it to this text, and this text to the enum and to the code that denies.
"""
import msgspec

from streams.core.commands import Denial

POSITIONS, RISK = "positions", "risk"
D = Denial

# reason: (who denies, when, what to do)
EXPLAINED: dict[Denial, tuple[tuple[str, ...], str, str]] = {
    D.INTENT_KNOWN: (
        (POSITIONS, RISK), "An intent of the same id came within `ages.known_max`, or the symbol has gone on without this one.",
        "Nothing, if it was sent twice. A new wish needs a new `intent_id`; `streams why ID` tells what became of the first."),
    D.INTENT_EXPIRED: (
        (POSITIONS, RISK), "It is older than `ages.intent_max` (a CLOSE: `ages.close_max`), or its own `expires_at` has passed.",
        "Look at the producer's clock and at what delays it; the log's time counts, not the machine's."),
    D.ACCOUNT_UNKNOWN: (
        (POSITIONS,), "Its `account` is none of `accounts`.", "Mend the name, or add the account to `streams.toml`."),
    D.SYMBOL_NOT_LISTED: (
        (POSITIONS,), "The symbol is not in `symbols`, or the venue's filters of it did not come within `ages.wait_max`.",
        "Look at the symbol's spelling, at `STREAMS_SYMBOLS`, and with `streams status` at the gateway, which publishes the filters."),
    D.POSITION_MISSING: (
        (POSITIONS,), "A CLOSE of a symbol in which nothing is held or in flight, or of a part of what is being closed already.",
        "Nothing: there is nothing to close."),
    D.ENTRY_MISSING: ((POSITIONS,), "A CANCEL, and no entry of the symbol works or waits.", "Nothing: it has filled or ended already."),
    D.INTENT_WITHDRAWN: (
        (POSITIONS,), "It waited for a price, for filters or for its turn, and a later CLOSE or CANCEL took it back.",
        "Nothing: that was the later wish."),
    D.SYMBOL_NOT_TRADING: (
        (POSITIONS,), "The venue's status of the symbol is not TRADING.", "Wait for the venue; remove the symbol if it is delisted."),
    D.SYMBOL_HALTED: ((POSITIONS,), "A person halted the symbol.", "`streams resume --symbol SYMBOL --reason TEXT`, when the reason is gone."),
    D.BREAKER_OPEN: (
        (POSITIONS,), "The symbol's breaker is open, or lets another entry probe: rejections in a row, a price that cannot be true, a refused stop.",
        "It probes by itself after `breaker.cool_down`; `streams resume --symbol SYMBOL --reason TEXT` closes it at once."),
    D.INTENTS_TOO_MANY: (
        (POSITIONS,), "`limits.intents_per_minute` BUYs and SELLs of the account came to the symbol within a minute of the log's time.",
        "Look at the producer: it repeats itself. CLOSE and CANCEL are never counted, nor is an intent that closes what is held."),
    D.ENTRY_IN_FLIGHT: (
        (POSITIONS,), "An entry of the symbol has not ended, an intent waits, or a close is under way: one at a time.",
        "Send it again when that has ended; CANCEL takes a working entry back."),
    D.POSITION_OPEN: (
        (POSITIONS,), "A position is held, and the intent may neither add to it (`additions_max`) nor close it (`opposite`).",
        "CLOSE first, or raise `additions_max`, if adding is what you want."),
    D.SYMBOL_COOLING: (
        (POSITIONS,), "The symbol's last position ended with a loss, fees included, less than `limits.loss_cool_down` ago.",
        "Wait, or shorten `limits.loss_cool_down`."),
    D.CONFIDENCE_TOO_LOW: ((POSITIONS,), "Its confidence is below `confidence_min`.", "Nothing, or lower `confidence_min`."),
    D.POLICY_UNKNOWN: (
        (POSITIONS,), "Its `harvest_policy.mode` is none of the policies: another one would be another stop than was meant.",
        "Mend the word, or add the policy to `streams.toml`; `streams explain exits` has them all. An unknown `regime` means the default."),
    D.MARK_MISSING: (
        (POSITIONS,), "No price of the symbol came within `ages.wait_max`.",
        "Look with `streams status` whether the feed is alive and has the symbol."),
    D.MARK_STALE: (
        (POSITIONS, RISK), "The last price is older than `ages.mark_max`.",
        "As MARK_MISSING; a symbol that hardly trades needs a larger `ages.mark_max`."),
    D.PRICE_OFF_MARK: (
        (POSITIONS,), "Its `entry_price` is farther from the mark than `entry_deviation_max`, or as a LIMIT beyond the venue's band (PERCENT_PRICE).",
        "Look at the producer's price: its unit, its symbol, its age."),
    D.STOP_WRONG_SIDE: (
        (POSITIONS, RISK), "Its stop is not below the entry and the mark (a SELL's: above), or no price on the venue's grid is.",
        "Mend the stop; without one the policy's holds."),
    D.STOP_TOO_FAR: ((POSITIONS,), "Its stop is farther away than the policy's `stop_distance_max`.", "Mend the stop, or widen the policy."),
    D.TARGET_WRONG_SIDE: (
        (POSITIONS,), "Its target is not above the entry, at market also the mark (a SELL's: below).",
        "Mend the target; without one the policy's holds."),
    D.REWARD_TOO_SMALL: (
        (POSITIONS,), "Its targets earn less than `limits.reward_min` of what its stop loses, both after the taker's fees of both ways.",
        "A farther target or a nearer stop; an entry without any target is not asked."),
    D.MODE_HALTED: (
        (RISK,), "The account is HALTED: by a person, by its loss of the day, or by its fall from the highest equity.",
        "`streams status` says why; `streams resume --reason TEXT` lifts it, and nothing else does but a new day, where `daily_loss_lifts`."),
    D.MODE_REDUCING: (
        (RISK,), "The account only reduces: by a person's word, or because a limit of losses is near.",
        "As MODE_HALTED."),
    D.ACCOUNT_COOLING: (
        (RISK,), "`limits.streak_max` positions in a row ended with a loss, the last of them less than `limits.streak_cool_down` ago.",
        "Wait; `streams resume --reason TEXT` ends it, and losses are counted from there."),
    D.ORDERS_TOO_MANY: (
        (RISK,), "The account ordered `limits.orders_per_minute` entries within the last minute of the log's time.",
        "Look at what sends so many intents, or raise the limit."),
    D.EQUITY_UNKNOWN: (
        (RISK,), "No balance of the symbol's margin asset came within `ages.wait_max`.",
        "Look with `streams status` at the gateway, which publishes it."),
    D.POSITIONS_TOO_MANY: ((RISK,), "`limits.positions_max` other symbols are held or under way.", "Wait for an exit, or raise the limit."),
    D.SPREAD_TOO_WIDE: (
        (RISK,), "Ask and bid are farther apart than `limits.spread_max`.", "Wait for a calmer market; a thin symbol may need a wider limit."),
    D.EXPOSURE_ABOVE_MAXIMUM: (
        (RISK,), "The limits of notional and exposure leave less room than the venue's least order.",
        "Wait for an exit, or raise the limit that binds: the detail names the figures."),
    D.DIRECTION_ABOVE_MAXIMUM: (
        (RISK,), "`limits.exposure_long_max` of a BUY, `limits.exposure_short_max` of a SELL, leaves less room than the venue's least order.",
        "Wait for an exit on that side, or raise the limit."),
    D.GROUP_ABOVE_MAXIMUM: (
        (RISK,), "A group of the symbol (`groups`) leaves less room than the venue's least order; the detail names the group.",
        "Wait for an exit in that group, or raise its `exposure_max`."),
    D.MARGIN_TOO_SMALL: (
        (RISK,), "What `limits.margin_use_max` leaves of the equity carries less than the venue's least order.",
        "Wait for an exit, add equity, or raise `limits.leverage_max`."),
    D.LIQUIDATION_BEFORE_STOP: (
        (RISK,), "At no leverage that carries the least order does the liquidation lie `limits.liquidation_gap` beyond the stop.",
        "A nearer stop, or a smaller size."),
    D.QUANTITY_BELOW_STEP: (
        (POSITIONS, RISK), "The size, or the part of a CLOSE, is less than one step of the venue's quantity.",
        "A larger size or part, more equity, or a nearer stop: `limits.risk` divided by its distance sizes an entry."),
    D.QUANTITY_BELOW_MINIMUM: (
        (POSITIONS, RISK), "The size, or the part of a CLOSE, is below the venue's least quantity.", "As QUANTITY_BELOW_STEP."),
    D.NOTIONAL_BELOW_MINIMUM: ((RISK,), "The size is below the venue's least notional.", "As QUANTITY_BELOW_STEP."),
}
ABOVE = """# Denials

<!-- Written by `make docs` from streams/cli/denials.py: change the text there. -->

Every intent ends with an order or with a denial; a denial stands in `decision.log` with the figures behind it, and `streams why ID` shows it. The
reasons are asked in this order, the symbol's first (positions), then the account's (risk); the first that holds is the one that is told. Exits
pass no gate: a CLOSE is denied only where there is nothing to close. Names in code are settings of `streams.toml`; `streams explain risk` shows
their values.

| reason | denied by | when | what to do |
|---|---|---|---|
"""


class Explained(msgspec.Struct, frozen=True):
    reason: Denial
    by: tuple[str, ...]
    when: str
    remedy: str


def explained() -> list[Explained]:
    """In the enum's order. KeyError for a reason that nobody has explained."""
    return [Explained(reason, *EXPLAINED[reason]) for reason in Denial]


def page() -> str:
    return ABOVE + "".join(f"| `{one.reason}` | {' and '.join(one.by)} | {one.when} | {one.remedy} |\n" for one in explained())

