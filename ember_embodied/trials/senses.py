"""The sense vector read back into units, for policies that are rules."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ember_embodied.runtime import State, Step
from ember_embodied.sense_vector import INDEX, PREDICTED, SENSES, STREAMS

Array = NDArray[np.float32]


class Felt:
    """One tick as the network would get it, number by number."""

    def __init__(self, senses: Array, mask: Array) -> None:
        """``senses`` float32[S] and ``mask`` float32[M], as ``sense_vector.encode`` gives them."""
        self._senses = senses
        self._mask = mask

    def __getitem__(self, name: str) -> float:
        """A sense in its unit; 0 while its stream is absent."""
        index = INDEX[name]
        return float(self._senses[index]) * SENSES[index].scale

    def there(self, stream: str) -> bool:
        """Whether the stream is there and sound."""
        return bool(self._mask[STREAMS.index(stream)] > 0.0)


def plain_step(command: Array, state: State = ()) -> Step:
    """A step of a policy that foretells nothing and has no gates."""
    nothing = np.zeros(len(PREDICTED), dtype=np.float32)
    return Step(command, nothing, 1.0, np.zeros(0, dtype=np.float32), state)
