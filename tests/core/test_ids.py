"""Ids are functions of what they name, and the venue takes every one of them."""
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core import ids

VENUE = re.compile(r"[.A-Z:/a-z0-9_-]{1,32}")      # the venue takes 36; we keep within 32
LEGS = ("entry", "guard", "flat", "stop", "target", "exit", "rung12")
words = st.text(max_size=40)


@given(words, words, words, st.sampled_from(LEGS), st.integers(0, 9_999))
def test_a_client_order_id_is_legal_and_names_its_leg(account: str, symbol: str, owner: str, leg: str, revision: int) -> None:
    client_id = ids.client_order_id(account, symbol, owner, leg, revision)
    assert VENUE.fullmatch(client_id)
    assert ids.leg_of(client_id) == leg.rstrip("0123456789")


@pytest.mark.parametrize(("leg", "rung"), [("rung3", "rung3"), ("target", "target"), ("rung12", "rung12")])
def test_a_rung_is_told_with_its_number(leg: str, rung: str) -> None:
    assert ids.rung_of(ids.client_order_id("main", "BTCUSDT", "p-1", leg, 7)) == rung
    assert ids.rung_of(f"web-{leg}.7-abcdefghijklmnop") == ids.rung_of("") == ""


def test_the_same_thing_has_the_same_id_and_another_has_another() -> None:
    one = ids.client_order_id("main", "BTCUSDT", "i-1", "stop", 3)
    others = {
        ids.client_order_id(*wanted)
        for wanted in [
            ("main", "BTCUSDT", "i-1", "stop", 3), ("main", "BTCUSDT", "i-1", "stop", 4), ("main", "BTCUSDT", "i-1", "exit", 3),
            ("main", "BTCUSDT", "i-2", "stop", 3), ("other", "BTCUSDT", "i-1", "stop", 3), ("mainB", "TCUSDT", "i-1", "stop", 3),
        ]
    }
    assert one in others
    assert len(others) == 6


def test_each_account_has_an_id_of_its_own_of_an_intent_for_all() -> None:
    wanted = [("main", "i-1"), ("second", "i-1"), ("main", "i-2"), ("maini", "-1")]
    assert len({ids.account_id(*one) for one in wanted} | {intent_id for _, intent_id in wanted} | {ids.flatten_id("main", "BTCUSDT", "i-1")}) == 8
    orders = {ids.client_order_id(account, "BTCUSDT", ids.account_id(account, "i-1"), leg) for account in ("main", "second") for leg in LEGS}
    assert len(orders) == 2 * len(LEGS)


def test_strangers_have_no_leg() -> None:
    assert [ids.leg_of(name) for name in ("autoclose-1", "web_abc", "qs-", "", "qs-stop.1-short")] == [None] * 5


def test_ids_do_not_change_with_a_release() -> None:
    """An order placed by yesterday's program must be known to today's."""
    assert ids.client_order_id("main", "BTCUSDT", "i-1", "guard") == "qs-guard.0-yojxxspzeqxnablm"
    assert ids.position_id("main", "BTCUSDT", "1") == "p-6usedvcvdn32qtx6"
    assert ids.account_id("second", "i-1") == "a-nrrqnbdf7557dhxg"
    assert ids.placed_id("trade.intent", 3, 17) == "trade.intent-3-17"
    assert ids.flatten_id("main", "BTCUSDT", "r1") == "f-xmafwiwmobpaik57"
