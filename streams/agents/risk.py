"""Risk: proposals, position snapshots and account events of each account, over the table `accounts`. Entries leave from here, sized."""
from pathlib import Path

from streams.agents.measured import Measured
from streams.agents.turns import Turns
from streams.core.account import AccountState, due, new
from streams.core.events import Beat
from streams.core.settings import Settings
from streams.runtime.faust import App, make_app
from streams.runtime.flow import KeyedFlow
from streams.wire.codec import encode
from streams.wire.topics import ACCOUNT_EVENT, ORDER_PROPOSAL, POSITION_UPDATE

GROUP = "risk"


def build(settings: Settings, *, bootstrap: str, state_dir: Path, instance_id: str | None) -> App:
    """The worker's app. Raises nothing: what is wrong shows when it starts."""
    app = make_app(GROUP, bootstrap=bootstrap, state_dir=state_dir, instance_id=instance_id)
    turns = Turns(GROUP, settings, new, Measured().step)
    flow = KeyedFlow(
        app, "accounts", AccountState, turns.work, turns.bury, place=turns.place, beat_topic=ACCOUNT_EVENT.name,
        due=lambda state, log_time: due(state, log_time, settings),
    )
    flow.read(*(topic.name for topic in (POSITION_UPDATE, ACCOUNT_EVENT, ORDER_PROPOSAL)))
    flow.beat(lambda: encode(Beat(instance_id or GROUP)))
    return app
