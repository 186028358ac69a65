"""Which memories speak of a word: posting lists of word stems, weighed by how rare they are.

Okapi BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009). A sentence's
meaning and its words find different memories: names, titles and dates are words before they are
meanings.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from typing import Final

import numpy as np

from hippocampus.memory.settle import Floats
from hippocampus.memory.wordpiece import words

SATURATION: Final = 0.9
"""k1: how soon a word that is said again says no more."""
LENGTH_SHARE: Final = 0.4
"""b: how much a long text is held against its words."""
SHORTEST_STEM: Final = 3
ENDINGS: Final = ("ing", "ed", "es", "s")
FUNCTION_WORDS: Final = frozenset(
    """
    a an the of to in on at for and or is are was were be been being do does did has have had what
    when where which who whom whose how why that this these those it its his her their he she they i
    you we with from by as about into after before during would could should might can will likely
    not no
    """.split()  # noqa: SIM905
)
"""Say little in any text and are in most; English only, others are weighed by their rarity."""


def stems(text: str) -> list[str]:
    """The words of a text without function words and endings."""
    return [_stem(word) for word in words(text) if word.isalnum() and word not in FUNCTION_WORDS]


class WordIndex:
    """Texts by place, 0 to ``len - 1``, in the order in which they were added."""

    def __init__(self) -> None:
        self._lists: dict[str, array[int]] = {}
        self._lengths = array("I")

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, text: str) -> None:
        """Append a text as the next place."""
        place, found = len(self._lengths), Counter(stems(text))
        self._lengths.append(sum(found.values()))
        for stem, times in found.items():
            self._lists.setdefault(stem, array("I")).extend((place, times))

    def scores(self, text: str) -> Floats:
        """How much each text [n] has to do with the words of ``text``; 0 where nothing."""
        total = np.zeros(len(self), dtype=np.float32)
        if not self._lengths:
            return total
        lengths = np.frombuffer(self._lengths, dtype=np.uint32).astype(np.float32)
        damping = 1.0 - LENGTH_SHARE + LENGTH_SHARE * lengths / max(float(lengths.mean()), 1.0)
        for stem in dict.fromkeys(stems(text)):
            listed = self._lists.get(stem)
            if listed is None:
                continue
            places, times = np.frombuffer(listed, dtype=np.uint32).reshape(-1, 2).T
            rare = math.log(1.0 + (len(self) - len(places) + 0.5) / (len(places) + 0.5))
            total[places] += (
                rare * times * (SATURATION + 1.0) / (times + SATURATION * damping[places])
            )
        return total


def _stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word[: -len(ending)]
    return word
