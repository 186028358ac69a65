"""Hands: forces on the robot's head, antennas and body, a grip on its foot, a knock on its table.

A finger is a force with a profile in time at a point of a part. It yields: the faster the part
moves away, the less it pushes, as a muscle does (Hill), and it never pulls. A hand that holds is a
spring to where the part was when it was gripped; what blocks is a stiffer one, there at once, as
a thing in the way is; a hand that swings
an antenna leads such a spring to and fro. A grip on the foot moves the anchor of the
foot's springs (see ``model``); a knock makes the table ring, and the anchor rides on the table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import mujoco
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.joints import LEFT_ANTENNA
from firmware_bridge.simulation.geometry_table import SITES, Vector3
from firmware_bridge.simulation.manner import (
    RINGS_S,
    TABLE_UP,
    Manner,
    Table,
    smooth,
)
from firmware_bridge.simulation.model import POSITION_SIGN
from firmware_bridge.simulation.plant import Plant
from firmware_bridge.simulation.scenario import WorldChange

Array = NDArray[np.float64]

NS: Final = 1e-9
ANTENNA_SIGN: Final = float(POSITION_SIGN[LEFT_ANTENNA])
"""Both antennas turn about their own z axis, against their servos' sense."""
TOUCHES: Final = ("tap", "stroke", "push", "hold", "block", "swing")
GRIPS: Final = ("lift", "tilt", "bump", "turn")
FINGER_SPEED_M_S: Final = 0.6
"""A part that runs away this fast is not pushed any more."""
HOLD_STIFFNESS_N_M: Final = 250.0
HOLD_DAMPING_N_S_M: Final = 3.0
FIRM_STIFFNESS_N_M: Final = 3000.0
FIRM_DAMPING_N_S_M: Final = 15.0
FIRM_ANTENNA_STIFFNESS_N_M: Final = 300.0
FIRM_ANTENNA_DAMPING_N_S_M: Final = 1.5
"""Of what blocks or leads. The 24 g that move at an antenna's tip bear no stiffer spring in steps
of 5 ms."""
SKIN_FRICTION: Final = 0.3

_HEAD_SITE: Final = next(site for site in SITES if site.name == "head")
_HEAD_TOP_M: Final = (0.02, 0.0, 0.09)
"""Touched points are this project's estimates of the shells: top of the head in the head's frame,
tips of the antennas, breast of the body."""
_ANTENNA_TIP_M: Final = (0.0, -0.075, -0.0087)
_BREAST_M: Final = (0.0, 0.07, 0.06)


def _of_head(place: Vector3) -> Vector3:
    """A direction in the head's own axes, in those of its part."""
    turned = np.zeros(3)
    mujoco.mju_rotVecQuat(turned, np.array(place), np.array(_HEAD_SITE.quaternion_wxyz))
    x, y, z = turned.tolist()
    return (x, y, z)


def _head_top() -> Vector3:
    (x, y, z), (dx, dy, dz) = _HEAD_SITE.position_m, _of_head(_HEAD_TOP_M)
    return (x + dx, y + dy, z + dz)


POINTS: Final[dict[str, tuple[str, Vector3, Vector3]]] = {
    "head": ("head", _head_top(), _of_head((-1.0, 0.0, 0.0))),
    "left_antenna": ("left_antenna", _ANTENNA_TIP_M, (0.0, -1.0, 0.0)),
    "right_antenna": ("right_antenna", _ANTENNA_TIP_M, (0.0, -1.0, 0.0)),
    "body": ("torso", _BREAST_M, (0.0, 0.0, -1.0)),
}
"""Part, point, and the way of a stroke: from brow to neck, out to the tip, down the breast."""


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
    manner: Manner
    body: int
    local: Array
    along: Array
    direction: Array
    grip_point: Array
    grip_axes: Array
    """Of the touched part as it was gripped, world frame."""
    force_n: float = 0.0


class Hands:
    """Every hand on one plant."""

    def __init__(self, plant: Plant, generator: np.random.Generator) -> None:
        """``generator`` draws the manner of each hand, and the table."""
        self._generator = generator
        self._model = plant.model
        self._data = plant.data
        self._anchor: Array = plant.model.qpos_spring
        self._base = plant.body.base_qpos
        self._rest: Array = self._anchor[self._base].copy()
        self._bodies = {name: int(plant.model.body(part).id) for name, (part, *_) in POINTS.items()}
        self._foot = int(plant.model.body("foot").id)
        self._touches: list[_Touch] = []
        self._grips: list[tuple[WorldChange, Manner]] = []
        self._table = Table.draw(generator)
        self._velocity = np.zeros(6)
        self._no_torque = np.zeros(3)
        self._active = False

    def begin(self, change: WorldChange) -> None:
        """A hand comes. ``change.kind`` is one of ``TOUCHES`` or ``GRIPS``."""
        self._active = True
        manner = Manner.draw(self._generator)
        if change.kind in GRIPS:
            if change.kind == "bump" and not self._knocked():
                self._table.rest(change.t_mono_ns)
            self._grips.append((change, manner))
            return
        azimuth, elevation = change.values[2:4]
        yaw = azimuth + self._foot_yaw()
        flat = math.cos(elevation)
        direction = np.array([flat * math.cos(yaw), flat * math.sin(yaw), math.sin(elevation)])
        _, point, way = POINTS[change.who]
        local, along = np.array(point), np.array(way)
        if change.kind == "stroke" and change.who.endswith("antenna"):
            local -= 0.5 * manner.stroke_m * along
        body = self._bodies[change.who]
        touch = _Touch(change, manner, body, local, along, direction, np.zeros(3), np.eye(3))
        touch.grip_axes = self._axes(touch).copy()
        touch.grip_point = touch.grip_axes @ local + self._data.xpos[body]
        self._touches.append(touch)

    def _foot_yaw(self) -> float:
        turn = self._data.xmat[self._foot]
        return math.atan2(turn[3], turn[0])

    def _axes(self, touch: _Touch) -> Array:
        axes: Array = self._data.xmat[touch.body].reshape(3, 3)
        return axes

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
        seconds, limit = touch.change.values[:2]
        kind = touch.change.kind
        axes = self._axes(touch)
        strength = limit
        if kind != "block":
            strength *= touch.manner.strength(elapsed_s, seconds, kind)
        local, moves = touch.local, 0.0
        if kind == "stroke":
            place_m, moves, pressure = touch.manner.stroke(elapsed_s)
            local = local + place_m * touch.along
            strength *= pressure
        arm = axes @ local
        point = arm + self._data.xpos[touch.body]
        speed = self._speed(touch.body, arm)
        if kind in ("hold", "block", "swing"):
            stiffness, damping = _spring(kind, touch.change.who)
            grip = touch.grip_point if kind != "swing" else _led(touch, elapsed_s)
            pull = stiffness * (grip - point) - damping * speed
            size = math.sqrt(pull @ pull)
            force = pull * (min(1.0, strength / size) if size > 0.0 else 0.0)
        else:
            away = float(speed @ touch.direction) / FINGER_SPEED_M_S
            force = touch.direction * (strength * min(1.5, max(0.0, 1.0 - away)))
        if moves:
            force = force + axes @ touch.along * (SKIN_FRICTION * strength)
        touch.force_n = math.sqrt(force @ force)
        self._push(force, point, touch.body)

    def _speed(self, body: int, arm: Array) -> Array:
        """Speed of a point of a part, ``arm`` away from the part's own origin, world frame."""
        mujoco.mj_objectVelocity(
            self._model, self._data, mujoco.mjtObj.mjOBJ_BODY, body, self._velocity, 0
        )
        wx, wy, wz, vx, vy, vz = self._velocity.tolist()
        x, y, z = arm.tolist()
        return np.array([vx + wy * z - wz * y, vy + wz * x - wx * z, vz + wx * y - wy * x])

    def _push(self, force: Array, point: Array, body: int) -> None:
        mujoco.mj_applyFT(
            self._model,
            self._data,
            force,
            self._no_torque,
            point,
            body,
            self._data.qfrc_applied,
        )

    def _grip(self, t_ns: int) -> None:
        for change, _ in self._grips:
            if change.kind == "turn" and _over(change, t_ns):
                self._rest[3] += change.values[1]
        self._grips = [grip for grip in self._grips if not _over(grip[0], t_ns)]
        anchor = self._rest.copy()
        knock_n, azimuth = 0.0, 0.0
        for change, manner in self._grips:
            elapsed_s = (t_ns - change.t_mono_ns) * NS
            if change.kind == "bump":
                seconds, force_n, azimuth = change.values
                if elapsed_s < seconds:
                    knock_n += force_n * (1.0 - elapsed_s / seconds)
            else:
                _hold(anchor, change, manner, elapsed_s)
        if self._knocked():
            place_m = self._table.ring(t_ns, knock_n)
            anchor[0] += place_m * math.cos(azimuth + self._foot_yaw())
            anchor[1] += place_m * math.sin(azimuth + self._foot_yaw())
            anchor[2] += TABLE_UP * place_m
        self._anchor[self._base] = anchor

    def _knocked(self) -> bool:
        return any(change.kind == "bump" for change, _ in self._grips)

    def touches(self) -> tuple[TouchTruth, ...]:
        """Every hand that is on the robot now; a knock on the table is one on its foot."""
        fingers = (TouchTruth(t.change.who, t.change.kind, t.force_n) for t in self._touches)
        grips = (TouchTruth("foot", change.kind, 0.0) for change, _ in self._grips)
        return (*fingers, *grips)


def _spring(kind: str, place: str) -> tuple[float, float]:
    """Stiffness, N/m, and damping, N s/m, of a grip."""
    if kind == "hold":
        return HOLD_STIFFNESS_N_M, HOLD_DAMPING_N_S_M
    if place.endswith("antenna"):
        return FIRM_ANTENNA_STIFFNESS_N_M, FIRM_ANTENNA_DAMPING_N_S_M
    return FIRM_STIFFNESS_N_M, FIRM_DAMPING_N_S_M


def _led(touch: _Touch, elapsed_s: float) -> Array:
    """Where a hand that swings an antenna about its shaft has led the gripped point."""
    angle, rhythm_s = touch.change.values[4:]
    angle *= ANTENNA_SIGN * math.sin(2.0 * math.pi * elapsed_s / rhythm_s)
    sine, cosine = math.sin(angle), math.cos(angle)
    x, y, z = touch.local.tolist()
    turned = np.array([cosine * x - sine * y, sine * x + cosine * y, z])
    moved: Array = touch.grip_point + touch.grip_axes @ (turned - touch.local)
    return moved


def _hold(anchor: Array, change: WorldChange, manner: Manner, elapsed_s: float) -> None:
    """Move the anchor of the foot as a hand does that lifts, tilts or turns it."""
    seconds, amount = change.values[:2]
    rise_s = min(manner.grip_rise_s, seconds / 3.0)
    share = smooth(elapsed_s / rise_s) * smooth((seconds - elapsed_s) / rise_s)
    trembles = share * manner.trembles(elapsed_s)
    anchor[0] += manner.tremor_m * trembles
    if change.kind == "lift":
        anchor[2] += share * amount
        anchor[5] += manner.tremor_rad * trembles
    elif change.kind == "turn":
        anchor[3] += manner.turned(elapsed_s / seconds) * amount
        anchor[3] += manner.tremor_rad * trembles
    else:
        anchor[4] += share * amount * math.cos(change.values[2])
        anchor[5] -= share * amount * math.sin(change.values[2])
        anchor[5] += manner.tremor_rad * trembles


def _over(change: WorldChange, t_ns: int) -> bool:
    rings_s = RINGS_S if change.kind == "bump" else 0.0
    return (t_ns - change.t_mono_ns) * NS >= change.values[0] + rings_s
