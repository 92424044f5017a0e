"""`streams paper`: a Binance-compatible exchange on this machine, for this pipeline or any program that speaks to Binance."""
import asyncio
import random
import signal
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.common import JSON, configured, tell, venue_keys
from streams.core.values import e8
from streams.errors import WrongUse
from streams.paper import market
from streams.paper.conditions import Conditions
from streams.paper.instruments import ALL, Limits
from streams.paper.server import PaperExchange
from streams.paper.trading import FEES_PPM
from streams.runtime import logs
from streams.venue.addresses import PAPER_PORT, VENUES

SOURCES = "simulator, recording:PATH, live: Binance's public streams, live:URL: streams like them, or manual: POST /_price"
TERMS, AWAY, RATES = "What trading costs", "How far away it is", "How often it may be asked"
_log = logs.get(__name__)


def paper(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: a free one")] = PAPER_PORT,
    source: Annotated[str, typer.Option(help=SOURCES)] = "simulator",
    seed: Annotated[int | None, typer.Option(help="of the simulator and the jitter; without it one is drawn, and said")] = None,
    speed: Annotated[float, typer.Option(help="of a recording; 0: as fast as it can be read")] = 1.0,
    volatility: Annotated[float, typer.Option(help="of the simulator, as a multiple of the market's")] = 8.0,
    wallet: Annotated[str, typer.Option(help="USDT, and as much USDC", rich_help_panel=TERMS)] = "10000",
    bnb: Annotated[str, typer.Option(help="BNB that fees are paid with, a tenth less", rich_help_panel=TERMS)] = "0",
    depth: Annotated[str, typer.Option(help="quote amount at each level of the book", rich_help_panel=TERMS)] = "3000000",
    fee_tier: Annotated[int, typer.Option(min=0, max=len(FEES_PPM) - 1, help="0 pays the most", rich_help_panel=TERMS)] = 0,
    funding_rate: Annotated[str, typer.Option(help="of each interval; longs pay a positive one", rich_help_panel=TERMS)] = "0.0001",
    funding_minutes: Annotated[int, typer.Option(min=1, help="the interval", rich_help_panel=TERMS)] = 480,
    rest_ms: Annotated[int, typer.Option(min=0, help="of a request there and back", rich_help_panel=AWAY)] = 0,
    rest_jitter_ms: Annotated[int, typer.Option(min=0, help="at most this much more", rich_help_panel=AWAY)] = 0,
    stream_ms: Annotated[int, typer.Option(min=0, help="of a stream's frame", rich_help_panel=AWAY)] = 0,
    stream_jitter_ms: Annotated[int, typer.Option(min=0, help="at most this much more", rich_help_panel=AWAY)] = 0,
    connection_minutes: Annotated[float, typer.Option(min=0.001, help="after which a WebSocket is closed", rich_help_panel=AWAY)] = 1_440,
    weight_1m: Annotated[int, typer.Option(min=0, help="request weight in a minute; 0: no limit", rich_help_panel=RATES)] = Limits().weight_1m,
    orders_10s: Annotated[int, typer.Option(min=0, help="orders in ten seconds; 0: no limit", rich_help_panel=RATES)] = Limits().orders_10s,
    orders_1m: Annotated[int, typer.Option(min=0, help="orders in a minute; 0: no limit", rich_help_panel=RATES)] = Limits().orders_1m,
    json: JSON = False,
) -> None:
    """A Binance-compatible exchange until Ctrl-C, for this pipeline or any program that speaks to Binance USDⓈ-M futures.

    REST under http://127.0.0.1:PORT/fapi, streams under ws://127.0.0.1:PORT, key and secret `paper`. A bad day by POST /_faults, its own record by
    GET /_record, a price by POST /_price, a funding payment by POST /_funding: docs/paper.md.
    """
    drawn = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    prices, symbols = _prices(source, drawn, speed, volatility)
    key, secret = venue_keys(configured())
    conditions = Conditions(
        rest_ms, rest_jitter_ms, stream_ms, stream_jitter_ms, Limits(weight_1m, orders_10s, orders_1m), fee_tier, _amount("--depth", depth),
        _amount("--funding-rate", funding_rate), funding_minutes * 60_000, drawn, connection_minutes * 60,
    )
    wallets = dict.fromkeys(("USDT", "USDC"), _amount("--wallet", wallet))
    if burnt := _amount("--bnb", bnb):
        wallets["BNB"] = burnt
    exchange = PaperExchange(prices, symbols=symbols, port=port, secrets={key: secret}, wallets=wallets, conditions=conditions)
    asyncio.run(_serve(exchange, drawn, json=json))


def _amount(option: str, text: str) -> int:
    """In 1e-8. Raises WrongUse."""
    try:
        return e8(text)
    except ValueError as reason:
        raise WrongUse(f"{option}: {reason}", "a decimal number, as 0.0001") from None


def _prices(source: str, seed: int, speed: float, volatility: float) -> tuple[market.Prices | None, list[str]]:
    kind, _, where = source.partition(":")
    match kind:
        case "simulator":
            return market.simulated(list(ALL), seed, volatility=volatility), list(ALL)
        case "recording":
            path = Path(where)
            if not path.is_file():
                raise WrongUse(f"there is no recording {where}", "streams record PATH writes one")
            symbols = [symbol for symbol in market.symbols_of(path) if symbol in ALL]
            return market.recorded(path, speed), symbols
        case "live":
            return market.live(where.rstrip("/") or VENUES["live"].ws, list(ALL)), list(ALL)
        case "manual":
            return None, list(ALL)
        case _:
            raise WrongUse(f"no source {source}", "simulator, recording:PATH, live, live:URL or manual")


async def _serve(exchange: PaperExchange, seed: int, *, json: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with exchange:
        _log.info("the paper exchange is open", rest=exchange.rest_url, ws=exchange.ws_url, seed=seed)
        tell({"rest": exchange.rest_url, "ws": exchange.ws_url, "seed": seed}, exchange.rest_url, json=json)
        await stop.wait()
