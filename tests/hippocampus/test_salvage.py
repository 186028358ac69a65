"""Whatever happens to a file's bytes, whole messages come out and nothing raises."""

from __future__ import annotations

import struct
from itertools import pairwise

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from hippocampus import salvage
from hippocampus.salvage import MAGIC, Damage, RawMessage

TEARS = 200
FLIPS = 200


def split(content: bytes) -> tuple[list[RawMessage], list[Damage]]:
    items = list(salvage.messages(content))
    return (
        [item for item in items if isinstance(item, RawMessage)],
        [item for item in items if isinstance(item, Damage)],
    )


@pytest.fixture(scope="module")
def content(recorded) -> bytes:
    return (recorded / "000001.mcap").read_bytes()


@pytest.fixture(scope="module")
def chunk_ends(content) -> list[tuple[int, int]]:
    """For every whole chunk: where it ends, and how many messages there are up to there."""
    ends, position = [], len(MAGIC)
    while position < len(content):
        opcode, length = struct.unpack_from("<BQ", content, position)
        position += 9 + length
        if opcode == 0x06:
            ends.append((position, len(split(content[:position])[0])))
        if opcode == 0x0F:
            return ends
    raise AssertionError("the recorded file has no end")


def test_a_whole_file_gives_every_message_and_no_damage(content, chunk_ends):
    messages, damage = split(content)
    assert damage == []
    assert len(messages) == chunk_ends[-1][1]
    assert len(chunk_ends) >= 4
    assert [m.topic for m in messages[:2]] == ["/header", "/snapshot"]


def test_a_file_torn_anywhere_gives_every_whole_chunk_before_the_tear(content, chunk_ends):
    whole, _ = split(content)
    rng = np.random.default_rng(11)
    cuts = {0, 1, 8, 9, len(content) - 1, *(end for end, _ in chunk_ends)}
    cuts |= {end - 1 for end, _ in chunk_ends}
    cuts |= set(rng.integers(0, len(content), TEARS).tolist())
    for cut in sorted(cuts):
        messages, damage = split(content[:cut])
        assert messages == whole[: len(messages)]
        assert len(messages) >= max((n for end, n in chunk_ends if end <= cut), default=0)
        assert damage
        assert all(found.torn for found in damage)


def test_a_torn_chunk_gives_what_can_be_read_of_it():
    records = b"".join(
        struct.pack("<BQHIQQ", 5, 22 + 200_000, 3, n, n, n) + bytes([n]) * 200_000 for n in range(4)
    )
    packed = zstandard.compress(records)
    chunk = struct.pack("<QQQI", 0, 3, len(records), 0) + struct.pack("<I", 4) + b"zstd"
    chunk += struct.pack("<Q", len(packed)) + packed
    file = MAGIC + struct.pack("<BQ", 6, len(chunk)) + chunk
    counts = [len(split(file[:cut])[0]) for cut in range(len(file) - len(packed), len(file), 3)]
    assert counts == sorted(counts)
    assert 0 < max(counts) < 4
    assert len(split(file)[0]) == 4


def test_a_flipped_bit_costs_at_most_the_chunk_that_it_hits(content, chunk_ends):
    whole, _ = split(content)
    counts = [0, *(n for _, n in chunk_ends)]
    largest = max(b - a for a, b in pairwise(counts))
    rng = np.random.default_rng(5)
    for at in rng.integers(0, len(content), FLIPS).tolist():
        broken = bytearray(content)
        broken[at] ^= 1 << int(rng.integers(8))
        messages, damage = split(bytes(broken))
        left = iter(whole)
        assert all(message in left for message in messages), f"a message changed, byte {at}"
        assert len(whole) - len(messages) <= largest, f"byte {at}"
        assert damage, f"the flip of byte {at} was not noticed"


@settings(deadline=None)
@given(st.data())
def test_nothing_raises_for_any_bytes(content, data):
    broken = bytearray(content)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(broken)))
        noise = data.draw(st.binary(min_size=1, max_size=40))
        if data.draw(st.booleans()):
            broken[at : at + len(noise)] = noise
        else:
            del broken[at : at + data.draw(st.integers(1, 2000))]
    split(bytes(broken))
    split(MAGIC + data.draw(st.binary(max_size=300)))
    split(data.draw(st.binary(max_size=300)))
    assert salvage.whole_end(bytes(broken)) <= len(broken)


def test_a_chunk_that_claims_to_be_huge_asks_for_no_memory(content):
    at = content.index(struct.pack("<I", 4) + b"zstd") - 12
    broken = bytearray(content)
    broken[at : at + 8] = struct.pack("<Q", 2**62)
    messages, damage = split(bytes(broken))
    assert messages
    assert damage


def test_a_chunk_that_unpacks_without_end_is_left_at_the_limit(content, monkeypatch):
    monkeypatch.setattr(salvage, "MAX_CHUNK_BYTES", 100)
    messages, damage = split(content)
    assert messages == []
    assert len(damage) >= 4
