"""Exactness with drawn keys: damaged codes, chains, shared keys, half of it forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.bench.claims import Claim, mean_claim
from ember_embodied.bench.hippocampus import Note
from ember_embodied.bench.hippocampus.memory_speed import SIZES, WIDTH
from hippocampus.memory.associative import AssociativeMemory
from hippocampus.memory.codes import ACTIVE, UNITS, Codes

REPLACED: Final = 0.4
TRIALS: Final = 100
CHAINS: Final = 50
HOPS: Final = (6, 10)
LONGEST: Final = 11
"""Memories of a chain."""
EXACT: Final = ">= 1"
SHARED: Final = 200
"""Pairs of memories with one key."""
CROSSED: Final = 3
"""Memories in the middle of a chain that another one passes too."""


def fidelity(seeds: range, note: Note) -> Iterator[Claim]:
    """The claims of exactness; each size is drawn from a seed of its own."""
    for at, size in enumerate(SIZES):
        note(f"memory: {size} memories, exactness")
        rng = np.random.default_rng(seeds[at % len(seeds)])
        keys = rng.standard_normal((size, WIDTH)).astype(np.float32)
        memory = AssociativeMemory(WIDTH, seed=0)
        memory.learn(keys)
        yield from exactness(f"{size}", memory, rng)
        yield _shared_keys(f"{size}", memory, keys, rng)
        yield _crossing(f"{size}", keys, rng)


def exactness(name: str, memory: AssociativeMemory, rng: np.random.Generator) -> Iterator[Claim]:
    """Damaged codes and chains of a memory, then again when half of its chains are forgotten.

    Every memory is part of one chain, in an order that is drawn. Each is judged by whether it, and
    nothing else, comes back from 60 % of its code: plain nearest neighbour among the codes, which
    looks at all of them, can do no better than 1.
    """
    drawn = rng.permutation(memory.numbers)
    chains = drawn[: len(drawn) // LONGEST * LONGEST].reshape(-1, LONGEST)
    for chain in chains:
        memory.associate(chain[:-1], chain[1:])
    yield from _exact(name, memory, chains, rng)
    memory.forget(np.concatenate([chains[::2].reshape(-1), drawn[chains.size :]]))
    yield from _exact(f"{name}, half forgotten", memory, chains[1::2], rng)


def _exact(
    name: str, memory: AssociativeMemory, chains: NDArray[np.int64], rng: np.random.Generator
) -> Iterator[Claim]:
    tried = rng.permutation(chains.reshape(-1))[:TRIALS].tolist()
    hits = [_comes_back(memory, number, rng) for number in tried]
    yield mean_claim(f"{name}: exact with 40 % of the code replaced", hits, "share", EXACT)
    for hops in HOPS:
        some = rng.permutation(chains)[:CHAINS]
        right = [_followed(memory, chain[: hops + 1], rng) for chain in some]
        yield mean_claim(f"{name}: chains of {hops} hops exact", right, "share", EXACT)


def _comes_back(memory: AssociativeMemory, number: int, rng: np.random.Generator) -> bool:
    found = memory.recall_code(damaged(rng, memory.code(number)), 1).numbers.tolist()
    return bool(found) and same_code(memory, found[0], number)


def damaged(rng: np.random.Generator, code: Codes) -> Codes:
    """A code with 40 % of its active units replaced by others."""
    kept = rng.permutation(code)[: ACTIVE - round(REPLACED * ACTIVE)]
    strangers = rng.permutation(np.setdiff1d(np.arange(UNITS), code))[: ACTIVE - len(kept)]
    return np.sort(np.concatenate([kept, strangers])).astype(np.uint16)


def same_code(memory: AssociativeMemory, found: int, wanted: int) -> bool:
    """Whether it is the one; of memories with one key any is."""
    return found == wanted or bool((memory.key(found) == memory.key(wanted)).all())


def _followed(memory: AssociativeMemory, way: NDArray[np.int64], rng: np.random.Generator) -> bool:
    """Whether a damaged cue of the first leads along the whole way, and nowhere else."""
    cue = memory.recall_code(damaged(rng, memory.code(int(way[0]))))
    steps = memory.chain(cue, len(way) - 1)
    followed = [int(step.numbers[0]) for step in steps]
    return bool(followed == way[1:].tolist())


def _shared_keys(
    name: str, memory: AssociativeMemory, keys: NDArray[np.float32], rng: np.random.Generator
) -> Claim:
    """Twins are learned with the keys of others: each must come back with half of the weight."""
    rows = rng.permutation(memory.numbers)[:SHARED]
    twins = memory.learn(keys[rows])
    right = []
    for row, twin in zip(rows.tolist(), twins.tolist(), strict=True):
        found = memory.recall(keys[row], 2)
        both = set(found.numbers.tolist()) == {row, twin}
        right.append(both and bool(np.allclose(found.weights, 0.5, atol=1e-3)))
    return mean_claim(f"{name}: two memories with one key, both found", right, "share", EXACT)


def _crossing(name: str, keys: NDArray[np.float32], rng: np.random.Generator) -> Claim:
    """Two chains each pass the same memories on their way: both must be followed to their ends."""
    memory = AssociativeMemory(WIDTH, seed=0)
    drawn = rng.permutation(memory.learn(keys))
    pairs = drawn[: min(CHAINS * 2 * LONGEST, len(drawn) // (2 * LONGEST) * 2 * LONGEST)]
    chains = pairs.reshape(-1, 2, LONGEST)
    middle = slice((LONGEST - CROSSED) // 2, (LONGEST + CROSSED) // 2)
    chains[:, 1, middle] = chains[:, 0, middle]
    for chain in chains.reshape(-1, LONGEST):
        memory.associate(chain[:-1], chain[1:])
    right = [_followed(memory, chain, rng) for chain in chains.reshape(-1, LONGEST)]
    return mean_claim(
        f"{name}: two chains through {CROSSED} memories that both pass, exact",
        right,
        "share",
        EXACT,
    )
