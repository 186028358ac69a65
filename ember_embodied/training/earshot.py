"""What could be known at best: a teacher that is told of a voice only when the array has shown it.

The teacher knows who speaks, heard or not. Within earshot it is told the truth about a voice, front
from back and all, but not before so many readings have pointed near who speaks, in front or
mirrored. Who had to find that out from the same readings would need more of them: so what this
teacher is worth bounds what can be asked of a network with this array in this room.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import radians
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.sense_vector import INDEX, SENSES, STREAMS, wrap
from ember_embodied.training.teacher import Person, Scene

Array = NDArray[np.float32]

NEAR_RAD: Final = radians(20.0)
"""A reading that is farther off than this shows nobody."""
AT_ONCE_S: Final = 0.05
"""Less than a tick: who knows need not wait to be sure."""
_HYPOTHESES: Final = tuple(
    (INDEX[name], SENSES[INDEX[name]].scale) for name in ("doa.front", "doa.mirror")
)
_SPEECH: Final = INDEX["doa.speech"]
_DOA: Final = STREAMS.index("doa")


@dataclass(slots=True)
class Earshot:
    """What is heard in one life."""

    readings: int
    """So many must point near who speaks, since they began; at least 1."""
    _shown: dict[str, int] = field(default_factory=dict)

    def hear(self, scene: Scene, senses: Array, mask: Array) -> Scene:
        """The scene, in which only those speak who were heard; senses [S] and mask [M]."""
        heard = mask[_DOA] > 0.0 and senses[_SPEECH] > 0.0
        ways = [float(senses[i]) * scale for i, scale in _HYPOTHESES] if heard else []
        return replace(scene, people=tuple(self._heard(person, ways) for person in scene.people))

    def _heard(self, person: Person, ways: list[float]) -> Person:
        if not person.speaking:
            self._shown.pop(person.name, None)
            return person
        near = any(abs(wrap(way - person.yaw_rad)) <= NEAR_RAD for way in ways)
        shown = self._shown.get(person.name, 0) + near
        self._shown[person.name] = shown
        return replace(person, speaking=shown >= self.readings)
