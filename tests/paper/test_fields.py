"""The fields of each answer, as Binance's USDⓈ-M documentation lists them: none is missing, and none is there that Binance does not send."""
from typing import Any

import aiohttp
import pytest

from tests.paper.bank import Bank

ORDER = """clientOrderId cumQty executedQty orderId origQty price reduceOnly side positionSide status stopPrice closePosition symbol timeInForce type
origType updateTime workingType priceProtect priceMatch selfTradePreventionMode goodTillDate"""
FOUND = ORDER + " avgPrice cumQuote time activatePrice priceRate"
ALGO = """algoId clientAlgoId algoType orderType symbol side positionSide timeInForce quantity algoStatus triggerPrice price icebergQuantity
selfTradePreventionMode workingType priceMatch closePosition priceProtect reduceOnly activatePrice callbackRate createTime updateTime triggerTime
goodTillDate"""
ALGO_LISTED = ALGO + " actualOrderId actualPrice tpTriggerPrice tpPrice slTriggerPrice slPrice tpOrderType"
ASSET = """asset walletBalance unrealizedProfit marginBalance maintMargin initialMargin positionInitialMargin openOrderInitialMargin
crossWalletBalance crossUnPnl availableBalance maxWithdrawAmount updateTime"""
POSITION = """symbol positionSide positionAmt entryPrice breakEvenPrice markPrice unRealizedProfit liquidationPrice isolatedMargin notional
marginAsset isolatedWallet initialMargin maintMargin positionInitialMargin openOrderInitialMargin adl bidNotional askNotional updateTime"""
SYMBOL = """symbol pair contractType deliveryDate onboardDate status maintMarginPercent requiredMarginPercent baseAsset quoteAsset marginAsset
pricePrecision quantityPrecision baseAssetPrecision quotePrecision underlyingType underlyingSubType triggerProtect liquidationFee marketTakeBound
maxMoveOrderLimit filters orderTypes timeInForce permissionSets"""
BTC: dict[str, str | int] = {"symbol": "BTCUSDT"}
STOP: dict[str, str | int] = {
    **BTC, "algoType": "CONDITIONAL", "side": "SELL", "type": "STOP_MARKET", "triggerPrice": "59000", "closePosition": "true",
}
LIMIT: dict[str, str | int] = {**BTC, "side": "BUY", "type": "LIMIT", "quantity": "0.01", "price": "58000", "timeInForce": "GTC"}


def names(row: dict[str, Any]) -> list[str]:
    return sorted(row)


def words(text: str) -> list[str]:
    return sorted(text.split())


async def invested(bank: Bank) -> Bank:
    """A position, a resting order, two stops, one of them triggered and filled."""
    await bank.body("POST", "v1/order", **BTC, side="BUY", type="MARKET", quantity="0.03", newClientOrderId="entry")
    await bank.body("POST", "v1/order", **LIMIT, newClientOrderId="resting")
    part: dict[str, str | int] = {name: value for name, value in STOP.items() if name != "closePosition"}
    await bank.body("POST", "v1/algoOrder", **{**part, "triggerPrice": "59500"}, quantity="0.01", reduceOnly="true", clientAlgoId="done")
    await bank.body("POST", "v1/algoOrder", **STOP, clientAlgoId="stop")
    bank.price("59500")
    bank.price("60000")
    return bank


@pytest.mark.parametrize(
    ("path", "asked", "fields"),
    [
        ("v1/order", {**BTC, "origClientOrderId": "entry"}, FOUND),
        ("v1/openOrders", {}, FOUND),
        ("v1/allOrders", BTC, FOUND + " cumBase pair"),
        ("v1/algoOrder", {"clientAlgoId": "stop"}, ALGO + " actualOrderId actualPrice actualType actualQty tpOrderType"),
        ("v1/openAlgoOrders", {}, ALGO_LISTED),
        ("v1/allAlgoOrders", BTC, ALGO_LISTED),
        ("v3/positionRisk", {}, POSITION),
        ("v2/positionRisk", {}, """symbol positionSide positionAmt entryPrice breakEvenPrice markPrice unRealizedProfit liquidationPrice leverage
            maxNotionalValue marginType isolatedMargin isAutoAddMargin notional isolatedWallet updateTime"""),
        ("v3/account", {}, """totalInitialMargin totalMaintMargin totalWalletBalance totalUnrealizedProfit totalMarginBalance
            totalPositionInitialMargin totalOpenOrderInitialMargin totalCrossWalletBalance totalCrossUnPnl availableBalance maxWithdrawAmount assets
            positions"""),
        ("v3/balance", {}, """accountAlias asset balance crossWalletBalance crossUnPnl availableBalance maxWithdrawAmount marginAvailable
            updateTime"""),
        ("v1/userTrades", BTC, """buyer commission commissionAsset id maker orderId price qty quoteQty baseQty marginAsset realizedPnl side
            positionSide symbol pair time"""),
        ("v1/income", {}, "symbol incomeType income asset info time tranId tradeId"),
        ("v1/symbolConfig", {}, "symbol marginType isAutoAddMargin leverage maxNotionalValue"),
        ("v1/accountConfig", {}, "feeTier canTrade canDeposit canWithdraw dualSidePosition updateTime multiAssetsMargin tradeGroupId"),
        ("v1/leverageBracket", {}, "symbol notionalCoef brackets"),
        ("v1/commissionRate", BTC, "symbol makerCommissionRate takerCommissionRate rpiCommissionRate"),
        ("v1/rateLimit/order", {}, "rateLimitType interval intervalNum limit"),
        ("v1/positionSide/dual", {}, "dualSidePosition"),
        ("v1/premiumIndex", BTC, """symbol markPrice indexPrice estimatedSettlePrice lastFundingRate interestRate nextFundingTime time"""),
        ("v1/ticker/bookTicker", BTC, "symbol bidPrice bidQty askPrice askQty time"),
        ("v1/ticker/price", BTC, "symbol price time"),
        ("v1/ticker/24hr", BTC, """symbol priceChange priceChangePercent weightedAvgPrice lastPrice lastQty openPrice highPrice lowPrice volume
            quoteVolume openTime closeTime firstId lastId count"""),
        ("v1/aggTrades", BTC, "a p q nq f l T m"),
        ("v1/depth", BTC, "lastUpdateId E T bids asks"),
        ("v1/fundingInfo", {}, "symbol adjustedFundingRateCap adjustedFundingRateFloor fundingIntervalHours disclaimer"),
        ("v1/feeBurn", {}, "feeBurn"),
        ("sapi/account/apiRestrictions", {}, """ipRestrict createTime enableReading enableFutures enableWithdrawals enableInternalTransfer
            permitsUniversalTransfer enableVanillaOptions enableMargin enableSpotAndMarginTrading enablePortfolioMarginTrading enableFixApiTrade
            enableFixReadOnly"""),
        ("v1/time", {}, "serverTime"),
        ("v1/ping", {}, ""),
        ("v1/exchangeInfo", {}, "timezone serverTime futuresType rateLimits exchangeFilters assets symbols"),
    ],
)
async def test_what_is_read(bank: Bank, path: str, asked: dict[str, str | int], fields: str) -> None:
    body = await (await invested(bank)).body("GET", path, **asked)
    rows = body if isinstance(body, list) else [body]
    assert rows and [names(row) for row in rows] == [words(fields)] * len(rows)


async def test_the_parts_of_an_answer(bank: Bank) -> None:
    await invested(bank)
    account, info = await bank.body("GET", "v3/account"), await bank.body("GET", "v1/exchangeInfo")
    [brackets] = await bank.body("GET", "v1/leverageBracket", **BTC)
    assert names(account["assets"][0]) == words(ASSET)
    assert names(account["positions"][0]) == words("""symbol positionSide positionAmt unrealizedProfit isolatedMargin notional isolatedWallet
        initialMargin maintMargin updateTime""")
    assert names(info["symbols"][0]) == words(SYMBOL)
    assert names(brackets["brackets"][0]) == words("bracket initialLeverage notionalCap notionalFloor maintMarginRatio cum")


@pytest.mark.parametrize(
    ("method", "path", "asked", "fields"),
    [
        ("POST", "v1/order", {**BTC, "side": "BUY", "type": "MARKET", "quantity": "0.01"}, ORDER),
        ("DELETE", "v1/order", {**BTC, "origClientOrderId": "resting"}, ORDER),
        ("POST", "v1/algoOrder", {**STOP, "type": "TAKE_PROFIT_MARKET", "triggerPrice": "61000"}, ALGO),
        ("DELETE", "v1/algoOrder", {"clientAlgoId": "stop"}, "algoId clientAlgoId code msg"),
        ("POST", "v1/leverage", {**BTC, "leverage": 10}, "leverage maxNotionalValue symbol"),
        ("DELETE", "v1/allOpenOrders", BTC, "code msg"),
        ("DELETE", "v1/algoOpenOrders", BTC, "code msg"),
        ("POST", "v1/listenKey", {}, "listenKey"),
        ("PUT", "v1/order", {**BTC, "side": "BUY", "origClientOrderId": "resting", "quantity": "0.01", "price": "58100"}, ORDER + " pair modifyId"),
        ("POST", "v1/order/test", LIMIT, ORDER),
        ("POST", "v1/countdownCancelAll", {**BTC, "countdownTime": 1000}, "symbol countdownTime"),
        ("POST", "v1/feeBurn", {"feeBurn": "true"}, "code msg"),
    ],
)
async def test_what_is_done(bank: Bank, method: str, path: str, asked: dict[str, str | int], fields: str) -> None:
    assert names(await (await invested(bank)).body(method, path, **asked)) == words(fields)


async def test_the_kinds_of_the_values(bank: Bank) -> None:
    """Numbers are strings, but for ids and times; the code of a cancelled conditional order is a string."""
    await invested(bank)
    order = await bank.body("GET", "v1/order", **BTC, origClientOrderId="entry")
    done = await bank.body("GET", "v1/algoOrder", clientAlgoId="done")
    cancelled = await bank.body("DELETE", "v1/algoOrder", clientAlgoId="stop")
    [trade, sold] = await bank.body("GET", "v1/userTrades", **BTC)
    assert [order[name] for name in ("status", "origQty", "executedQty", "avgPrice", "cumQuote", "reduceOnly")] == [
        "FILLED", "0.03", "0.03", "60000.1", "1800.003", False]
    assert [done[name] for name in ("algoStatus", "actualOrderId", "actualPrice", "actualQty", "actualType")] == [
        "FINISHED", str(sold["orderId"]), "59500", "0.01", "MARKET"]
    assert (cancelled["code"], type(trade["id"]), type(trade["orderId"])) == ("200", int, int)
    assert (trade["commission"], sold["realizedPnl"]) == ("0.9000015", "-5.001")


async def test_the_two_stores_do_not_know_of_each_other(bank: Bank) -> None:
    await invested(bank)
    orders = {order["clientOrderId"] for order in await bank.body("GET", "v1/allOrders", **BTC)}
    status, body = await bank.ask("GET", "v1/order", **BTC, origClientOrderId="stop")
    assert (orders, status, body["code"]) == ({"entry", "resting", "done"}, 400, -2013)
    assert [(await bank.ask("DELETE", "v1/order", **BTC, origClientOrderId="stop"))[1]["code"],
            (await bank.ask("GET", "v1/algoOrder", clientAlgoId="entry"))[1]["code"]] == [-2011, -2013]


async def test_trades_are_paged_by_id_the_oldest_first(bank: Bank) -> None:
    for _ in range(5):
        await bank.body("POST", "v1/order", **BTC, side="BUY", type="MARKET", quantity="0.001")
    first = await bank.body("GET", "v1/userTrades", **BTC, limit=2)
    rest = await bank.body("GET", "v1/userTrades", **BTC, fromId=first[-1]["id"] + 1, limit=1000)
    assert (len(first), len(rest)) == (2, 3)
    ids = [trade["id"] for trade in (*first, *rest)]
    assert ids == list(range(ids[0], ids[0] + 5))


async def test_ids_begin_with_the_time_of_the_start(bank: Bank) -> None:
    """Who keeps books by trade id would take a restarted exchange's new trade for a known one."""
    await bank.body("POST", "v1/order", **BTC, side="BUY", type="MARKET", quantity="0.001")
    [trade] = await bank.body("GET", "v1/userTrades", **BTC)
    assert 0 <= trade["time"] - trade["id"] // 1_000 < 60_000


@pytest.mark.parametrize(
    ("stream", "category", "fields"),
    [
        ("bookTicker", "public", "e u E T s b B a A ps st"),
        ("trade", "public", "e E T s t p q X m"),
        ("aggTrade", "market", "e E a s p q nq f l T m st"),
        ("markPrice@1s", "market", "e E s p ap P i r T st"),
        ("miniTicker", "market", "e E s c o h l v q ps st"),
        ("ticker", "market", "e E s p P w c Q o h l v q O C F L n"),
        ("kline_1m", "market", "e E s k"),
        ("depth5@100ms", "public", "e E T s U u pu b a ps st"),
    ],
)
@pytest.mark.parametrize("number", ["", "/7"])
async def test_what_is_streamed(bank: Bank, stream: str, category: str, number: str, fields: str) -> None:
    async with bank.session.ws_connect(f"{bank.exchange.ws_url}/{category}/ws{number}") as socket:
        await socket.send_json({"method": "SUBSCRIBE", "params": [f"btcusdt@{stream}"], "id": 3})
        acknowledged = await socket.receive_json(timeout=5)
        bank.exchange.sockets.due_marks()
        bank.price("60001")
        assert (acknowledged, names(await socket.receive_json(timeout=5))) == ({"result": None, "id": 3}, words(fields))


async def test_a_stream_of_the_wrong_category_is_acknowledged_and_silent(bank: Bank) -> None:
    async with bank.session.ws_connect(f"{bank.exchange.ws_url}/public/ws") as socket:
        await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@markPrice@1s", "btcusdt@aggTrade", "btcusdt@bookTicker"], "id": 1})
        await socket.receive_json(timeout=5)
        bank.exchange.sockets.due_marks()
        for bid in ("60001", "60002"):
            bank.price(bid)
        assert [(await socket.receive_json(timeout=5))["e"] for _ in range(2)] == ["bookTicker", "bookTicker"]


async def test_what_the_user_data_stream_tells(bank: Bank) -> None:
    listen = (await bank.body("POST", "v1/listenKey"))["listenKey"]
    async with bank.session.ws_connect(f"{bank.exchange.ws_url}/private/ws?listenKey={listen}") as socket:
        await bank.body("POST", "v1/algoOrder", **STOP)
        await bank.body("POST", "v1/order", **BTC, side="BUY", type="MARKET", quantity="0.01")
        algo, placed, lite, account, traded = [await socket.receive_json(timeout=5) for _ in range(5)]
    told = """s c S o f q p ap sp x X i l z L T t b a m R wt ot ps cp rp pP si ss V pm gtd er"""
    kinds = ["ALGO_UPDATE", "ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
    assert [event["e"] for event in (algo, placed, lite, account, traded)] == kinds
    assert names(lite) == words("e E T s q p m c S L l t i")
    assert names(algo["o"]) == words("caid aid at o s S ps f q X ai ap aq act tp p V wt pm cp pP R tt gtd rm ia")
    assert (names(placed["o"]), names(traded["o"])) == (words(told), words(f"{told} n N"))
    assert [names(part) for part in (account["a"], account["a"]["B"][0], account["a"]["P"][0])] == [
        words("m B P"), words("a wb cw bc"), words("s pa ep bep cr up mt iw ps ma")]


async def test_a_listen_key_that_is_not_known_opens_nothing(bank: Bank) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await bank.session.ws_connect(f"{bank.exchange.ws_url}/private/ws?listenKey=none")
    first, again = [(await bank.body("POST", "v1/listenKey"))["listenKey"] for _ in range(2)]
    await bank.body("DELETE", "v1/listenKey")
    status, body = await bank.ask("PUT", "v1/listenKey")
    assert (first == again, status, body["code"]) == (True, 400, -1125)
