"""The mode of an account: the tightest of what a person, its losses and its lag ask for.

    who        tightens                                   loosens
    a person   HALTED or REDUCING by `ModeWanted`         ACTIVE by `ModeWanted`, and nothing else; a wish for REDUCING never loosens a halt
    losses     `drawdown`: the day's, the fall's          the next UTC day for the day's where set; a person's resume for both
    lag        REDUCING while a group's level is STOP     any other level of that group

A person's resume cannot make a group faster: with a lag it is answered with the mode that stays in force. Of equal modes the first above gives the
reason. Modes fall on entries alone, what protects or leaves a position passes always.
"""
import msgspec

from streams.core.drawdown import Drawdown, Ruling, resumed
from streams.core.events import LagSeen, ModeWanted
from streams.core.words import Mode

STOP = "STOP"
FREE = Ruling()


class Modes(msgspec.Struct, frozen=True):
    person: Ruling = FREE
    drawdown: Drawdown = Drawdown()
    lagging: dict[str, str] = {}      # group -> its figures when it was stopped

    @property
    def ruling(self) -> Ruling:
        lag = Ruling(Mode.REDUCING, "; ".join(self.lagging.values())) if self.lagging else FREE
        return max(self.person, self.drawdown.worst, lag, key=lambda ruling: ruling.mode.rank)


def wanted(modes: Modes, wish: ModeWanted) -> Modes:
    """After a person's word."""
    if wish.mode is Mode.ACTIVE:
        return msgspec.structs.replace(modes, person=FREE, drawdown=resumed(modes.drawdown))
    if wish.mode.rank < modes.person.mode.rank:
        return modes
    return msgspec.structs.replace(modes, person=Ruling(wish.mode, f"{wish.by}: {wish.reason}"))


def lagged(modes: Modes, lag: LagSeen) -> Modes:
    """After the lag monitor's word. The reason stays that of the first STOP: figures that change every second are no news."""
    lagging = {group: reason for group, reason in modes.lagging.items() if group != lag.group or lag.level == STOP}
    if lag.level == STOP:
        lagging.setdefault(lag.group, f"{lag.group} is {lag.lag_records} records, {lag.lag_ms} ms behind")
    return msgspec.structs.replace(modes, lagging=lagging)
