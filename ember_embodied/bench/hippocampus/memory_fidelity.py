"""Exactness with drawn keys: damaged codes, chains, shared keys, half of it forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from ember_embodied.bench.claims import Claim, mean_claim
from ember_embodied.bench.hippocampus import Note
from ember_embodied.bench.hippocampus.memory_speed import SIZES, WIDTH
from hippocampus.memory.associative import AssociativeMemory
from hippocampus.memory.codes import ACTIVE, UNITS, Codes

REPLACED: Final = 0.4
TRIALS: Final = 100
CHAINS: Final = 50
HOPS: Final = (6, 10)
EXACT: Final = ">= 1"
SHARED: Final = 200
"""Pairs of memories with one key."""


def fidelity(seeds: range, note: Note) -> Iterator[Claim]:
    """The claims of exactness; each size is drawn from a seed of its own."""
    for at, size in enumerate(SIZES):
        note(f"memory: {size} memories, exactness")
        rng = np.random.default_rng(seeds[at % len(seeds)])
        keys = rng.standard_normal((size, WIDTH)).astype(np.float32)
        memory = AssociativeMemory(WIDTH, seed=0)
        numbers = memory.learn(keys)
        yield from exactness(f"{size}", memory, rng)
        yield _shared_keys(f"{size}", memory, keys, rng)
        memory.forget(rng.permutation(numbers)[: size // 2])
        yield from exactness(f"{size}, half forgotten", memory, rng)


def exactness(name: str, memory: AssociativeMemory, rng: np.random.Generator) -> Iterator[Claim]:
    """Damaged codes and chains of a memory; the chains are linked here.

    Nearest neighbour among the codes is beside it: it looks at every code.
    """
    numbers = memory.numbers
    tried = rng.permutation(numbers)[:TRIALS]
    hits = []
    for number in tried.tolist():
        found = memory.recall_code(damaged(rng, memory.code(number)))
        hits.append(bool(len(found.numbers)) and same_code(memory, int(found.numbers[0]), number))
    yield mean_claim(f"{name}: exact with 40 % of the code replaced", hits, "share", EXACT)
    for hops in HOPS:
        exact = []
        for _ in range(CHAINS):
            way = rng.permutation(numbers)[: hops + 1]
            memory.associate(way[:-1], way[1:])
            exact.append(way)
        right = [_followed(memory, way, rng) for way in exact]
        yield mean_claim(f"{name}: chains of {hops} hops exact", right, "share", EXACT)


def damaged(rng: np.random.Generator, code: Codes) -> Codes:
    """A code with 40 % of its active units replaced by others."""
    kept = rng.permutation(code)[: ACTIVE - round(REPLACED * ACTIVE)]
    strangers = rng.permutation(np.setdiff1d(np.arange(UNITS), code))[: ACTIVE - len(kept)]
    return np.sort(np.concatenate([kept, strangers])).astype(np.uint16)


def same_code(memory: AssociativeMemory, found: int, wanted: int) -> bool:
    """Whether it is the one; of memories with one key any is."""
    return found == wanted or np.array_equal(memory.key(found), memory.key(wanted))


def _followed(memory: AssociativeMemory, way: np.ndarray, rng: np.random.Generator) -> bool:
    """Whether a damaged cue of the first leads along the whole way.

    Memories of several ways lead on in several directions; then each step must hold the next.
    """
    cue = memory.recall_code(damaged(rng, memory.code(int(way[0]))))
    steps = memory.chain(cue, len(way) - 1)
    return len(steps) == len(way) - 1 and all(
        int(wanted) in step.numbers for step, wanted in zip(steps, way[1:], strict=True)
    )


def _shared_keys(
    name: str, memory: AssociativeMemory, keys: np.ndarray, rng: np.random.Generator
) -> Claim:
    """Twins are learned with the keys of others: each must come back with half of the weight."""
    rows = rng.permutation(len(keys))[:SHARED]
    twins = memory.learn(keys[rows])
    right = []
    for row, twin in zip(rows.tolist(), twins.tolist(), strict=True):
        found = memory.recall(keys[row], 2)
        both = set(found.numbers.tolist()) == {row, twin}
        right.append(both and bool(np.allclose(found.weights, 0.5, atol=1e-3)))
    return mean_claim(f"{name}: two memories with one key, both found", right, "share", EXACT)
