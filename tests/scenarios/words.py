"""What a symbol says, in the words of its stories."""
from collections.abc import Callable
from typing import Any

from streams.core.commands import Close, Deny, Plan, PlanStep, Propose, Step, Withdraw
from streams.core.events import PositionUpdated
from streams.core.values import decimal


def order(name: str) -> str:
    """leg.revision of a client order id of ours."""
    return name.split("-")[1] if name.startswith("qs-") else name


def told(plan_step: PlanStep) -> str:
    if plan_step.step is Step.CANCEL:
        return f"cancel {order(plan_step.client_order_id)}"
    price = f" @{decimal(plan_step.trigger_price)}" if plan_step.trigger_price else ""
    return f"{order(plan_step.client_order_id)} {decimal(plan_step.quantity)}{price}"


def snapshot(update: PositionUpdated) -> str:
    if update.closed_at:
        return f"flat {update.exit} {decimal(update.realised_pnl)}"
    if update.quantity:
        return f"holds {decimal(update.quantity)}"
    if update.funding:
        return f"had earned {decimal(update.realised_pnl)} and funding {decimal(update.funding)}"
    return f"open {update.entry_intent_id}" if update.entry_intent_id else "nothing"


WORDS: dict[type, Callable[[Any], str]] = {
    Propose: lambda o: " ".join(filter(None, [
        f"propose {o.intent_id} {o.side.lower()} @{decimal(o.entry_price)} stop {decimal(o.stop_price)}",
        o.target_price and f"target {decimal(o.target_price)}",
    ])),
    Deny: lambda o: f"deny {o.intent_id} {o.reason}",
    Plan: lambda o: f"plan {o.reason}: {', '.join(told(plan_step) for plan_step in o.steps)}",
    Close: lambda o: " ".join(["close", o.reason, *o.intents]),
    Withdraw: lambda o: f"withdraw {o.intent_id}",
    PositionUpdated: snapshot,
}
