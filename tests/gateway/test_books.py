"""What moved the wallet: found in the venue's statement where the stream did not tell it, and named in the balance that is told."""
from streams.core.events import BalanceSeen
from streams.core.funding import Funded
from streams.core.values import decimal, e8
from streams.paper import funding
from streams.paper.orders import Income
from tests.gateway.stage import SYMBOL, Stage, until

FEE = "-0.3000005"                        # of the entry: 0.01 at 60000.1


def paid(stage: Stage, amount: str, *, listed: bool, told: str = "") -> None:
    """Money in or out, as the venue books and tells it."""
    engine, now = stage.exchange.engine, stage.exchange.clock()
    account = engine.accounts["paper"]
    account.wallets["USDT"] += e8(amount)
    if listed:
        account.incomes.append(Income("", "TRANSFER", e8(amount), "USDT", now, next(engine.transaction_ids)))
    if told:
        engine.tell_account("paper", told, now, "USDT", "", e8(amount))


async def balance(stage: Stage) -> BalanceSeen:
    return [one for one in await stage.log("account.event") if isinstance(one, BalanceSeen) and one.asset == "USDT"][-1]


async def explained(stage: Stage) -> list[str]:
    """The last balance: earned, transferred and unexplained."""
    last = await balance(stage)
    return [decimal(amount) for amount in (last.earned, last.transferred, last.unexplained)]


async def fundings(stage: Stage) -> list[tuple[str, str]]:
    return [(decimal(one.amount), one.position_id) for one in await stage.log("order.status") if isinstance(one, Funded)]


async def test_what_happened_while_no_gateway_ran_is_read_in_the_statement(stage: Stage) -> None:
    await stage.entered(stop="50000")
    position = stage.position_id
    await stage.end()
    paid(stage, "-4000", listed=True)
    stage.price("60100")
    funding.pay(stage.exchange.engine, SYMBOL, stage.exchange.clock())
    await stage.begin()

    [(amount, whose)] = await fundings(stage)
    assert (whose, await explained(stage)) == (position, [decimal(e8(FEE) + e8(amount)), "-4000", "0"])


async def test_a_payment_is_counted_once_though_stream_and_statement_tell_it(stage: Stage) -> None:
    paid(stage, "500", listed=True, told="DEPOSIT")
    await until(lambda: stage.gateway.office.cashbook.record.words, "heard")
    assert (await balance(stage)).reason == "DEPOSIT"
    await stage.gateway._caught_up()
    assert await explained(stage) == ["0", "500", "0"]


async def test_funding_that_the_stream_tells_without_a_symbol_is_looked_up(stage: Stage) -> None:
    await stage.entered(stop="50000")
    funding.pay(stage.exchange.engine, SYMBOL, stage.exchange.clock())
    await until(lambda: [word for word in stage.gateway.office.cashbook.record.words if word.symbol == SYMBOL], "the statement read")

    [(amount, whose)] = await fundings(stage)
    assert (whose, await explained(stage)) == (stage.position_id, [decimal(e8(FEE) + e8(amount)), "0", "0"])


async def test_what_pays_fees_has_a_price(stage: Stage) -> None:
    stage.exchange.engine.accounts["paper"].wallets["BNB"] = e8("3")
    stage.exchange.set_price("BNBUSDT", e8("579.99"), e8("580.01"))
    await stage.gateway._caught_up()
    assert stage.gateway.office.cashbook.prices == {"BNB": e8("580")}


async def test_money_that_nobody_names_is_told_as_that(stage: Stage) -> None:
    paid(stage, "-700", listed=False)
    await stage.gateway._caught_up()
    assert await explained(stage) == ["0", "0", "-700"]
