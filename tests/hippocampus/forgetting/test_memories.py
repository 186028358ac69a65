"""The associative memory without some memories, and without any way back to them."""

from __future__ import annotations

import pytest

from ember_embodied.bench.hippocampus.planted import holding
from hippocampus.forgetting import memories
from hippocampus.forgetting.erasure import RECEIPTS, Erasure
from hippocampus.forgetting.times import Name, Stretch, Stretches
from hippocampus.memory.audit import audit
from hippocampus.memory.book import MemoryBook
from hippocampus.memory.records import LogSpan, Moment
from hippocampus.memory.store import MemoryStore, StoreError
from hippocampus.memory.text_key import HashingEncoder
from hippocampus.transaction.journal import NIGHTS
from hippocampus.transaction.lock import held

MINUTE_NS = 60_000_000_000
TEXTS = ("the lamp was switched on", "SECRETMARK was said", "Anna laughed", "it grew dark")
STARTS = {"s": 1_000_000 * MINUTE_NS}
"""Monotonic zero of the session, in Unix time."""


@pytest.fixture
def store(tmp_path) -> MemoryStore:
    """Three versions; memory n is of minute n of the session."""
    found = MemoryStore(tmp_path / "memory")
    book = MemoryBook(HashingEncoder())
    for minute, text in enumerate(TEXTS):
        at_ns = minute * MINUTE_NS
        span = LogSpan("s", at_ns, at_ns + 1_000_000_000)
        people = ("Ben",) if minute == 3 else ()
        book.add([Moment(text, STARTS["s"] + at_ns, span=span, people=people)])
        found.save(book.state(), "add", (minute,), at_ns)
    return found


def erase(store: MemoryStore, stretches=(), name=None):
    root = store.folder.parent
    with held(root / NIGHTS):
        erasure = Erasure({"robot": root, NIGHTS: root / NIGHTS})
        erased = memories.erase(store.folder, Stretches(stretches), name, STARTS, erasure, 1)
        erasure.commit("a forgetting", root / RECEIPTS, b"{}")
    return erased


def minute(number: int) -> Stretch:
    at_ns = STARTS["s"] + number * MINUTE_NS
    return Stretch(at_ns, at_ns + 1)


def test_a_stretch_goes_with_every_older_version_and_undo_does_not_bring_it_back(store):
    (store.folder / "000009.memory.new").write_bytes(b"cut off, SECRETMARK")
    erased = erase(store, [minute(1)])
    assert (erased.memories, erased.older) == (1, 2)
    assert holding(store.folder, [b"SECRETMARK"]) == []
    assert len(store.numbers()) == 1
    with pytest.raises(StoreError, match="oldest"):
        store.undo()
    book = MemoryBook.from_state(store.load().book, HashingEncoder())
    assert [memory.text for memory in book] == [TEXTS[0], TEXTS[2], TEXTS[3]]
    assert book.recall("who laughed", 1)[0].memory.text == TEXTS[2]
    assert book.led_to(2, 3)[0].text == TEXTS[3]
    assert audit(store, None).sound


def test_a_person_is_who_was_there_or_is_named(store):
    assert erase(store, name=Name("ben")).memories == 1
    assert erase(store, name=Name("anna")).memories == 1
    assert [memory.text for memory in store.load().book.memories] == list(TEXTS[:2])


def test_what_only_an_older_version_holds_goes_too(store):
    book = MemoryBook.from_state(store.load().book, HashingEncoder())
    book.forget([1])
    store.save(book.state(), "forget", (1,), 9)
    erased = erase(store, [minute(1)])
    assert (erased.memories, erased.older) == (0, 3)
    assert holding(store.folder, [b"SECRETMARK"]) == []


def test_no_memory_is_nothing_to_forget(tmp_path):
    store = MemoryStore(tmp_path / "none")
    assert memories.erase(store.folder, Stretches([minute(1)]), None, {}, None, 1) is None
