"""Whether the gateway's books explain a wallet (`cash` says how), and what of its change is no profit.

A breaker acts on reconciled equity alone. A wallet that moves without a reason holds up its judgement: fills, funding or a payment that explain it
are a moment behind, or the next reconciliation finds them. After `unexplained_max` it is judged as it stands, and the baselines of losses move only
by what makes the judgement sharper: what nobody explains is taken as paid in when it came, and as lost when it went. So is a thousandth of the wallet
at once: a venue that rounds otherwise than we do must not hold up every judgement.

The totals count from the gateway's first sight of the wallet, so a balance that is told late, twice or not at all changes nothing of the next.
"""
import msgspec

from streams.core.cash import DUST
from streams.core.events import BalanceSeen

SMALL = 1_000                         # of the wallet: what is less is not waited for
replace = msgspec.structs.replace


class Explained(msgspec.Struct, frozen=True):
    """One asset's totals, as told last. The sum of what moved the baselines so far is `transferred` and what of `counted` is above zero."""

    begun: int                        # from when they count; another beginning is another count
    transferred: int
    unexplained: int
    counted: int                      # of that: what has stood for long enough, or was there at first sight
    since: int = 0                    # log_time since when `unexplained` is another than `counted`; 0: it is not

    @property
    def paid(self) -> int:
        return self.transferred + max(self.counted, 0)


def told(known: Explained | None, seen: BalanceSeen, now: int) -> Explained:
    """After a balance. At first sight nothing moves; nor does it when a payment is named that has been counted without its name."""
    if known is None or known.begun != seen.begun:
        return Explained(seen.begun, seen.transferred, seen.unexplained, seen.unexplained)
    small = max(DUST, abs(seen.wallet) // SMALL)
    named = abs(seen.unexplained - known.unexplained + seen.transferred - known.transferred) <= DUST
    counts = abs(seen.unexplained - known.counted) <= small or (named and not known.since)
    counted, since = (seen.unexplained, 0) if counts else (known.counted, known.since or now)
    return replace(known, transferred=seen.transferred, unexplained=seen.unexplained, counted=counted, since=since)


def stood(known: Explained, now: int, unexplained_max: int) -> Explained:
    """After time: what has not been explained for so long counts as it is."""
    if not known.since or now - known.since < unexplained_max:
        return known
    return replace(known, counted=known.unexplained, since=0)
