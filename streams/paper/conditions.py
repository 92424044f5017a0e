"""How the exchange is to be: how far away, how deep, how dear, how strict."""
import msgspec

from streams.paper.funding import EVERY_MS, RATE
from streams.paper.instruments import Limits


class Conditions(msgspec.Struct, frozen=True):
    """Delays in ms, each between the first figure and that plus the jitter. REST delays are of the whole way, half of it there and half back."""

    rest_ms: int = 0
    rest_jitter_ms: int = 0
    stream_ms: int = 0
    stream_jitter_ms: int = 0
    limits: Limits = Limits()
    fee_tier: int = 0
    depth: int = 0                    # quote amount in 1e-8 at each level of the book; 0: as `instruments` says
    funding_rate: int = RATE          # in 1e-8
    funding_every_ms: int = EVERY_MS
    seed: int = 1                     # of the jitter
    connection_s: float = 86_400.0    # after which a WebSocket is closed, whatever it is for
