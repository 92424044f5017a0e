"""Whose request it is and whether it is in time: looked at before anything else."""
import pytest

from tests.paper.bank import Bank


@pytest.mark.parametrize(
    ("key", "late_ms", "forged", "status", "code"),
    [
        ("paper", 0, "", 200, 0),
        ("stranger", 0, "", 401, -2015),
        ("paper", 0, "0" * 64, 400, -1022),
        ("paper", 4_000, "", 200, 0),
        ("paper", 6_000, "", 400, -1021),
        ("paper", -500, "", 200, 0),
        ("paper", -2_000, "", 400, -1021),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "v3/account"), ("POST", "v1/leverage")])
async def test_a_request(bank: Bank, method: str, path: str, key: str, late_ms: int, forged: str, status: int, code: int) -> None:
    told, body = await bank.send(method, path, bank.signed({"symbol": "BTCUSDT", "leverage": 5}, late_ms=late_ms, forged=forged), key)
    assert (told, body.get("code", 0)) == (status, code)


@pytest.mark.parametrize(
    ("said", "code"),
    [("", -1022), ("timestamp=1&signature=", -1022), ("symbol=BTCUSDT&signature=abc", -1022), ("signature=é", -1022)],
)
async def test_words_that_are_not_signed(bank: Bank, said: str, code: int) -> None:
    assert (await bank.send("POST", "v1/order", said))[1]["code"] == code


async def test_what_needs_no_signature(bank: Bank) -> None:
    public = [(await bank.send("GET", f"v1/{path}", key=""))[0] for path in ("ping", "time", "exchangeInfo", "premiumIndex", "ticker/price")]
    private = [(await bank.send("POST", "v1/listenKey", key=key))[0] for key in ("paper", "stranger")]
    assert (public, private) == ([200] * 5, [200, 401])


async def test_a_path_that_is_none(bank: Bank) -> None:
    none = (("GET", "v1/nothing"), ("PATCH", "v1/order"), ("GET", "v1/account"))
    assert [(await bank.ask(method, path))[1]["code"] for method, path in none] == [-5000] * 3


@pytest.mark.parametrize(
    ("method", "path", "asked", "code"),
    [
        ("GET", "v1/userTrades", {}, -1102),
        ("GET", "v1/userTrades", {"symbol": "BTCUSDT", "fromId": "first"}, -1102),
        ("GET", "v1/allOrders", {}, -1102),
        ("POST", "v1/leverage", {"leverage": 10}, -1102),
        ("POST", "v1/leverage", {"symbol": "MATICUSDT", "leverage": 10}, -1121),
        ("POST", "v1/leverage", {"symbol": "BTCUSDT", "leverage": 151}, -4028),
        ("POST", "v1/leverage", {"symbol": "BTCUSDT", "leverage": "much"}, -1102),
        ("POST", "v1/marginType", {"symbol": "BTCUSDT", "marginType": "CROSSED"}, -4046),
        ("POST", "v1/positionSide/dual", {"dualSidePosition": "false"}, -4059),
        ("DELETE", "v1/allOpenOrders", {}, -1102),
        ("GET", "v1/commissionRate", {"symbol": "MATICUSDT"}, -1121),
        ("GET", "v1/premiumIndex", {"symbol": "MATICUSDT"}, -1121),
    ],
)
async def test_what_is_asked_wrongly(bank: Bank, method: str, path: str, asked: dict[str, str | int], code: int) -> None:
    assert (await bank.ask(method, path, **asked))[1]["code"] == code


async def test_the_headers_count_weight_and_orders(bank: Bank) -> None:
    """Within one minute of a clock that stands still."""
    now = bank.exchange.clock()
    bank.exchange.clock = lambda: now
    await bank.ask("GET", "v3/account")
    await bank.ask("GET", "v1/openOrders")
    await bank.ask("GET", "v1/openOrders", symbol="BTCUSDT")
    for _ in range(2):
        await bank.ask("POST", "v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")
    names = ("X-MBX-USED-WEIGHT-1M", "X-MBX-ORDER-COUNT-10S", "X-MBX-ORDER-COUNT-1M")
    assert [bank.headers[name] for name in names] == ["46", "2", "2"]
    bank.exchange.clock = lambda: now + 10_000
    await bank.ask("POST", "v1/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")
    assert bank.headers["X-MBX-ORDER-COUNT-10S"] == "1"
    await bank.ask("GET", "v1/openOrders", symbol="BTCUSDT")
    assert "X-MBX-ORDER-COUNT-10S" not in bank.headers
