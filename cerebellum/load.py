"""What torque rests on each joint, found from how it moves: the servo's equation, solved for it.

A servo in position mode with a proportional gain is a spring with a damper between its goal and
its shaft (ROBOTIS e-manual, X330: PWM = P / 128 * error, V = PWM / 885 * rail; motor: I =
(V - ke w) / R, torque = kt I). Goal, position, velocity and rail voltage are known, so where the
shaft should be at the next tick is known too, exactly, for a motor without load:

    J a = kt / R (k (r - x) - ke w) - d w + load

The load is what is left between that and what is measured, over one tick, weighted by how sure
position and velocity are. Friction (Coulomb, grown by the motor's torque as in bam's m4) is taken
off where the joint moves, and hides loads up to its own size where it stands; the weight of the
head on its legs is linear in their angles, nearly, and the same for all robots of this make. What
remains is strange: a hand, a wall, another's motor. Unlike an error of an adaptive prediction it
does not fade while the hand stays.

The same equations say which current must flow. A motor that gives none while its error asks for
it has lost its torque, whatever its registers say.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sin
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.load_prior import (
    ANTENNA_WEIGHT_N_M,
    FRICTION_N_M,
    POSTURE_LOAD,
    SCALE_LEAST_N_M,
    TORQUE_N_M_A,
)
from cerebellum.servo_motion import INPUTS, VELOCITY_STEP_RAD_S, Motion, motion_over
from firmware_bridge.command import JointTargets
from firmware_bridge.joints import JOINT_COUNT, STEWART
from firmware_bridge.senses import JointsSense

Array = NDArray[np.float64]

MOVING_RAD_S: Final = 2.0 * VELOCITY_STEP_RAD_S
"""Faster than this a joint slides, and its friction has a sign."""
LOAD_FRICTION: Final = 0.12
"""Of the motor's torque that the gears keep (bam, m4: 0.07 sliding fast, 0.14 at rest)."""
STICTION: Final = 1.2
"""A joint that stands bears this much more than one that slides, before it starts."""
DT_LEAST_S: Final = 0.004
DT_MOST_S: Final = 0.25
"""What is longer than this is a gap, after which nothing can be said of one tick."""
CACHED: Final = 64
FRICTION_LEARN_S: Final = 8.0
SCALE_S: Final = 15.0
SCALE_MOST: Final = 3.0
"""The most that may be left of an undisturbed load, in parts of the friction known at first."""
ROBUST: Final = 3.0
FRICTION_SPAN: Final = (0.4, 2.5)
"""Bounds of a unit's friction, in parts of that known at first."""
RAIL_V: Final = (4.0, 9.0)
NOMINAL_V: Final = 7.2
"""What the robot runs on, where no voltage is told."""
_SCALE_MOST_N_M: Final = SCALE_MOST * FRICTION_N_M
_FRICTION_LEAST_N_M, _FRICTION_MOST_N_M = (bound * FRICTION_N_M for bound in FRICTION_SPAN)
ANTENNAS: Final = slice(7, 9)
_RESTING_N_M: Final = np.zeros(JOINT_COUNT)
_RESTING_N_M[STEWART] = POSTURE_LOAD[0]


@dataclass(frozen=True, slots=True)
class Load:
    """One tick, nine numbers each in the order of ``joints.JOINTS``."""

    dt_s: float
    reference_rad: Array
    """Where the servos' own trajectories are."""
    predicted_rad: Array
    """Where the joints should be, given the command and where they were."""
    measured_rad: Array
    bare_n_m: Array
    """Torque that neither motor, posture nor sliding friction explains."""
    friction_n_m: Array
    strange_n_m: Array
    """Torque that neither motor, friction nor posture explains."""
    scale_n_m: Array
    """How large that usually is when nobody is there."""
    expected_a: Array
    """Current that the error, the velocity and the rail ask for."""
    current_a: Array
    _motion: Motion

    def torque_of(self, before_rad: Array, now_rad: Array) -> Array:
        """Torque that a displacement of the trajectories over this tick asks of the motors."""
        motion = self._motion
        off = motion.start * before_rad + motion.slope * ((now_rad - before_rad) / self.dt_s)
        asked: Array = (motion.weigh * off).sum(axis=0)
        return asked


@dataclass(frozen=True)
class LoadState:
    """What is learned of one robot."""

    KIND: ClassVar[str] = "load"
    VERSION: ClassVar[int] = 1

    friction_n_m: Array
    """[9] Coulomb friction."""
    scale_n_m: Array
    """[9] mean size of what is left when nobody is there."""

    @staticmethod
    def initial() -> LoadState:
        """What is known of any such robot."""
        return LoadState(FRICTION_N_M.copy(), 0.6 * FRICTION_N_M)


@dataclass(frozen=True, slots=True)
class _Before:
    """The tick before: measured state, and the trajectory that was sent."""

    t_ns: int
    state: Array
    start_rad: Array
    goal_rad: Array
    duration_s: float

    def reference(self, elapsed_s: float) -> Array:
        """Where the servos' own profiles are."""
        if elapsed_s >= self.duration_s:
            return self.goal_rad
        share = elapsed_s / self.duration_s
        return self.start_rad + share * (self.goal_rad - self.start_rad)


class LoadObserver:
    """Follows nine servos tick by tick. Deterministic; keeps what it learns in a ``LoadState``."""

    def __init__(self, state: LoadState | None = None) -> None:
        self._set(LoadState.initial() if state is None else state)
        self._motions: dict[tuple[int, int], Motion] = {}
        self._before: _Before | None = None
        self._slides = np.zeros(JOINT_COUNT)

    def _set(self, state: LoadState) -> None:
        self._friction = state.friction_n_m.copy()
        self._scale = state.scale_n_m.copy()

    def state(self) -> LoadState:
        """What has been learned."""
        return LoadState(self._friction.copy(), self._scale.copy())

    @classmethod
    def from_state(cls, state: LoadState) -> LoadObserver:
        """Go on from what was learned; the first tick after it says nothing."""
        return cls(state)

    def forget_motion(self) -> None:
        """The tick before does not count: a gap, or torque was off."""
        self._before = None

    def step(self, sense: JointsSense, sent: JointTargets) -> Load | None:
        """Take in one tick: what was felt, and what was then sent.

        None where the tick before is missing or too long ago. Values must be finite.
        """
        joints = sense.joints
        now = np.array(
            [(j.position_rad, j.velocity_rad_s, j.current_a, j.voltage_v) for j in joints]
        ).T
        before, t_ns = self._before, sense.t_mono_ns
        load = None
        goal = np.array(sent.position_rad)
        start = now[0]
        if before is not None:
            dt_s = (t_ns - before.t_ns) * 1e-9
            if DT_LEAST_S <= dt_s <= DT_MOST_S:
                start = before.reference(dt_s)
                load = self._load(before, now, start, dt_s)
        self._before = _Before(t_ns, now[:2], start, goal, sent.duration_s)
        return load

    def _load(self, before: _Before, now: Array, reference: Array, dt_s: float) -> Load:
        rail_v = sum(now[3].tolist()) / JOINT_COUNT
        if not RAIL_V[0] <= rail_v <= RAIL_V[1]:
            rail_v = NOMINAL_V
        motion = self._motion(dt_s, rail_v)
        inputs = np.empty((INPUTS, JOINT_COUNT))
        inputs[:2] = now[:2]
        inputs[2:4] = before.state
        inputs[4] = before.start_rad
        inputs[5] = (reference - before.start_rad) / dt_s
        found = (motion.whole @ inputs.ravel()).reshape(3, JOINT_COUNT)
        predicted, load, expected = found
        load -= _RESTING_N_M
        right, left = now[0, ANTENNAS].tolist()
        load[ANTENNAS] -= (ANTENNA_WEIGHT_N_M * sin(right), ANTENNA_WEIGHT_N_M * sin(left))
        friction = self._friction + np.abs(expected) * (LOAD_FRICTION * TORQUE_N_M_A)
        slides = -_slides_to(now[1], before.state[1])
        self._slides = slides
        bare = load - slides * friction
        sticks = (STICTION * friction) * (slides == 0.0)
        strange = bare - np.minimum(np.maximum(bare, -sticks), sticks)
        return Load(
            dt_s, reference, predicted, now[0], bare, friction, strange, self._scale, expected,
            now[2], motion,
        )  # fmt: skip

    def learn(self, load: Load, own: NDArray[np.bool_]) -> None:
        """Learn friction and scale from a tick in which ``own`` joints were left alone."""
        dt_s = load.dt_s
        size = np.minimum(np.abs(load.strange_n_m), ROBUST * self._scale)
        rate = own * (dt_s / SCALE_S)
        scale = self._scale + rate * (size - self._scale)
        self._scale = np.minimum(np.maximum(scale, SCALE_LEAST_N_M), _SCALE_MOST_N_M)
        more = np.minimum(np.maximum(load.strange_n_m, -self._scale), self._scale)
        more *= self._slides * own
        friction = self._friction + (dt_s / FRICTION_LEARN_S) * more
        self._friction = np.minimum(np.maximum(friction, _FRICTION_LEAST_N_M), _FRICTION_MOST_N_M)

    def _motion(self, dt_s: float, rail_v: float) -> Motion:
        key = (round(dt_s * 1e3), round(rail_v * 5.0))
        found = self._motions.get(key)
        if found is None:
            if len(self._motions) >= CACHED:
                self._motions.clear()
            found = self._motions[key] = motion_over(key[0] * 1e-3, key[1] / 5.0)
        return found


def _slides_to(now_rad_s: Array, before_rad_s: Array) -> Array:
    """[9] way in which a joint slid all through the tick, 1 or -1; 0 where it stood or turned."""
    to_left = np.minimum(now_rad_s, before_rad_s) > MOVING_RAD_S
    to_right = np.maximum(now_rad_s, before_rad_s) < -MOVING_RAD_S
    way: Array = np.subtract(to_left, to_right, dtype=np.float64)
    return way
