"""The intents of a day that were answered (of a symbol) or ordered (of an account), in 12 bytes each: a state goes to its changelog whole.

A memory is its records, oldest first: 8 bytes of the id's hash, 4 bytes of log_time in seconds. Two ids of a day share a hash once in 10^9 days.
"""
import hashlib
import struct

RECORD = struct.Struct(">8sI")
KEPT = 20_000                         # at most, or a producer gone wild would fill the record; a day at one intent each 4 s


def is_known(memory: bytes, intent_id: str) -> bool:
    name = _name(intent_id)
    place = memory.find(name)
    while place >= 0 and place % RECORD.size:                 # found across two records: no id
        place = memory.find(name, place + 1)
    return place >= 0


def remembered(memory: bytes, intent_id: str, log_time: int) -> bytes:
    """With the id, first seen at this log_time (ms); of too many the oldest go."""
    return memory[-RECORD.size * (KEPT - 1) :] + RECORD.pack(_name(intent_id), log_time // 1_000)


def forgotten(memory: bytes, log_time: int, age_max: int) -> bytes:
    """Without what is older than `age_max` ms."""
    start = 0
    while start < len(memory) and RECORD.unpack_from(memory, start)[1] * 1_000 < log_time - age_max:
        start += RECORD.size
    return memory[start:]


def _name(intent_id: str) -> bytes:
    return hashlib.blake2b(intent_id.encode(), digest_size=8).digest()
