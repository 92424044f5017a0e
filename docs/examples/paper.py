import asyncio
import sys

import ccxt.pro

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8180"
REST = {"fapiPublic": "v1", "fapiPublicV2": "v2", "fapiPublicV3": "v3", "fapiPrivate": "v1", "fapiPrivateV2": "v2", "fapiPrivateV3": "v3"}
URLS = {**{name: f"http://{ADDRESS}/fapi/{version}" for name, version in REST.items()}, "ws": {"linear": f"ws://{ADDRESS}/ws"}}


async def main() -> None:
    exchange = ccxt.pro.binanceusdm({
        "apiKey": "paper", "secret": "paper", "urls": {"api": URLS}, "options": {"fetchCurrencies": False, "fetchMargins": False},
    })
    await exchange.load_markets()
    order = await exchange.create_order("BTC/USDT:USDT", "market", "buy", 0.01)
    [position] = await exchange.fetch_positions(["BTC/USDT:USDT"])
    sys.stdout.write(f"{order['status']} {position['side']} {position['contracts']}\n")
    await exchange.close()


asyncio.run(main())
