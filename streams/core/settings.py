"""Limits and exit policies, as values: the only settings that a decision knows, and only as its argument. Units as in `events`.

The defaults here are the ones that hold without a `streams.toml`; each is explained there.
"""
import hashlib

import msgspec

from streams.core.values import E8, PPM


class Trail(msgspec.Struct, frozen=True):
    """A stop that follows the best price since it was activated, and never loosens. Of several distances the nearest holds; all 0: off."""

    distance_ppm: int = 0             # of the price
    distance_r_ppm: int = 0           # in R
    distance_atr_ppm: int = 0         # the intent's `atr_value` times this, where it gives one
    activation_r_ppm: int = 1_000_000  # profit in R at which it starts
    rearm_ppm: int = 500              # the least move of the stop, as a part of the price, that is worth a replacement


class Rung(msgspec.Struct, frozen=True):
    """One target of several: where, and which part of the position. What the parts leave of 1 runs on behind the stop."""

    part_ppm: int = PPM               # of the position as it was opened
    r_ppm: int = 0                    # in R
    distance_ppm: int = 0             # of the entry price, where no R is given


class Tighten(msgspec.Struct, frozen=True):
    """From a profit on, a trail no farther than this: a curve, point by point."""

    r_ppm: int = 0                    # profit in R, at the best price
    distance_r_ppm: int = 0           # in R


class Patience(msgspec.Struct, frozen=True):
    """At an age, the profit without which a position is closed: a table, row by row."""

    age_ms: int = 0
    r_ppm: int = 0                    # profit in R, at the price of that moment


class Policy(msgspec.Struct, frozen=True):
    """How a position is left."""

    stop_ppm: int = 20_000            # of the entry price, where the intent names no stop
    stop_atr_ppm: int = 1_500_000     # the intent's `atr_value` times this, where it gives one and no stop
    stop_distance_min_ppm: int = 2_000  # a tighter stop is moved out to this
    stop_distance_max_ppm: int = 200_000
    target_r_ppm: int = 1_500_000     # in R, where the intent names no target; 0: none
    targets: tuple[Rung, ...] = ()    # several, instead of the one
    break_even_r_ppm: int = 0         # profit in R that moves the stop to the entry, fees included; 0: off
    break_even_rung: int = 0          # so many of `targets`, once they have filled, do the same; 0: off
    trail: Trail = Trail()
    tighten: tuple[Tighten, ...] = ()
    time_max_ms: int = 0              # 0: no deadline
    patience: tuple[Patience, ...] = ()
    trigger: str = "CONTRACT_PRICE"   # or MARK_PRICE
    price_protect: bool = False       # the venue holds a trigger back while last price and mark are far apart


def _policies() -> dict[str, Policy]:
    return {
        "default": Policy(trail=Trail(distance_ppm=8_000)),
        "scalper": Policy(stop_ppm=6_000, target_r_ppm=1_200_000, trail=Trail(distance_ppm=3_000, activation_r_ppm=600_000), time_max_ms=900_000),
        "swing": Policy(
            stop_ppm=25_000, target_r_ppm=2_500_000, break_even_r_ppm=1_000_000, trail=Trail(distance_ppm=15_000, activation_r_ppm=1_500_000),
        ),
        "trend_runner": Policy(stop_ppm=20_000, target_r_ppm=0, break_even_r_ppm=1_000_000, trail=Trail(distance_ppm=12_000)),
    }


class Limits(msgspec.Struct, frozen=True):
    """What an account may do. Amounts in the quote asset."""

    risk_ppm: int = 5_000             # of equity, lost at the stop
    sizing: str = "risk"              # what sizes an entry: risk, equity or fixed; none of them beyond `risk_ppm`
    size_equity_ppm: int = 100_000    # notional, of equity, with "equity"
    size_fixed: int = 1_000 * E8      # notional with "fixed"
    confidence_weight_ppm: int = 0    # the part of that size that the intent's confidence decides
    size_default: int = 0             # notional where risk and stop give more; 0: no such cap
    notional_max: int = 50_000 * E8   # of one order
    symbol_notional_max: int = 50_000 * E8
    exposure_gross_max_ppm: int = 3 * PPM   # of equity
    exposure_net_max_ppm: int = 2 * PPM
    exposure_long_max_ppm: int = 3 * PPM
    exposure_short_max_ppm: int = 3 * PPM
    leverage_max: int = 5
    margin_use_max_ppm: int = 800_000  # initial margin of all positions and reservations, as a part of equity
    positions_max: int = 10
    orders_per_minute: int = 120      # of the account; 0: no such limit, as in the next two
    intents_per_minute: int = 120     # BUYs and SELLs of the account in one symbol
    streak_max: int = 0               # losses in a row, after which the account cools down
    streak_cool_down: int = 3_600_000  # ms without entries
    loss_cool_down: int = 0           # ms without entries of a symbol that lost; 0: none
    reward_min_ppm: int = 0           # what the targets earn for what the stop loses, both after fees; 0: no such limit
    spread_max_ppm: int = 2_000
    losses: str = "equity"            # what the next five look at: equity (realised and open), realised, or either
    daily_loss_reducing_ppm: int = 30_000
    daily_loss_halt_ppm: int = 50_000
    drawdown_reducing_ppm: int = 100_000
    drawdown_halt_ppm: int = 150_000
    daily_loss_lifts: bool = True     # the mode of a daily loss ends with its UTC day; else when a person resumes
    halt_flattens: bool = False       # a loss that halts closes all positions too
    liquidation_gap_ppm: int = 10_000  # of the price: how far beyond the stop the liquidation must lie


class Group(msgspec.Struct, frozen=True):
    """Symbols that move together, and what they may come to together: of the equity, longs and shorts added."""

    symbols: tuple[str, ...] = ()
    exposure_max_ppm: int = 0


class Ages(msgspec.Struct, frozen=True):
    """In milliseconds of the log's time."""

    intent_max: int = 60_000
    close_max: int = 600_000
    command_max: int = 2_000
    mark_max: int = 5_000
    wait_max: int = 5_000             # of an intent that meets no mark, no filters or no equity yet
    known_max: int = 86_400_000
    unexplained_max: int = 15_000     # a wallet that the books don't explain holds up the limits of losses for so long
    through_stop: int = 1_500         # a price beyond a resting stop for so long is closed at market


class BreakerLimits(msgspec.Struct, frozen=True):
    """Of one symbol."""

    rejections_max: int = 3           # in a row
    cool_down: int = 60_000           # ms until it probes
    jump_max_ppm: int = 100_000       # between two ticks
    frozen_max: int = 60_000          # ms without any change of price while ticks arrive


class Settings(msgspec.Struct, frozen=True):
    default_account: str = "main"
    accounts: tuple[str, ...] = ("main",)
    symbols: tuple[str, ...] = ()     # empty: all that the venue trades
    opposite: str = "close"           # an intent against the position: close, flip or ignore
    additions_max: int = 0            # entries that may add to a position of ours, each at the stop that rests
    adopt: bool = False               # protect what strangers open
    confidence_min_ppm: int = 0
    entry_deviation_max_ppm: int = 20_000
    limits: Limits = Limits()
    groups: dict[str, Group] = {}
    ages: Ages = Ages()
    breaker: BreakerLimits = BreakerLimits()
    policies: dict[str, Policy] = msgspec.field(default_factory=_policies)
    regimes: dict[str, str] = {}      # regime -> policy

    def policy(self, name: str, regime: str = "") -> Policy:
        """By the intent's own word, else by its regime, else the default. KeyError for a word that no policy has: it is denied before."""
        return self.policies[name or self.regimes.get(regime, "default")]


def text_of(settings: Settings) -> str:
    """The one JSON text of these settings: equal settings, equal bytes."""
    return msgspec.json.encode(settings, order="deterministic").decode()


def hash_of(settings: Settings) -> str:
    return hashlib.blake2b(text_of(settings).encode(), digest_size=8).hexdigest()
