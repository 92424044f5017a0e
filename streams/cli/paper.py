"""`streams paper`: a Binance-compatible exchange on this machine, for this pipeline or any program that speaks to Binance."""
import asyncio
import random
import signal
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.common import JSON, configured, tell
from streams.errors import WrongUse
from streams.paper import market
from streams.paper.instruments import ALL
from streams.paper.server import PaperExchange
from streams.runtime import logs
from streams.venue.addresses import VENUES

_log = logs.get(__name__)


def paper(
    port: Annotated[int, typer.Option(help="0: a free one")] = 8180,
    source: Annotated[str, typer.Option(help="simulator, recording:PATH, live: Binance's public prices, or manual: POST /_price")] = "simulator",
    seed: Annotated[int | None, typer.Option(help="of the simulator; without it one is drawn, and said")] = None,
    speed: Annotated[float, typer.Option(help="of a recording; 0: as fast as it can be read")] = 1.0,
    volatility: Annotated[float, typer.Option(help="of the simulator, as a multiple of the market's")] = 8.0,
    json: JSON = False,
) -> None:
    """An exchange until Ctrl-C. REST under http://127.0.0.1:PORT/fapi, key `paper`, secret `paper`; faults by POST /_faults."""
    environment = configured()
    drawn = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    prices, symbols = _prices(source, drawn, speed, volatility)
    key, secret = environment.binance_api_key.get_secret_value() or "paper", environment.binance_api_secret.get_secret_value() or "paper"
    asyncio.run(_serve(PaperExchange(prices, symbols=symbols, port=port, secrets={key: secret}), drawn, json=json))


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
            return market.live(VENUES["live"].ws, list(ALL)), list(ALL)
        case "manual":
            return None, list(ALL)
        case _:
            raise WrongUse(f"no source {source}", "simulator, recording:PATH, live or manual")


async def _serve(exchange: PaperExchange, seed: int, *, json: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with exchange:
        _log.info("the paper exchange is open", rest=exchange.rest_url, ws=exchange.ws_url, seed=seed)
        tell({"rest": exchange.rest_url, "ws": exchange.ws_url, "seed": seed}, exchange.rest_url, json=json)
        await stop.wait()
