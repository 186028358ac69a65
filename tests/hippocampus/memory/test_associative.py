"""Associative memory: exact recall, chains, shared keys, forgetting, and the same after a save."""

from __future__ import annotations

import numpy as np
import pytest

from hippocampus.memory.associative import AssociativeMemory
from hippocampus.memory.codes import ACTIVE, UNITS
from hippocampus.memory.postings import YOUNG, PostingIndex

COUNT = YOUNG + 300
"""So that some codes are in the lists and some still wait."""


@pytest.fixture
def keys():
    return np.random.default_rng(1).standard_normal((COUNT, 384)).astype(np.float32)


@pytest.fixture
def memory(keys):
    found = AssociativeMemory(384, seed=0)
    found.learn(keys[:YOUNG])
    for key in keys[YOUNG:]:
        found.learn(key[None])
    return found


def _damaged(rng, code, share):
    """A code with this share of its units replaced by others."""
    kept = rng.permutation(code)[: ACTIVE - round(share * ACTIVE)]
    strangers = rng.permutation(np.setdiff1d(np.arange(UNITS), code))
    return np.sort(np.concatenate([kept, strangers[: ACTIVE - len(kept)]])).astype(np.uint16)


def test_overlaps_are_those_of_every_code(memory, keys):
    codes = np.stack([memory.code(number) for number in range(COUNT)])
    index = PostingIndex()
    index.add(codes[: YOUNG + 5])
    index.add(codes[YOUNG + 5 :])
    for cue in codes[::97]:
        wanted = [len(np.intersect1d(cue, code)) for code in codes]
        rows, shared = index.sharing(cue, ACTIVE, ())
        assert rows.tolist() == np.flatnonzero(wanted).tolist()
        assert shared.tolist() == [count for count in wanted if count]


def test_a_damaged_code_brings_back_its_memory(memory):
    rng = np.random.default_rng(2)
    for number in range(0, COUNT, 17):
        found = memory.recall_code(_damaged(rng, memory.code(number), 0.4))
        assert found.numbers[0] == number
        assert found.weights[0] > 0.99


def test_a_noisy_key_brings_back_its_memory_without_comparing_all(memory, keys):
    rng = np.random.default_rng(3)
    for number in range(0, COUNT, 31):
        found = memory.recall(keys[number] + 0.5 * rng.standard_normal(384))
        assert found.numbers[0] == number
        assert not found.compared_all


def test_a_cue_like_nothing_is_compared_with_all(memory, keys):
    cue = np.random.default_rng(4).standard_normal(384)
    found = memory.recall(cue, 5)
    cosine = keys @ cue / np.linalg.norm(keys, axis=1)
    assert found.compared_all
    assert set(found.numbers[:3]) <= set(np.argsort(-cosine)[:5])


def test_unknown_numbers_of_a_cue_have_no_say(memory, keys):
    known = np.random.default_rng(5).random(384) > 0.3
    cue = np.where(known, keys[7], 1e6)
    assert memory.recall(cue, known=known).numbers[0] == 7


def test_chains_are_exact_and_end_where_nothing_followed(memory, keys):
    order = np.random.default_rng(6).permutation(COUNT)[:12]
    memory.associate(order[:-1], order[1:])
    first = memory.recall(keys[order[0]])
    steps = memory.chain(first, 20)
    assert [int(step.numbers[0]) for step in steps] == order[1:].tolist()


def test_two_memories_with_one_key_keep_their_own_ways(keys):
    memory = AssociativeMemory(384, seed=0)
    a, b, after_a, after_b = memory.learn(keys[[0, 0, 1, 2]]).tolist()
    memory.associate(np.array([a, b]), np.array([after_a, after_b]))
    found = memory.recall(keys[0], 2)
    assert sorted(found.numbers.tolist()) == [a, b]
    assert found.weights == pytest.approx([0.5, 0.5], abs=1e-3)
    (step,) = memory.chain(found, 1)
    assert sorted(step.numbers.tolist()) == [after_a, after_b]
    assert [int(s.numbers[0]) for s in memory.chain(memory.just(b), 1)] == [after_b]


@pytest.mark.parametrize("share", [20, 2])
def test_the_forgotten_are_gone_and_the_others_are_not(memory, keys, share):
    numbers = memory.numbers
    memory.associate(numbers[:-1], numbers[1:])
    gone = numbers[::share]
    assert memory.forget(gone) == len(gone)
    assert memory.forget(gone) == 0
    assert len(memory) == COUNT - len(gone)
    for number in (1, COUNT - 1, 41):
        assert memory.recall(keys[number]).numbers[0] == number
    assert gone[0] not in memory.recall(keys[gone[0]], COUNT).numbers
    assert memory.chain(memory.just(share - 1), 1) == []
    with pytest.raises(KeyError):
        memory.code(int(gone[0]))
    (new,) = memory.learn(keys[:1])
    assert new == COUNT


def test_a_state_is_the_same_memory(memory, keys):
    memory.associate(memory.numbers[:-1], memory.numbers[1:])
    memory.forget(memory.numbers[10:20])
    again = AssociativeMemory.from_state(memory.state())
    for number in (3, 50, COUNT - 1):
        mine, other = memory.recall(keys[number]), again.recall(keys[number])
        assert np.array_equal(mine.numbers, other.numbers)
        assert np.array_equal(mine.weights, other.weights)
        assert len(again.chain(other, 6)) == len(memory.chain(mine, 6))
    assert again.learn(keys[:1]) == memory.learn(keys[:1])


def test_a_code_that_no_memory_shares_brings_back_nothing(keys):
    memory = AssociativeMemory(384, seed=0)
    memory.learn(keys[:1])
    strangers = np.setdiff1d(np.arange(UNITS), memory.code(0))[:ACTIVE].astype(np.uint16)
    assert len(memory.recall_code(strangers).numbers) == 0


def test_an_empty_memory_recalls_nothing():
    memory = AssociativeMemory(384, seed=0)
    assert len(memory.recall(np.ones(384)).numbers) == 0
    assert len(memory.recall_code(np.arange(50, dtype=np.uint16)).numbers) == 0


def test_chains_that_cross_go_on_as_they_were_learned_also_after_a_save(memory):
    order = np.random.default_rng(8).permutation(COUNT)[:12].tolist()
    a, b, c, d, e, x, y, *_ = order
    ways = [[a, x, y, b, c], [d, x, y, e]]
    for way in ways:
        memory.associate(np.array(way[:-1]), np.array(way[1:]))
    memory.forget(np.array(order[7:9]))
    for again in (memory, AssociativeMemory.from_state(memory.state())):
        for way in ways:
            steps = again.chain(again.just(way[0]), 9)
            assert [step.numbers.tolist() for step in steps] == [[number] for number in way[1:]]
        # Begun where both pass, both ways stay open.
        steps = again.chain(again.just(x), 2)
        assert set(steps[1].numbers.tolist()) == {b, e}
        assert np.allclose(steps[1].weights, 0.5)


def test_a_forgotten_memory_that_shares_most_hides_no_other(memory, keys):
    twin = memory.learn(keys[5:6] + 0.3 * np.random.default_rng(9).standard_normal((1, 384)))
    code = memory.code(int(twin[0]))
    memory.forget(twin)
    assert memory.recall_code(code, 1).numbers[0] == 5
