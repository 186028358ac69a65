"""The book and its versions: linked moments, capacity, old or new, undo, gone for good, audit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hippocampus.memory.audit import audit
from hippocampus.memory.body_key import FEATURES, Feeling, feeling, feeling_at
from hippocampus.memory.book import EncoderMismatchError, MemoryBook
from hippocampus.memory.records import LogSpan, Moment
from hippocampus.memory.store import KEPT, MemoryStore, StoreError
from hippocampus.memory.text_key import HashingEncoder
from hippocampus.reader import Log

SECOND_NS = 1_000_000_000
TEXTS = ("Anna came in", "she showed me a red ball", "then she laughed", "the room was dark")


def _moments(rng, texts=TEXTS, session="one"):
    known = np.ones(len(FEATURES), dtype=bool)
    return [
        Moment(
            text,
            at * SECOND_NS,
            0.1 * (at + 1),
            LogSpan(session, at * SECOND_NS, (at + 1) * SECOND_NS),
            felt=Feeling(rng.standard_normal(len(FEATURES)).astype(np.float32), known),
        )
        for at, text in enumerate(texts)
    ]


@pytest.fixture
def moments():
    return _moments(np.random.default_rng(0))


@pytest.fixture
def book(moments):
    found = MemoryBook(HashingEncoder())
    found.add(moments)
    return found


def test_recall_by_words_and_by_what_followed(book):
    found = book.recall("a ball that was red", 4)
    assert found[0].memory.text == TEXTS[1]
    assert found[0].words == 1.0
    neighbours = {one.memory.text: one.led_to for one in found}
    assert neighbours[TEXTS[0]] > 0.0
    assert neighbours[TEXTS[3]] == 0.0
    assert [one.text for one in book.led_to(0, 9)] == list(TEXTS[1:])


def test_moments_of_two_sessions_are_not_linked(book, moments):
    book.add([replace(moments[0], span=LogSpan("two", 0, 1))])
    assert [one.text for one in book.led_to(3, 3)] == []


def test_recall_by_feeling_with_parts_unknown(book, moments):
    rng = np.random.default_rng(1)
    for number, moment in enumerate(moments):
        known = rng.random(len(FEATURES)) > 0.3
        noisy = moment.felt.values + 0.1 * rng.standard_normal(len(FEATURES)).astype(np.float32)
        found = book.feels(Feeling(np.where(known, noisy, 1e9), known), 2)
        assert found[0].memory.number == number
    book.add(_moments(rng, ("a new one",), "three"))
    assert book.feels(moments[2].felt, 1)[0].memory.number == 2


def test_a_single_feeling_comes_back(moments):
    book = MemoryBook(HashingEncoder())
    assert book.feels(moments[0].felt) == []
    book.add(moments[:1])
    assert [one.memory.number for one in book.feels(moments[0].felt, 3)] == [0]
    book.add(moments[1:])
    assert len(book.feels(moments[0].felt, 4)) == 4


def test_the_least_salient_make_room(moments):
    book = MemoryBook(HashingEncoder(), capacity=3)
    added = book.add(moments[:3])
    assert added.evicted == ()
    assert [one.text for one in book.add(moments[3:]).evicted] == [TEXTS[0]]
    assert [one.number for one in book] == [1, 2, 3]
    assert book.recall("dark", 1)[0].memory.text == TEXTS[3]
    with pytest.raises(ValueError, match="room for 3"):
        book.add(moments)


def test_a_saved_book_is_the_same(book, moments, tmp_path):
    store = MemoryStore(tmp_path / "memory")
    assert store.load() is None
    store.save(book.state(), "add", (0, 1, 2, 3), 5)
    again = MemoryBook.from_state(store.load().book, HashingEncoder())
    assert again.recall("red ball", 4) == book.recall("red ball", 4)
    assert again.feels(moments[1].felt, 4) == book.feels(moments[1].felt, 4)
    assert audit(store, None).sound

    class Other(HashingEncoder):
        name = "other"

    with pytest.raises(EncoderMismatchError, match="hashing"):
        MemoryBook.from_state(store.load().book, Other())


def test_undo_goes_back_and_for_good_does_not(book, tmp_path):
    store = MemoryStore(tmp_path)
    first = store.save(book.state(), "add", (0, 1, 2, 3), 1)
    before = store.path(first.number).read_bytes()
    book.forget([1])
    store.save(book.state(), "forget", (1,), 2)
    assert len(store.load().book.memories) == 3
    assert store.undo() == first
    assert store.path(store.head()).read_bytes() == before
    with pytest.raises(StoreError, match="oldest"):
        store.undo()
    store.save(book.state(), "forget", (1,), 3)
    assert len(store.purge()) == 2
    assert b"red ball" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    with pytest.raises(StoreError):
        store.undo()


def test_only_the_newest_versions_are_kept(book, tmp_path):
    store = MemoryStore(tmp_path)
    for at in range(KEPT + 3):
        store.save(book.state(), "add", (), at)
    assert len(store.numbers()) == KEPT


@pytest.mark.parametrize("at", [0, 20, 60, 500, -1])
def test_a_damaged_version_falls_back_and_is_told(book, tmp_path, at):
    store = MemoryStore(tmp_path)
    store.save(book.state(), "add", (), 1)
    book.forget([0])
    version = store.save(book.state(), "forget", (0,), 2)
    path = store.path(version.number)
    data = bytearray(path.read_bytes())
    data[at] ^= 0x40
    path.write_bytes(data)
    loaded = store.load()
    assert loaded.version.number == version.number - 1
    assert path.name in loaded.message
    assert not audit(store, None).sound
    path.write_bytes(data[:30])
    assert store.load().version.number == version.number - 1
    store.path(1).unlink()
    with pytest.raises(StoreError):
        store.load()


@pytest.mark.parametrize("step", range(1, 7))
def test_a_disk_that_fails_at_any_step_leaves_the_old_or_the_new(book, tmp_path, monkeypatch, step):
    store = MemoryStore(tmp_path)
    store.save(book.state(), "add", (), 1)
    old = store.head()
    book.forget([0])
    calls = 0

    def failing(real):
        def call(*arguments, **keywords):
            nonlocal calls
            calls += 1
            if calls == step:
                raise OSError(28, "no space left")
            return real(*arguments, **keywords)

        return call

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", failing(__import__("os").fsync))
        patch.setattr("pathlib.Path.replace", failing(__import__("pathlib").Path.replace))
        try:
            store.save(book.state(), "forget", (0,), 2)
            failed = False
        except OSError:
            failed = True
    assert failed == (step <= calls)
    assert len(store.load().book.memories) == (4 if store.head() == old else 3)
    assert not list(tmp_path.glob("*.new"))


def test_an_audit_sees_codes_and_spans_that_are_wrong(book, recorded, tmp_path):
    store = MemoryStore(tmp_path)
    state = book.state()
    store.save(state, "add", (), 1)
    troubles = audit(store, recorded.parent).troubles
    assert len(troubles) == 4
    assert "memory 0" in troubles[0]
    members = state.text.members.copy()
    members[[0, -1]] = members[[-1, 0]]
    changed = replace(state, text=replace(state.text, members=members))
    store.save(changed, "add", (), 2)
    assert audit(store, None).troubles == ("codes are not those of their keys",)


def test_feelings_of_a_log(recorded, life):
    ticks = list(Log(recorded).ticks())
    felt = feeling_at(ticks, ticks[40].sense.t_mono_ns)
    assert felt.known.all()
    assert feeling_at(ticks, 0) is None
    window = [replace(t, sense=replace(t.sense, imu=None, doa=None)) for t in life[35:46]]
    blind = feeling(window)
    names = [
        feature.name for feature, known in zip(FEATURES, blind.known, strict=True) if not known
    ]
    assert len(names) == 9 + 5
    assert "speech" in names
    assert np.array_equal(blind.values[blind.known], felt.values[blind.known])
