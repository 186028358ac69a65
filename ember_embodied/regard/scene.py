"""What the robot sees move: a mirror, and other robots that do or do not heed it.

No pixels: a tracker of moving spots gives each spot's bearing as the camera's driver gives a
face's: the lens undone, turned into the base frame with the head pose as it was *measured* at the
moment of capture, ten times a second, with the camera's own jitter, misses and blur
(``simulation.sight``). A picture comes 60 to 120 ms late, but it carries its time of capture, and
learning looks back; so the delay costs nothing here but waiting. Spots keep their names from
picture to picture: who is who is a tracker's business, whose they are is what is asked.

The mirror shows the true tips of the own antennas, from MuJoCo, behind its glass. The others stand
opposite and have antennas of the same length:

- other: moves as much, to a song of its own: the control;
- dancer: knows the same song and dances it, lagging as servos do: matches without heeding;
- imitator: does what it has seen the robot do, a reaction time later: heeds, and is not oneself;
- lamp: stands still.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import atan2, hypot
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.regard.babble import Song
from firmware_bridge.senses import BodySense
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.hands import POINTS
from firmware_bridge.simulation.sight import BLUR_SPEED_RAD_S, JITTER_RAD, MISS

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

CAMERA_M: Final = np.array([0.0437, 0.0, 0.0512])
MIRROR_M: Final = 0.4
"""The glass is this far in front."""
ANTENNA_M: Final = 0.12
"""From the shaft of another robot's antenna to its tip, as one sees it."""
OTHERS_M: Final = {
    "other": (0.7, 0.35, 0.25),
    "dancer": (0.7, -0.35, 0.25),
    "imitator": (0.75, 0.0, 0.3),
}
LAMP_M: Final = (1.0, 0.15, 0.45)
SERVO_LAG_S: Final = 0.13
"""A tick of the loop, and what an antenna lags behind its own trajectory."""
REACTION_S: Final = (0.3, 0.7)
"""Of an imitator: a person's choice reaction takes 0.3 s or more."""
UNSTEADY_RAD: Final = 0.03
SIDES: Final = ("left", "right")
SPOTS: Final = (
    *(f"mirror {side}" for side in SIDES),
    *(f"{who} {side}" for who in OTHERS_M for side in SIDES),
    "lamp",
)
OWN: Final = frozenset(SPOTS[:2])


@dataclass(slots=True)
class Scene:
    """Everything that can be seen; ``look`` once a picture. Bearings are kept as they come."""

    song: Song
    other: Song
    generator: np.random.Generator
    reaction_s: float
    t_s: list[float] = field(default_factory=list)
    bearings_rad: list[Array] = field(default_factory=list)
    """[spots, 2] yaw and pitch each; of a missed spot those of the picture before."""
    seen: list[Bools] = field(default_factory=list)
    _angles: list[tuple[float, float, float]] = field(default_factory=list)

    def look(self, sense: BodySense, body: SimBody) -> None:
        """One picture of this moment."""
        now_s = sense.t_mono_ns * 1e-9
        plant = body.world.plant
        left, right = (float(plant.position_rad[joint]) for joint in (8, 7))
        self._angles.append((now_s, left, right))
        model, data = plant.model, plant.data
        head = model.site("head").id
        axes = data.site_xmat[head].reshape(3, 3)
        eye = data.site_xpos[head] + axes @ CAMERA_M
        tips = [self._tip(body, side) for side in SIDES]
        glass = [np.array([2.0 * (eye[0] + MIRROR_M) - tip[0], *tip[1:]]) for tip in tips]
        places = [*glass, *self._others(now_s), np.array(LAMP_M)]
        spin = float(np.linalg.norm(data.cvel[model.body("head").id][:3]))
        missed = max(MISS, spin**2 / (spin**2 + BLUR_SPEED_RAD_S**2))
        error = (sense.head.yaw_rad, sense.head.pitch_rad)
        truth = body.world.true_head()
        slip = np.array([error[0] - truth.yaw_rad, error[1] - truth.pitch_rad])
        noise = JITTER_RAD * self.generator.standard_normal((len(SPOTS), 2))
        seen = self.generator.random(len(SPOTS)) >= missed
        found = np.array([_bearing(place - eye) for place in places]) + slip + noise
        if self.bearings_rad:
            found = np.where(seen[:, None], found, self.bearings_rad[-1])
        self.t_s.append(now_s)
        self.bearings_rad.append(found)
        self.seen.append(seen)

    def _tip(self, body: SimBody, side: str) -> Array:
        part, local, _ = POINTS[f"{side}_antenna"]
        plant = body.world.plant
        index = plant.model.body(part).id
        axes: Array = plant.data.xmat[index].reshape(3, 3)
        place: Array = axes @ np.array(local) + plant.data.xpos[index]
        return place

    def _others(self, now_s: float) -> list[Array]:
        """Tips of the three other robots, which face this one: their left is on its right."""
        copied = self._angles[0]
        for past in reversed(self._angles):
            if past[0] <= now_s - self.reaction_s:
                copied = past
                break
        unsteady = UNSTEADY_RAD * self.generator.standard_normal(2)
        angles = {
            "other": self.other.at(now_s - SERVO_LAG_S)[2:],
            "dancer": self.song.at(now_s - SERVO_LAG_S)[2:],
            "imitator": np.array(copied[1:]) + unsteady,
        }
        places = []
        for who, (x, y, z) in OTHERS_M.items():
            for side, angle in zip((1.0, -1.0), angles[who].tolist(), strict=True):
                sway, up = ANTENNA_M * np.sin(angle), ANTENNA_M * np.cos(angle)
                places.append(np.array([x, y + 0.04 * side + sway, z + up]))
        return places


def _bearing(way: Array) -> tuple[float, float]:
    x, y, z = way.tolist()
    return atan2(y, x), -atan2(z, hypot(x, y))
