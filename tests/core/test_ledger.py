"""What the gateway writes of a command before it does anything: all of it, field by field, and the time at which it was taken."""
from streams.core.commands import Close, Enter, Plan, PlanStep, Step
from streams.core.ids import client_order_id
from streams.core.ledger import CloseRecord, EntryRecord, OrderState, PlanRecord, planned, refused, standing, wished
from streams.core.values import Side
from streams.core.words import Exit, OrderType, TimeInForce

ENTER = Enter(
    "main", "BTCUSDT", "i1", "entry", "guard", "flat", Side.SELL, 3, OrderType.LIMIT, limit_price=100, stop_price=102, leverage=4, timestamp=5,
    expires_at=6, decided_at=7, mark=101, time_in_force=TimeInForce.IOC, lives_ms=8, trigger="MARK_PRICE", price_protect=True,
)


def test_an_entry() -> None:
    assert wished(ENTER, 9) == EntryRecord(
        account="main", symbol="BTCUSDT", intent_id="i1", entry_id="entry", guard_id="guard", flat_id="flat", side=Side.SELL, quantity=3,
        order_type=OrderType.LIMIT, limit_price=100, stop_price=102, leverage=4, expires_at=6, created_at=9, time_in_force=TimeInForce.IOC,
        lives_ms=8, trigger="MARK_PRICE", price_protect=True,
    )


def test_an_intent_that_was_closed_before_its_command_came() -> None:
    assert refused("main", "BTCUSDT", "i1", "closed before", 9) == EntryRecord(
        "main", "BTCUSDT", "i1", client_order_id("main", "BTCUSDT", "i1", "entry"), state=OrderState.REFUSED, reason="closed before", created_at=9,
    )


def test_a_plan() -> None:
    steps = (PlanStep(Step.CANCEL, "stop"),)
    plan = Plan("main", "BTCUSDT", "p-1", 4, Side.SELL, steps, Exit.TRAIL, 7)
    assert planned(plan, 9) == PlanRecord("main", "BTCUSDT", "p-1", 4, Side.SELL, steps, created_at=9)


def test_a_close() -> None:
    close = Close("main", "BTCUSDT", "p-1", 4, ("i1",), "exit", Exit.FLATTEN, 7)
    record = standing(close, 9)
    assert record == CloseRecord("main", "BTCUSDT", "p-1", 4, ("i1",), "exit", Exit.FLATTEN, created_at=9)
    assert (record.key, record.attempts, record.flat) == ("close:main:BTCUSDT", 0, False)
