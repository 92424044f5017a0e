"""What an answer means, code by code. Statuses, codes and texts are Binance's own, from its documentation: nothing here comes from our exchange.

Each row goes the whole way: as bytes over a socket, through the signed client, to what it means and what follows. What may have been done is doubt,
and nothing else is.
"""
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from streams.core.values import Side, e8
from streams.venue.addresses import Addresses
from streams.venue.answers import Accepted, Doubt, Kind, Order, Refused
from streams.venue.binance import Binance, Keys
from streams.venue.clock import Clock
from streams.venue.outcomes import _ROWS, HELD, MEANING, UNSOUND, Act, Meaning, act, doubts_filters, judged, meaning

UNKNOWN_503 = "Unknown error, please check your request or try again later."
CLOSE_POSITION_STANDS = "An open stop or take profit order with GTE and closePosition in the direction is existing."
SWITCH_ALGO = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
ROWS: list[tuple[int, int, str, Meaning, Act]] = [
    (400, -1000, "An unknown error occurred while processing the request.", Meaning.DOUBT, Act.ASK),
    (400, -1001, "Internal error; unable to process your request. Please try again.", Meaning.DOUBT, Act.ASK),
    (401, -1002, "You are not authorized to execute this request.", Meaning.ACCOUNT, Act.STOP),
    (400, -1003, "Too much request weight used; current limit is 2400 request weight per 1 MINUTE.", Meaning.BUSY, Act.RETRY),
    (400, -1006, "An unexpected response was received from the message bus. Execution status unknown.", Meaning.DOUBT, Act.ASK),
    (408, -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.", Meaning.DOUBT, Act.ASK),
    (503, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", Meaning.BUSY, Act.RETRY),
    (400, -1013, "Filter failure: LOT_SIZE", Meaning.FILTER, Act.REFUSED),
    (400, -1015, "Too many new orders; current limit is 300 orders per TEN_SECONDS.", Meaning.BUSY, Act.RETRY),
    (400, -1016, "This service is no longer available.", Meaning.BUSY, Act.RETRY),
    (400, -1021, "Timestamp for this request is outside of the recvWindow.", Meaning.LATE, Act.RESYNC),
    (400, -1022, "Signature for this request is not valid.", Meaning.ACCOUNT, Act.STOP),
    (400, -1102, "Mandatory parameter 'type' was not sent, was empty/null, or malformed.", Meaning.FAULTY, Act.REFUSED),
    (400, -1104, "Not all sent parameters were read; read '8' parameter(s) but was sent '9'.", Meaning.FAULTY, Act.REFUSED),
    (400, -1106, "Parameter 'reduceOnly' sent when not required.", Meaning.FAULTY, Act.REFUSED),
    (400, -1111, "Precision is over the maximum defined for this asset.", Meaning.FILTER, Act.REFUSED),
    (400, -1116, "Invalid orderType.", Meaning.FAULTY, Act.REFUSED),
    (400, -1121, "Invalid symbol.", Meaning.CLOSED, Act.REFUSED),
    (400, -1122, "Invalid symbol status.", Meaning.CLOSED, Act.REFUSED),
    (400, -1125, "This listenKey does not exist.", Meaning.GONE, Act.ASK),
    (400, -1130, "Data sent for parameter 'workingType' is not valid.", Meaning.FAULTY, Act.REFUSED),
    (400, -2010, "NEW_ORDER_REJECTED", Meaning.REFUSED, Act.REFUSED),
    (400, -2011, "Unknown order sent.", Meaning.GONE, Act.ASK),
    (400, -2013, "Order does not exist.", Meaning.GONE, Act.ASK),
    (401, -2014, "API-key format invalid.", Meaning.ACCOUNT, Act.STOP),
    (401, -2015, "Invalid API-key, IP, or permissions for action.", Meaning.ACCOUNT, Act.STOP),
    (400, -2018, "Balance is insufficient.", Meaning.REFUSED, Act.REFUSED),
    (400, -2019, "Margin is insufficient.", Meaning.REFUSED, Act.REFUSED),
    (400, -2020, "Unable to fill.", Meaning.THIN, Act.RETRY),
    (400, -2021, "Order would immediately trigger.", Meaning.THROUGH, Act.REFUSED),
    (400, -2022, "ReduceOnly Order is rejected.", Meaning.NOTHING_TO_REDUCE, Act.ASK),
    (400, -2023, "User in liquidation mode now.", Meaning.ACCOUNT, Act.STOP),
    (400, -2024, "Position is not sufficient.", Meaning.REFUSED, Act.REFUSED),
    (400, -2025, "Reach max open order limit.", Meaning.FULL, Act.REFUSED),
    (400, -2026, "This OrderType is not supported when reduceOnly.", Meaning.FAULTY, Act.REFUSED),
    (400, -2027, "Exceeded the maximum allowable position at current leverage.", Meaning.REFUSED, Act.REFUSED),
    (400, -2028, "Leverage is smaller than permitted: insufficient margin balance.", Meaning.REFUSED, Act.REFUSED),
    (400, -4003, "Quantity less than zero.", Meaning.FILTER, Act.REFUSED),
    (400, -4004, "Quantity less than min quantity.", Meaning.FILTER, Act.REFUSED),
    (400, -4005, "Quantity greater than max quantity.", Meaning.FILTER, Act.REFUSED),
    (400, -4006, "Stop price less than zero.", Meaning.FAULTY, Act.REFUSED),
    (400, -4007, "Stop price greater than max price.", Meaning.FAULTY, Act.REFUSED),
    (400, -4013, "Price less than min price.", Meaning.FILTER, Act.REFUSED),
    (400, -4014, "Price not increased by tick size.", Meaning.FILTER, Act.REFUSED),
    (400, -4015, "Client order id is not valid.", Meaning.FAULTY, Act.REFUSED),
    (400, -4016, "Price is higher than mark price multiplier cap.", Meaning.FILTER, Act.REFUSED),
    (400, -4023, "Qty not increased by step size.", Meaning.FILTER, Act.REFUSED),
    (400, -4024, "Price is lower than mark price multiplier floor.", Meaning.FILTER, Act.REFUSED),
    (400, -4028, "Leverage 200 is not valid", Meaning.REFUSED, Act.REFUSED),
    (400, -4045, "Reach max stop order limit.", Meaning.FULL, Act.REFUSED),
    (400, -4046, "No need to change margin type.", Meaning.DONE, Act.DONE),
    (400, -4047, "Margin type cannot be changed if there exists open orders.", Meaning.REFUSED, Act.REFUSED),
    (400, -4048, "Margin type cannot be changed if there exists position.", Meaning.REFUSED, Act.REFUSED),
    (400, -4059, "No need to change position side.", Meaning.DONE, Act.DONE),
    (400, -4061, "Order's position side does not match user's setting.", Meaning.ACCOUNT, Act.STOP),
    (400, -4062, "Invalid or improper reduceOnly value.", Meaning.FAULTY, Act.REFUSED),
    (400, -4067, "Position side cannot be changed if there exists open orders.", Meaning.REFUSED, Act.REFUSED),
    (400, -4068, "Position side cannot be changed if there exists position.", Meaning.REFUSED, Act.REFUSED),
    (400, -4105, "restricted", Meaning.CLOSED, Act.REFUSED),          # one bad symbol must not stop an account: the documentation names both
    (400, -4108, "closed", Meaning.CLOSED, Act.REFUSED),
    (400, -4109, "inactive", Meaning.CLOSED, Act.REFUSED),
    (400, -4116, "ClientOrderId is duplicated.", Meaning.DUPLICATE, Act.ASK),
    (400, -4117, "Stop order is triggering.", Meaning.NOTHING_TO_REDUCE, Act.ASK),
    (400, -4118, "ReduceOnly Order Failed. Please check your existing position and open orders.", Meaning.NOTHING_TO_REDUCE, Act.ASK),
    (400, -4120, SWITCH_ALGO, Meaning.FAULTY, Act.REFUSED),
    (400, -4130, CLOSE_POSITION_STANDS, Meaning.ONE_STANDS, Act.ASK),
    (400, -4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.", Meaning.THIN, Act.RETRY),
    (400, -4135, "Invalid activation price.", Meaning.FAULTY, Act.REFUSED),
    (400, -4136, "Order type not allowed with closePosition.", Meaning.FAULTY, Act.REFUSED),
    (400, -4137, "Quantity must be zero with closePosition equals true.", Meaning.FAULTY, Act.REFUSED),
    (400, -4138, "Reduce only must be true with closePosition equals true.", Meaning.FAULTY, Act.REFUSED),
    (400, -4140, "Invalid symbol status for opening position.", Meaning.EXITS_ONLY, Act.REFUSED),
    (400, -4141, "Symbol is closed.", Meaning.CLOSED, Act.REFUSED),
    (400, -4142, "REJECT: take profit or stop order will be triggered immediately.", Meaning.THROUGH, Act.REFUSED),
    (400, -4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions.", Meaning.REFUSED, Act.REFUSED),
    (400, -4164, "Order's notional must be no smaller than 5.0 (unless you choose reduce only)", Meaning.FILTER, Act.REFUSED),
    (400, -4165, "Invalid time interval", Meaning.REFUSED, Act.REFUSED),
    (400, -4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode.", Meaning.REFUSED, Act.REFUSED),
    (400, -4171, "not allowed", Meaning.REFUSED, Act.REFUSED),
    (400, -4183, "Price is higher than stop price multiplier cap.", Meaning.FILTER, Act.REFUSED),
    (400, -4184, "Price is lower than stop price multiplier floor.", Meaning.FILTER, Act.REFUSED),
    (400, -4192, "Trade forbidden due to Cooling-off Period.", Meaning.ACCOUNT, Act.STOP),
    (400, -4202, "Adjust leverage is not allowed for a new account.", Meaning.REFUSED, Act.REFUSED),
    (400, -4210, "Stop price is higher than price multiplier cap.", Meaning.FILTER, Act.REFUSED),
    (400, -4211, "Stop price is lower than price multiplier floor.", Meaning.FILTER, Act.REFUSED),
    (400, -4400, "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed, please try again later.", Meaning.ACCOUNT, Act.STOP),
    (400, -4401, "Futures Trading Quantitative Rules violated, trading is disabled.", Meaning.ACCOUNT, Act.STOP),
    (400, -4531, "Position side is shared with another market that has open orders or positions.", Meaning.REFUSED, Act.REFUSED),
    (404, -5000, "Path /fapi/v1/orders, Method POST is invalid", Meaning.FAULTY, Act.REFUSED),
    (400, -5021, "Due to the order could not be filled immediately, the FOK order has been rejected.", Meaning.NOT_TAKEN, Act.REFUSED),
    (400, -5022, "Due to the order could not be executed as maker, the Post Only order will be rejected.", Meaning.NOT_TAKEN, Act.REFUSED),
    (400, -5024, "Symbol is not in trading status. Order amendment is not permitted.", Meaning.REFUSED, Act.REFUSED),
    (400, -5025, "Only limit order is supported.", Meaning.REFUSED, Act.REFUSED),
    (400, -5026, "Exceed maximum modify order limit.", Meaning.REFUSED, Act.REFUSED),
    (400, -5027, "No need to modify the order.", Meaning.DONE, Act.DONE),
    (400, -5028, "Timestamp for this request is outside of the ME recvWindow.", Meaning.LATE, Act.RESYNC),
    (400, -5041, "Time out for this request is outside of the depth.", Meaning.BUSY, Act.RETRY),
    (400, -5047, "Reduce only order modification is not supported.", Meaning.REFUSED, Act.REFUSED),
    # and by the status, whatever the code
    (429, -1003, "Too many requests; please use the websocket for live updates.", Meaning.BUSY, Act.RETRY),
    (418, -1003, "Way too many requests; IP(1.2.3.4) banned until 1766577900000.", Meaning.ACCOUNT, Act.STOP),
    # and what no row speaks of
    (400, -4999, "A code of tomorrow.", Meaning.UNLISTED, Act.REFUSED),
    (400, -9999, "A code of tomorrow.", Meaning.UNLISTED, Act.REFUSED),
]
MARKET = Order("BTCUSDT", Side.BUY, Kind.MARKET, "qs-entry.0-x", e8("0.01"))
STOP = Order("BTCUSDT", Side.SELL, Kind.STOP_MARKET, "qs-guard.0-x", trigger_price=e8("59000"), close_position=True)


class Venue:
    """Says to each order whatever a row says, and counts how often it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.asked = 200, "", 0

    async def answer(self, request: web.Request) -> web.Response:
        if request.path.endswith("/time"):
            return web.json_response({"serverTime": Clock().now()})
        self.asked += 1
        return web.Response(status=self.status, text=self.body, content_type="application/json")


@pytest.fixture
async def talk() -> AsyncIterator[tuple[Venue, Binance]]:
    venue = Venue()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", venue.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    binance = Binance(Addresses(url, url), Keys("a", "b"), Clock())
    yield venue, binance
    await binance.close()
    await runner.cleanup()


async def test_every_code_on_its_way_from_the_wire(talk: tuple[Venue, Binance]) -> None:
    """An order is asked for once, whatever the answer: who may ask again is not decided here."""
    venue, binance = talk
    found = []
    for status, code, text, _, _ in ROWS:
        venue.status, venue.body = status, json.dumps({"code": code, "msg": text})
        answer = await binance.place(MARKET, Clock().now())
        if isinstance(answer, Refused):
            found.append((status, code, text, meaning(answer), act(answer)))
        elif isinstance(answer, Doubt):
            found.append((status, code, text, Meaning.DOUBT, Act.ASK))
    assert (found, venue.asked) == (ROWS, len(ROWS))


@pytest.mark.parametrize(("status", "body"), [
    (503, UNKNOWN_503), (502, "<html>Bad Gateway</html>"), (504, ""), (408, ""), (202, ""), (200, "{}"), (200, '{"orderId": 1}'),
])
async def test_an_answer_that_says_nothing_for_certain_is_doubt(talk: tuple[Venue, Binance], status: int, body: str) -> None:
    venue, binance = talk
    venue.status, venue.body = status, body
    assert isinstance(await binance.place(MARKET, Clock().now()), Doubt)


@pytest.mark.parametrize(("body", "code"), [
    ({"code": "-2011", "msg": "Unknown order sent."}, -2011),            # DELETE algoOrder writes its code as a string
    ([{"code": -2011, "msg": "Unknown order sent."}], -2011),            # of a batch of one
])
async def test_a_code_in_other_clothes(talk: tuple[Venue, Binance], body: Any, code: int) -> None:  # noqa: ANN401
    venue, binance = talk
    venue.status, venue.body = 400, json.dumps(body)
    assert await binance.cancel("BTCUSDT", "x", conditional=True) == Refused(code, "Unknown order sent.")


async def test_the_string_200_is_success(talk: tuple[Venue, Binance]) -> None:
    venue, binance = talk
    said = {"algoId": 2146760, "clientAlgoId": "x", "code": "200", "msg": "success"}
    venue.body = json.dumps(said)
    assert await binance.cancel("BTCUSDT", "x", conditional=True) == Accepted(said)


async def test_a_page_of_the_firewall_says_nothing_of_the_account(talk: tuple[Venue, Binance]) -> None:
    venue, binance = talk
    found = []
    for body in ("<html>403 Forbidden</html>", "", json.dumps({"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."})):
        venue.status, venue.body = 403, body
        answer = await binance.place(MARKET, Clock().now())
        found.append(isinstance(answer, Refused) and meaning(answer))
    assert found == [Meaning.BUSY, Meaning.BUSY, Meaning.ACCOUNT]


@pytest.mark.parametrize(("body", "certain"), [
    ({"code": "200", "msg": "success"}, True), ({"orderId": 1, "status": "CANCELED"}, True), ({"orderId": 1, "status": "NEW"}, False),
    ({"code": "0", "msg": "accepted"}, False), ({}, False),
])
async def test_a_cancel_is_certain_when_its_answer_says_so(talk: tuple[Venue, Binance], body: dict[str, object], *, certain: bool) -> None:
    venue, binance = talk
    venue.body = json.dumps(body)
    assert isinstance(await binance.cancel("BTCUSDT", "x", conditional=True), Accepted if certain else Doubt)


@pytest.mark.parametrize(("ask", "asked"), [
    (lambda venue: venue.positions(), 2),
    (lambda venue: venue.cancel("BTCUSDT", "x", conditional=True), 2),
    (lambda venue: venue.set_leverage("BTCUSDT", 5), 2),
    (lambda venue: venue.set_cross_margin("BTCUSDT"), 2),
    (lambda venue: venue.place(MARKET, Clock().now()), 1),
    (lambda venue: venue.place(STOP, Clock().now()), 1),
])
async def test_what_came_too_late_sets_the_clock_and_is_asked_for_once_more_but_no_order(
    talk: tuple[Venue, Binance], ask: Callable[[Binance], Awaitable[object]], asked: int,
) -> None:
    venue, binance = talk
    venue.status, venue.body = 400, json.dumps({"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."})
    answer = await ask(binance)
    assert (isinstance(answer, Refused) and answer.code, venue.asked, binance.clock.venue_known) == (-1021, asked, asked == 2)


# ---------------------------------------------------------------------------------------------------------------- the table


@pytest.mark.parametrize(("status", "code", "message", "expected"), [
    (400, -2019, "Margin is insufficient.", Refused(-2019, "Margin is insufficient.")),
    (400, -1000, "unknown", Doubt("-1000 unknown")),
    (503, -1008, "Service Unavailable.", Refused(-1008, "Service Unavailable.")),       # Binance: the request has failed
    (503, None, "Service Unavailable.", Refused(503, "Service Unavailable.")),
    (503, None, UNKNOWN_503, Doubt(f"HTTP 503 {UNKNOWN_503}")),                         # Binance: it may have succeeded
    (503, -1000, UNKNOWN_503, Doubt(f"-1000 {UNKNOWN_503}")),
    (502, None, "Bad Gateway", Doubt("HTTP 502 Bad Gateway")),
    (504, None, "", Doubt("HTTP 504 ")),
    (408, None, "", Doubt("HTTP 408 ")),
    (500, -4999, "A code of tomorrow.", Doubt("-4999 A code of tomorrow.")),            # it has failed, and nobody says how far it had come
    (503, -9999, "A code of tomorrow.", Doubt("-9999 A code of tomorrow.")),
    (503, -1016, "This service is no longer available.", Refused(-1016, "This service is no longer available.")),
    (403, None, "WAF", Refused(403, "WAF")),
    (404, None, "nowhere", Refused(404, "nowhere")),
    (429, -1003, "Too many requests.", Refused(429, "Too many requests.")),
])
def test_the_answer_behind_a_failure(status: int, code: int | None, message: str, expected: Refused | Doubt) -> None:
    assert judged(status, code, message) == expected


def test_every_listed_code_has_a_row_here() -> None:
    ours = {code for code in MEANING if -1_000 < code < 1_000}       # HTTP statuses and codes of our own
    assert {code for _, code, _, means, _ in ROWS if means is not Meaning.UNLISTED} == MEANING.keys() - ours


def test_every_code_has_one_meaning() -> None:
    """The table is written by meaning: a code in two rows would silently take the later one."""
    assert len(MEANING) == sum(len(codes) for _, codes in _ROWS.values())


@pytest.mark.parametrize(("code", "expected"), [
    (-1013, True), (-1111, True), (-4014, True), (-4164, True), (-4140, True), (-4141, True), (-1122, True), (-4999, True),
    (-4116, False), (-4130, False), (-4046, False), (-2019, False), (-2021, False), (-1021, False), (-9999, False),
])
def test_which_refusals_doubt_the_filters(code: int, *, expected: bool) -> None:
    assert doubts_filters(code) is expected


def test_the_page_for_people_has_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs/gateway.md").read_text().splitlines()
    theirs = {means: " ".join(str(code) for code in codes if code not in (UNSOUND, HELD)) for means, (_, codes) in _ROWS.items()}
    rows = [f"| `{means}` | {follows} | {theirs[means]} |" for means, (follows, codes) in _ROWS.items() if codes]
    assert [row for row in rows if row not in page] == []
