"""Who may ask, and who waits for how long: a rule a row. The venue's minute is 60,000 ms, and a time in it stands here as seconds of it."""
import msgspec
import pytest

from streams.venue.limits import ORDERS, ORDINARY, WEIGHT, Lane, Limits, Rate, cost, rates

T = 1_766_577_600_000                 # a full minute
WEIGHED, PLACED = (1, 0), (0, 1)


def at(second: float) -> int:
    return T + int(second * 1_000)


def told(limits: Limits, second: float, *, asked: float | None = None, **headers: int) -> Limits:
    """`weight_1m=7` as the venue writes it."""
    names = {rate.name: rate.header for rate in ORDINARY}
    limits.told({names[name]: str(value) for name, value in headers.items()}, at(second if asked is None else asked), at(second))
    return limits


def waits(limits: Limits, second: float, asked: tuple[int, int] = WEIGHED) -> list[int]:
    """Exits, reads, entries: seconds until each may ask."""
    return [round(limits.wait_ms(lane, *asked, at(second)) / 1_000) for lane in (Lane.EXITS, Lane.READS, Lane.ENTRIES)]


@pytest.mark.parametrize(("used", "asked", "expected"), [
    ({}, WEIGHED, [0, 0, 0]),
    ({"weight_1m": 1_679}, WEIGHED, [0, 0, 0]),
    ({"weight_1m": 1_680}, WEIGHED, [0, 0, 50]),          # 0.7 of 2,400 is full: reads go on
    ({"weight_1m": 1_919}, WEIGHED, [0, 0, 50]),
    ({"weight_1m": 1_920}, WEIGHED, [0, 50, 50]),         # 0.8: what is left belongs to exits
    ({"weight_1m": 2_400}, WEIGHED, [0, 50, 50]),
    ({"weight_1m": 9_999}, PLACED, [0, 0, 0]),            # placing an order weighs nothing
    ({"orders_10s": 209}, PLACED, [0, 0, 0]),
    ({"orders_10s": 210}, PLACED, [0, 0, 10]),            # until the ten seconds are over
    ({"orders_1m": 840}, PLACED, [0, 0, 50]),
    ({"orders_10s": 300, "orders_1m": 1_200}, PLACED, [0, 50, 50]),
    ({"orders_10s": 300}, WEIGHED, [0, 0, 0]),            # and a read is no order
])
def test_a_share_is_kept_for_what_leaves(used: dict[str, int], asked: tuple[int, int], expected: list[int]) -> None:
    """Ten seconds into the minute; `orders_*` windows begin there too."""
    assert waits(told(Limits(), 10, **used), 10, asked) == expected


@pytest.mark.parametrize(("seconds", "walled_off"), [
    ([0, 1], False), ([0, 1, 2], False), ([0, 31], False), ([0, 29, 30], True), ([0, 1, 2, 60], True),
])
def test_an_address_is_walled_off_when_the_firewall_goes_on_to_refuse(seconds: list[int], *, walled_off: bool) -> None:
    limits = Limits()
    for second in seconds:
        limits.told({}, at(second), at(second), walled=True)
    assert limits.walled_off is walled_off
    limits.told({}, at(90), at(90))
    assert limits.walled_off is False


@pytest.mark.parametrize(("status", "code", "message", "headers", "expected"), [
    (429, -1003, "Too many requests.", {"RETRY-AFTER": "7"}, [0, 7, 7]),
    (429, -1003, "Too many requests.", {}, [0, 50, 50]),                                      # without a word: until the minute is over
    (429, None, "<html>", {"RETRY-AFTER": "7"}, [0, 7, 7]),
    (429, -1003, "Too many requests.", {"RETRY-AFTER": "0"}, [0, 0, 0]),
    (400, -1003, "Too much request weight used.", {}, [0, 50, 50]),
    (418, -1003, "Way too many requests; IP banned.", {"RETRY-AFTER": "150"}, [0, 150, 150]),
    (418, -1003, f"Way too many requests; IP banned until {at(310)}.", {}, [0, 300, 300]),
    (418, -1003, "Way too many requests; IP banned.", {}, [0, 120, 120]),                     # the shortest ban there is
    (400, -1015, "Too many new orders.", {}, [0, 0, 10]),                                     # orders alone, until their window is over
    (503, -1008, "Server is currently overloaded.", {}, [0, 0, 0]),                           # one request's matter, nobody else's
    (400, -2019, "Margin is insufficient.", {}, [0, 0, 0]),
])
def test_what_a_refusal_means_for_the_next_to_ask(
    status: int, code: int | None, message: str, headers: dict[str, str], expected: list[int],
) -> None:
    limits = Limits()
    limits.refused(status, code, message, headers, at(10))
    assert waits(limits, 10) == expected


def test_a_hold_ends_and_is_not_shortened_by_a_later_one() -> None:
    limits = Limits()
    limits.refused(429, -1003, "", {"RETRY-AFTER": "30"}, at(10))
    limits.refused(429, -1003, "", {"RETRY-AFTER": "1"}, at(11))
    assert [waits(limits, second)[1] for second in (11, 39, 40)] == [29, 1, 0]


def test_what_we_send_counts_before_the_venue_says_so() -> None:
    limits = told(Limits(), 10, weight_1m=1_900)
    for _ in range(4):
        limits.asked(5, 0, at(10))
    assert (limits.used(ORDINARY[0], at(10)), waits(limits, 10)) == (1_920, [0, 50, 50])


def test_a_count_does_not_shrink_within_its_window_and_is_gone_with_it() -> None:
    limits = told(told(Limits(), 10, weight_1m=500), 11, weight_1m=400)
    assert [limits.used(ORDINARY[0], at(second)) for second in (11, 59.9, 60)] == [500, 500, 0]


def test_an_answer_from_across_the_turn_of_a_window_is_not_believed() -> None:
    limits = told(Limits(), 60.2, asked=59.9, weight_1m=2_300)
    assert (limits.used(ORDINARY[0], at(60.2)), waits(limits, 60.2)) == (0, [0, 0, 0])


def test_the_figures_are_the_venue_s() -> None:
    rows = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6_000},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61_000},
        {"rateLimitType": "ORDERS", "interval": "FORTNIGHT", "intervalNum": 1, "limit": 1},
    ]
    known = rates(rows)
    limits = Limits()
    limits.learn(known)
    limits.learn(())                                     # and no answer takes them away
    told(limits, 10, weight_1m=4_000, orders_10s=36)

    assert known == (Rate(WEIGHT, 1, "MINUTE", 6_000), Rate(ORDERS, 10, "SECOND", 50))
    assert (waits(limits, 10), waits(limits, 10, PLACED)) == ([0, 0, 0], [0, 0, 10])


def test_the_names_of_the_headers() -> None:
    assert [rate.header for rate in ORDINARY] == ["X-MBX-USED-WEIGHT-1M", "X-MBX-ORDER-COUNT-1M", "X-MBX-ORDER-COUNT-10S"]
    assert msgspec.structs.replace(ORDINARY[0], number=1, interval="DAY").header == "X-MBX-USED-WEIGHT-1D"


@pytest.mark.parametrize(("method", "path", "asked", "expected"), [
    ("POST", "order", {"symbol": "BTCUSDT"}, (0, 1)),
    ("POST", "algoOrder", {"symbol": "BTCUSDT"}, (0, 1)),
    ("GET", "order", {"symbol": "BTCUSDT"}, (1, 0)),
    ("DELETE", "order", {"symbol": "BTCUSDT"}, (1, 0)),
    ("GET", "openOrders", {"symbol": "BTCUSDT"}, (1, 0)),
    ("GET", "openOrders", {}, (40, 0)),
    ("GET", "openAlgoOrders", {}, (40, 0)),
    ("GET", "positionRisk", {}, (5, 0)),
    ("GET", "userTrades", {"symbol": "BTCUSDT"}, (5, 0)),
    ("GET", "positionSide/dual", {}, (30, 0)),
    ("GET", "commissionRate", {"symbol": "BTCUSDT"}, (20, 0)),
    ("GET", "time", {}, (1, 0)),
])
def test_what_a_request_costs(method: str, path: str, asked: dict[str, str], expected: tuple[int, int]) -> None:
    assert cost(method, path, asked) == expected
