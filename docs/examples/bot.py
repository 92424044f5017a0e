import asyncio
import json
import os

from aiokafka import AIOKafkaProducer


async def main() -> None:
    producer = AIOKafkaProducer(bootstrap_servers=os.environ["STREAMS_KAFKA_BOOTSTRAP"])
    await producer.start()
    intent = {"intent_id": "my-bot-1", "symbol": "BTCUSDT", "action": "BUY", "confidence": 0.8, "stop_loss_pct": 1.5, "position_size_usd": 500}
    await producer.send_and_wait("trade.intent", json.dumps(intent).encode(), key=b"BTCUSDT")
    await producer.stop()


asyncio.run(main())
