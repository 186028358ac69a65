"""Whatever a model says, the checker comes back with a verdict."""

from __future__ import annotations

from datetime import UTC

import numpy as np

from ember_embodied.bench.hippocampus.diary_day import known_day, known_lines
from hippocampus.diary.check import checked
from hippocampus.diary.facts import facts_of
from hippocampus.diary.lexicon import MEANINGS
from hippocampus.diary.record import Dropped, Sentence

SALADS = 3000
NUMBERS = ("0", "3", "9:14", "10:02", "99", "24", "62.3", "23:59", "1e9", "007", "-4", "9:14-9:20")


def test_word_salad_is_judged() -> None:
    rng = np.random.default_rng(31)
    words = [*(" ".join(phrase) for phrase in MEANINGS), *NUMBERS, "Anna", "servo silent", "xyz"]
    facts, lines = facts_of(known_day(), UTC), known_lines()
    names = list(lines)
    clauses = ("I was lifted", "somebody stroked my left antenna", "I turned to a voice", "")
    for _ in range(SALADS):
        before, after = (" ".join(rng.choice(words, int(rng.integers(0, 4)))) for _ in range(2))
        said = f"{before} {rng.choice(clauses)} {after}"
        cited = ", ".join(rng.choice(names, 3))
        found = checked(f"{said} [{cited}]", lines, facts)
        assert isinstance(found, Sentence | Dropped), said
        if isinstance(found, Sentence):
            assert found.stretches
