"""Five hundred intents, each published twice and strewn over the partitions: each is worked once."""
import asyncio
import random
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from streams.core.commands import Decided, Enter, Verdict
from streams.core.events import Intent
from streams.core.words import Action
from streams.paper.instruments import ALL
from streams.runtime.broker import EmbeddedBroker
from streams.wire.log import read
from streams.wire.topics import DECISION_LOG, ORDER_COMMAND
from tests.chaos.house import House, buy, close, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
SYMBOLS, WAVES = list(ALL), 25


async def test_500_intents_twice(tmp_path: Path, own_broker: EmbeddedBroker) -> None:
    dice = random.Random(1)  # noqa: S311
    intents: list[Intent] = []
    async with House(tmp_path, own_broker) as house:
        for wave in range(WAVES):
            for make in (buy, close):
                asked = [make(f"{make.__name__}-{wave}-{symbol}", symbol) for symbol in SYMBOLS]
                intents += asked
                house.publish(asked)
                house.publish(dice.sample(asked, len(asked)), strewn=dice)
                await until(partial(_answered, house, asked), f"wave {wave}: every {make.__name__} is ordered, denied, or known already")
        await until(lambda: asyncio.to_thread(_all_answered, house, [intent.intent_id for intent in intents]), "every intent has an answer", 120)
        await until(house.agrees, "books, positions and protection", 60)
        commands = [record.message for record in read(house.broker.bootstrap, [ORDER_COMMAND.name])]
        ordered = Counter(command.intent_id for command in commands if isinstance(command, Enter))
        assert len(intents) == 500
        assert len(ordered) >= 20
        assert set(ordered) <= {intent.intent_id for intent in intents if intent.action is Action.BUY}
        assert house.twice() == {}
        print(f"{len(ordered)} of 250 entries ordered, {len(house.exchange.record.created)} orders made")  # noqa: T201


def _answered(house: House, asked: list[Intent]) -> bool:
    """A repeat is denied as known: so when every id is denied or ordered, each was worked."""
    tally = house.pipeline.board.tally
    denied = {decision.subject for decision in tally.denials.values()}
    return {intent.intent_id for intent in asked} <= denied | set(tally.commands)


def _all_answered(house: House, wanted: list[str]) -> bool:
    """Ordered, exited or denied for a reason of its own, before it was known."""
    answered = set()
    for record in read(house.broker.bootstrap, [DECISION_LOG.name]):
        decision = record.message
        if isinstance(decision, Decided) and decision.verdict is not Verdict.STEPPED and decision.reason != "INTENT_KNOWN":
            answered.add(decision.subject)
    return set(wanted) <= answered
