"""The mode of an account: the tightest of what a person, its losses and its lag ask for.

    who        tightens                                   loosens
    a person   HALTED or REDUCING by `ModeWanted`         ACTIVE by `ModeWanted`, and nothing else; a wish for REDUCING never loosens a halt
    losses     `drawdown`: the day's, the fall's, of the  the next UTC day for the day's where set; a person's resume for both
               equity, of the wallets, or of either
    lag        REDUCING while a group's level is STOP     any other level of that group

A person's resume cannot make a group faster: with a lag it is answered with the mode that stays in force. Of equal modes the first above gives the
reason. Modes fall on entries alone, what protects or leaves a position passes always.
"""
import msgspec

from streams.core import drawdown
from streams.core.drawdown import Drawdown, Ruling, resumed
from streams.core.events import LagSeen, ModeWanted
from streams.core.settings import Limits
from streams.core.words import Mode

STOP = "STOP"
FREE = Ruling()


class Modes(msgspec.Struct, frozen=True):
    person: Ruling = FREE
    drawdown: Drawdown = Drawdown()
    realised: Drawdown = Drawdown()   # the wallets', without open profit
    lagging: dict[str, str] = {}      # group -> its figures when it was stopped

    @property
    def ruling(self) -> Ruling:
        lag = Ruling(Mode.REDUCING, "; ".join(self.lagging.values())) if self.lagging else FREE
        return max(self.person, self.losses, lag, key=lambda ruling: ruling.mode.rank)

    @property
    def losses(self) -> Ruling:
        """Of both judgements; one that the limits do not ask for is never made, and rules nothing."""
        return max(self.drawdown.worst, self.realised.worst, key=lambda ruling: ruling.mode.rank)


def wanted(modes: Modes, wish: ModeWanted) -> Modes:
    """After a person's word."""
    if wish.mode is Mode.ACTIVE:
        return msgspec.structs.replace(modes, person=FREE, drawdown=resumed(modes.drawdown), realised=resumed(modes.realised))
    if wish.mode.rank < modes.person.mode.rank:
        return modes
    return msgspec.structs.replace(modes, person=Ruling(wish.mode, f"{wish.by}: {wish.reason}"))


def judged(modes: Modes, equity: int, wallets: int, log_time: int, limits: Limits) -> Modes:
    """After one more look at the equity and at the wallets in it, as far as the limits ask for them."""
    if limits.losses != "realised":
        modes = msgspec.structs.replace(modes, drawdown=drawdown.judged(modes.drawdown, equity, log_time, limits))
    if limits.losses != "equity":
        modes = msgspec.structs.replace(modes, realised=drawdown.judged(modes.realised, wallets, log_time, limits, "realised "))
    return modes


def settled(modes: Modes, equity: int, wallets: int, log_time: int, limits: Limits) -> bool:
    """Whether one more look would say nothing new."""
    return (limits.losses == "realised" or drawdown.settled(modes.drawdown, equity, log_time)) and (
        limits.losses == "equity" or drawdown.settled(modes.realised, wallets, log_time)
    )


def paid(modes: Modes, equity: int, wallets: int) -> Modes:
    """After that much of either came without profit (went without loss, below zero)."""
    return msgspec.structs.replace(modes, drawdown=drawdown.paid(modes.drawdown, equity), realised=drawdown.paid(modes.realised, wallets))


def lagged(modes: Modes, lag: LagSeen) -> Modes:
    """After the lag monitor's word. The reason stays that of the first STOP: figures that change every second are no news."""
    lagging = {group: reason for group, reason in modes.lagging.items() if group != lag.group or lag.level == STOP}
    if lag.level == STOP:
        lagging.setdefault(lag.group, f"{lag.group} is {lag.lag_records} records, {lag.lag_ms} ms behind")
    return msgspec.structs.replace(modes, lagging=lagging)
