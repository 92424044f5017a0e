"""Five hundred intents over ten symbols, each published twice and strewn over the partitions: each is worked once."""
import asyncio
import random
from collections import Counter
from functools import partial
from pathlib import Path

import msgspec
import pytest

from streams.core.commands import Decided, Enter, Verdict
from streams.core.events import EntryReported, Intent
from streams.core.ledger import OrderState
from streams.core.words import Action, EntryState
from streams.paper.instruments import ALL
from streams.runtime.broker import EmbeddedBroker
from streams.wire.log import read
from streams.wire.topics import DECISION_LOG, ORDER_COMMAND, ORDER_STATUS
from tests.chaos.house import House, buy, close, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
SYMBOLS, WAVES, PATIENT_WAVES = list(ALL), 25, 4
TOPICS = (DECISION_LOG.name, ORDER_COMMAND.name, ORDER_STATUS.name)
ENDED = (EntryState.EXPIRED, EntryState.REFUSED, EntryState.REJECTED)
REPEATED = ("INTENT_KNOWN", Verdict.REPEATED)


class Answers(msgspec.Struct):
    """What the log says became of the intents, by their ids."""

    entered: dict[str, str] = {}              # -> the entry's client id
    closed: set[str] = set()
    denied: dict[str, str] = {}               # -> the reason
    ended: dict[str, str] = {}                # commanded, and not made an order: -> the reason

    def take(self, message: object) -> None:
        match message:
            case Enter():
                assert self.entered.setdefault(message.intent_id, message.entry_id) == message.entry_id
            case Decided(verdict=Verdict.DENIED) if message.reason not in REPEATED:
                assert self.denied.setdefault(message.subject, message.reason) == message.reason
            case Decided(event="Intent", verdict=Verdict.EXITED | Verdict.PLANNED | Verdict.WITHDRAWN):
                self.closed.add(message.subject)
            case EntryReported() if message.state in ENDED:
                self.ended[message.intent_id] = message.reason or message.state

    def ordered(self, created: dict[str, int]) -> set[str]:
        return {intent_id for intent_id, entry_id in self.entered.items() if entry_id in created}


async def test_500_intents_twice(tmp_path: Path, own_broker: EmbeddedBroker) -> None:
    async with House(tmp_path, own_broker) as house:
        buys, closes = await _publish(house, random.Random(1))  # noqa: S311
        assert len(buys | closes) == 500
        await until(lambda: _all_answered(house, buys, closes), "every intent has an answer", 120)
        await until(house.agrees, "books, positions and protection", 60)
        answers, seen = _answers(house), await house.look()
        ordered = answers.ordered(seen.created)
        assert seen.twice == {}
        assert not ordered & (answers.denied.keys() | answers.ended.keys())
        assert not answers.closed & answers.denied.keys()
        assert len(ordered) >= 20
        print(f"{len(ordered)} of {len(buys)} entries ordered, {len(seen.created)} orders; denied: {Counter(answers.denied.values())}")  # noqa: T201


async def _publish(house: House, dice: random.Random) -> tuple[set[str], set[str]]:
    """The ids of the BUYs and of the CLOSEs. The first waves are given the time to trade, the others come as they come."""
    ids: dict[Action, set[str]] = {Action.BUY: set(), Action.CLOSE: set()}
    for wave in range(WAVES):
        for make in (buy, close):
            asked = [make(f"{make.__name__}-{wave}-{symbol}", symbol) for symbol in SYMBOLS]
            ids[asked[0].action] |= {intent.intent_id for intent in asked}
            house.publish(asked)
            house.publish(dice.sample(asked, len(asked)), strewn=dice)
            if wave < PATIENT_WAVES:
                await until(partial(_settled, house, asked), f"wave {wave}: {make.__name__}")
    return ids[Action.BUY], ids[Action.CLOSE]


async def _settled(house: House, asked: list[Intent]) -> bool:
    """Every BUY of the wave is denied or over with its order; after the CLOSEs nothing is held, and positions knows it."""
    tally, held = house.pipeline.board.tally, (await house.look()).held
    if asked[0].action is Action.CLOSE:
        return not held and not tally.held
    denied = {decision.subject for decision in tally.denials.values() if decision.reason not in REPEATED}
    over = {intent_id for intent_id, (command, _) in tally.commands.items() if tally.orders.get(command.entry_id, OrderState.WISHED).ended}
    return {intent.intent_id for intent in asked} <= denied | over


def _answers(house: House) -> Answers:
    answers = Answers()
    for record in read(house.broker.bootstrap, TOPICS):
        answers.take(record.message)
    return answers


async def _all_answered(house: House, buys: set[str], closes: set[str]) -> bool:
    """Ordered, denied, or told why it was commanded and not ordered; closed, or denied."""
    answers, seen = await asyncio.to_thread(_answers, house), await house.look()
    return answers.ordered(seen.created) | answers.denied.keys() | answers.ended.keys() >= buys and answers.closed | answers.denied.keys() >= closes
