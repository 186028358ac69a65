"""Hands: forces on the robot's head, antennas and body, and a grip on its foot.

A finger is a force with a profile in time at a point of a part. It yields: the faster the part
moves away, the less it pushes, as a muscle does (Hill), and it never pulls. A hand that holds is a
spring to where the part was when it was gripped. A grip on the foot moves the anchor of the
foot's springs (see ``model``), smoothly and with a slight tremor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import mujoco
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.simulation.geometry_table import SITES, Vector3
from firmware_bridge.simulation.plant import Plant
from firmware_bridge.simulation.scenario import WorldChange

Array = NDArray[np.float64]

NS: Final = 1e-9
TOUCHES: Final = ("tap", "stroke", "push", "hold")
GRIPS: Final = ("lift", "tilt", "bump", "turn")
RISE_S: Final = 0.15
"""A hand comes and goes in this time, or a third of the touch where that is shorter."""
GRIP_RISE_S: Final = 0.7
FINGER_SPEED_M_S: Final = 0.6
"""A part that runs away this fast is not pushed any more."""
HOLD_STIFFNESS_N_M: Final = 250.0
HOLD_DAMPING_N_S_M: Final = 3.0
STROKE_LENGTH_M: Final = 0.03
STROKE_HZ: Final = 0.8
SKIN_FRICTION: Final = 0.3
TREMOR_M: Final = 0.0001
TREMOR_RAD: Final = 0.002
TREMOR_HZ: Final = (8.7, 7.3)

_HEAD_SITE: Final = next(site for site in SITES if site.name == "head")
_HEAD_TOP_M: Final = (0.02, 0.0, 0.09)
"""Touched points are this project's estimates of the shells: top of the head in the head's frame,
tips of the antennas, breast of the body."""
_ANTENNA_TIP_M: Final = (0.0, -0.075, -0.0087)
_BREAST_M: Final = (0.0, 0.07, 0.06)


def _head_top() -> Vector3:
    turned = np.zeros(3)
    mujoco.mju_rotVecQuat(turned, np.array(_HEAD_TOP_M), np.array(_HEAD_SITE.quaternion_wxyz))
    x, y, z = (np.array(_HEAD_SITE.position_m) + turned).tolist()
    return (x, y, z)


POINTS: Final[dict[str, tuple[str, Vector3]]] = {
    "head": ("head", _head_top()),
    "left_antenna": ("left_antenna", _ANTENNA_TIP_M),
    "right_antenna": ("right_antenna", _ANTENNA_TIP_M),
    "body": ("torso", _BREAST_M),
}


@dataclass(frozen=True, slots=True)
class TouchTruth:
    """A hand that is on the robot now. ``place`` is ``foot`` for a grip."""

    place: str
    kind: str
    force_n: float
    """Force of the finger at this moment; 0 for a grip."""


@dataclass(slots=True)
class _Touch:
    change: WorldChange
    body: int
    local: Array
    direction: Array
    grip_point: Array
    force_n: float = 0.0


def _smooth(share: float) -> float:
    """Minimum-jerk step from 0 to 1 (Flash and Hogan 1985)."""
    share = min(1.0, max(0.0, share))
    return share**3 * (10.0 - 15.0 * share + 6.0 * share**2)


def _plateau(elapsed_s: float, seconds: float, rise_s: float) -> float:
    """Up, stay, down again; 0 outside."""
    rise_s = min(rise_s, seconds / 3.0)
    if rise_s <= 0.0:
        return 0.0
    return _smooth(elapsed_s / rise_s) * _smooth((seconds - elapsed_s) / rise_s)


class Hands:
    """Every hand on one plant."""

    def __init__(self, plant: Plant, generator: np.random.Generator) -> None:
        self._generator = generator
        self._model = plant.model
        self._data = plant.data
        self._anchor: Array = plant.model.qpos_spring
        self._base = plant.body.base_qpos
        self._rest: Array = self._anchor[self._base].copy()
        self._bodies = {name: int(plant.model.body(body).id) for name, (body, _) in POINTS.items()}
        self._foot = int(plant.model.body("foot").id)
        self._torso = self._bodies["body"]
        self._touches: list[_Touch] = []
        self._grips: list[WorldChange] = []
        self._velocity = np.zeros(6)
        self._active = False

    def begin(self, change: WorldChange) -> None:
        """A hand comes. ``change.kind`` is one of ``TOUCHES`` or ``GRIPS``."""
        self._active = True
        if change.kind in GRIPS:
            self._grips.append(change)
            return
        azimuth, elevation = change.values[2:]
        yaw = azimuth + self._foot_yaw()
        flat = math.cos(elevation)
        direction = np.array([flat * math.cos(yaw), flat * math.sin(yaw), math.sin(elevation)])
        body = self._bodies[change.who]
        touch = _Touch(change, body, np.array(POINTS[change.who][1]), direction, np.zeros(3))
        touch.grip_point = self._point(touch)
        self._touches.append(touch)

    def _foot_yaw(self) -> float:
        turn = self._data.xmat[self._foot]
        return math.atan2(turn[3], turn[0])

    def _point(self, touch: _Touch) -> Array:
        turn: Array = self._data.xmat[touch.body].reshape(3, 3)
        place: Array = self._data.xpos[touch.body]
        return place + turn @ touch.local

    def apply(self, t_ns: int) -> None:
        """Put every hand's force and grip of this moment on the plant."""
        if not self._active:
            return
        self._data.qfrc_applied[:] = 0.0
        self._touches = [touch for touch in self._touches if not _over(touch.change, t_ns)]
        for touch in self._touches:
            self._press(touch, (t_ns - touch.change.t_mono_ns) * NS)
        self._grip(t_ns)
        self._active = bool(self._touches or self._grips)

    def _press(self, touch: _Touch, elapsed_s: float) -> None:
        seconds, limit, *_ = touch.change.values
        kind = touch.change.kind
        point = self._point(touch)
        strength = limit * _plateau(elapsed_s, seconds, seconds / 2.0 if kind == "tap" else RISE_S)
        mujoco.mj_objectVelocity(
            self._model, self._data, mujoco.mjtObj.mjOBJ_BODY, touch.body, self._velocity, 0
        )
        arm = point - self._data.xpos[touch.body]
        speed = self._velocity[3:] + np.cross(self._velocity[:3], arm)
        if kind == "hold":
            pull = HOLD_STIFFNESS_N_M * (touch.grip_point - point) - HOLD_DAMPING_N_S_M * speed
            size = float(np.linalg.norm(pull))
            force = pull * (min(1.0, strength / size) if size > 0.0 else 0.0)
        else:
            away = float(speed @ touch.direction) / FINGER_SPEED_M_S
            force = touch.direction * (strength * min(1.5, max(0.0, 1.0 - away)))
        if kind == "stroke":
            phase = 2.0 * math.pi * STROKE_HZ * elapsed_s
            along = np.array([1.0, 0.0, 0.0])
            point = point + along * (STROKE_LENGTH_M * math.sin(phase))
            force = force + along * (SKIN_FRICTION * strength * math.cos(phase))
        touch.force_n = float(np.linalg.norm(force))
        mujoco.mj_applyFT(
            self._model, self._data, force, np.zeros(3), point, touch.body, self._data.qfrc_applied
        )

    def _grip(self, t_ns: int) -> None:
        anchor = self._rest.copy()
        ended = [change for change in self._grips if _over(change, t_ns)]
        for change in ended:
            self._grips.remove(change)
            if change.kind == "turn":
                self._rest[3] += change.values[1]
                anchor[3] += change.values[1]
        for change in self._grips:
            elapsed_s = (t_ns - change.t_mono_ns) * NS
            seconds, amount = change.values[:2]
            if change.kind == "bump":
                self._bump(amount * _plateau(elapsed_s, seconds, seconds / 2.0), change.values[2])
                continue
            share = _plateau(elapsed_s, seconds, GRIP_RISE_S)
            anchor[0] += share * TREMOR_M * math.sin(2.0 * math.pi * TREMOR_HZ[0] * elapsed_s)
            anchor[5] += share * TREMOR_RAD * math.sin(2.0 * math.pi * TREMOR_HZ[1] * elapsed_s)
            if change.kind == "lift":
                anchor[2] += share * amount
            elif change.kind == "turn":
                anchor[3] += _smooth(elapsed_s / seconds) * amount
            else:
                anchor[4] += share * amount * math.cos(change.values[2])
                anchor[5] -= share * amount * math.sin(change.values[2])
        self._anchor[self._base] = anchor

    def _bump(self, force_n: float, azimuth_rad: float) -> None:
        yaw = azimuth_rad + self._foot_yaw()
        force = force_n * np.array([math.cos(yaw), math.sin(yaw), 0.0])
        point = np.array(self._data.xpos[self._torso])
        mujoco.mj_applyFT(
            self._model, self._data, force, np.zeros(3), point, self._torso, self._data.qfrc_applied
        )

    def touches(self) -> tuple[TouchTruth, ...]:
        """Every hand that is on the robot now."""
        fingers = (TouchTruth(t.change.who, t.change.kind, t.force_n) for t in self._touches)
        grips = (TouchTruth("foot", change.kind, 0.0) for change in self._grips)
        return (*fingers, *grips)


def _over(change: WorldChange, t_ns: int) -> bool:
    return (t_ns - change.t_mono_ns) * NS >= change.values[0]
