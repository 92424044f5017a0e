"""Stock code that our subclasses stand on, by the digest of its source. Where one differs, read docs/faust.md before anything else."""
import hashlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer import AIOKafkaProducer
from aiokafka.producer.message_accumulator import MessageAccumulator, MessageBatch
from faust import App, Monitor, Schema, Stream, Table
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer, ThreadDelegateConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Producer

STOCK: list[tuple[str, Callable[..., Any], str]] = [
    ("agent error", App._on_agent_error, "bdd12f286de6"),
    ("failed send", AIOKafkaProducer.send, "08ce81263f43"),
    ("failed send", Producer.on_start, "219c9a7a785d"),
    ("failed send", MessageAccumulator.add_message, "56ff7e6c1918"),
    ("failed send", MessageAccumulator._append_batch, "4762abfc42cb"),
    ("failed send", MessageBatch.append, "e3ff2fc253fd"),
    ("failed send", MessageBatch.done, "2d765e5c2dc8"),
    ("failed send", MessageBatch.failure, "719b2122c318"),
    ("stream", Stream._c_aiter, "fa44582a5882"),
    ("stream", Schema.compile, "d46eec5ce319"),
    ("stream", Monitor.on_stream_event_in, "df6d2e5f6397"),
    ("prefix", Consumer._new_offset, "1d2c7ea89a7a"),
    ("prefix", Consumer.ack, "5fcf41cf4515"),
    ("flush", Consumer._commit_offsets, "1a6979904118"),
    ("recovery", Recovery._resume_streams, "d986a6710c1a"),
    ("recovery", Recovery.on_recovery_completed, "6ef567acf072"),
    ("recovery", Recovery._seek_offsets, "19598ca63d94"),
    ("fetch", ThreadDelegateConsumer._getmany, "f9d47aa9010b"),
    ("fetch", Consumer._wait_next_records, "6218e1969a63"),
    ("fetch", Consumer.getmany, "4b168d84882a"),
    ("fetch", AIOKafkaConsumerThread._fetch_records, "39a2c6c79fc1"),
    ("fetch", Fetcher.fetched_records, "be4348896b9b"),
    ("raw records", PartitionRecords._unpack_records, "b803e6d46480"),
    ("raw records", PartitionRecords._consumer_record, "e668541600b0"),
    ("raw records", FetchResult.getall, "3e717e30de50"),
    ("first records", AIOKafkaConsumerThread.seek_to_committed, "775ab0adc4b0"),
    ("giving back", Consumer.on_partitions_revoked, "d04b7ae72c6f"),
    ("long poll", AIOKafkaConsumerThread._create_worker_consumer, "c2701bfc3e6f"),
    ("drain", Consumer._drain_messages, "44a2500309e8"),
    ("tables", Table.apply_changelog_batch, "b980a78d3ae9"),
    ("zombies", GroupCoordinator._send_req, "fa4b12e914ce"),
    ("zombies", AIOKafkaClient.send, "246b277687d7"),
]


@pytest.mark.parametrize(("row", "function", "digest"), STOCK, ids=[f"{row}: {function.__qualname__}" for row, function, _ in STOCK])
def test_stock_code_is_what_it_was(row: str, function: Callable[..., Any], digest: str) -> None:
    found = hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]
    assert found == digest, f"{function.__qualname__} has changed: see the row '{row}' of docs/faust.md"
