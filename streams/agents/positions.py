"""Positions: intents, fills, statuses, ticks and filters of each symbol, over the table `positions`. Exits leave from here in one hop."""
from pathlib import Path

from streams.agents.measured import symbol_step
from streams.agents.turns import Turns
from streams.agents.watch import Watch
from streams.core.events import Beat
from streams.core.settings import Settings
from streams.core.symbol import SymbolState, due, new
from streams.runtime.faust import App, make_app
from streams.runtime.flow import KeyedFlow
from streams.wire.codec import encode
from streams.wire.ticks import FoldableTick
from streams.wire.topics import INSTRUMENT, ORDER_FILL, ORDER_STATUS, PRICE_TICK, TRADE_INTENT

GROUP = "positions"


def build(settings: Settings, *, bootstrap: str, state_dir: Path, instance_id: str | None) -> App:
    """The worker's app. Raises nothing: what is wrong shows when it starts."""
    app = make_app(GROUP, bootstrap=bootstrap, state_dir=state_dir, instance_id=instance_id)
    turns = Turns(GROUP, settings, new, symbol_step)
    flow = KeyedFlow(
        app, "positions", SymbolState, Watch(turns, settings).work, turns.bury, place=turns.place, beat_topic=PRICE_TICK.name,
        due=lambda state, log_time: due(state, log_time, settings),
    )
    flow.read(*(topic.name for topic in (ORDER_FILL, ORDER_STATUS, TRADE_INTENT, PRICE_TICK, INSTRUMENT)))
    flow.fold(PRICE_TICK.name, FoldableTick())
    flow.beat(lambda: encode(Beat(instance_id or GROUP)))
    return app
