import { Kafka } from "kafkajs";

const kafka = new Kafka({ brokers: [process.env.STREAMS_KAFKA_BOOTSTRAP] });
const producer = kafka.producer();
await producer.connect();
const intent = { intent_id: "my-bot-2", symbol: "ETHUSDT", action: "SELL", stop_loss_pct: 1.5, harvest_policy: { mode: "scalper" } };
await producer.send({ topic: "trade.intent", messages: [{ key: intent.symbol, value: JSON.stringify(intent) }] });
await producer.disconnect();
