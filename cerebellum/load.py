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

from collections.abc import Sequence
from dataclasses import dataclass
from math import sin
from struct import Struct
from typing import ClassVar, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from cerebellum.load_prior import (
    ANTENNA_WEIGHT_N_M,
    FRICTION_N_M,
    SCALE_LEAST_N_M,
    TORQUE_N_M_A,
)
from cerebellum.proprioception import Felt
from cerebellum.servo_motion import FIFTHS_V, INPUTS, VELOCITY_STEP_RAD_S, Motion, motion_over
from firmware_bridge.command import JointTargets
from firmware_bridge.joints import JOINT_COUNT, LEFT_ANTENNA, RIGHT_ANTENNA

Array = NDArray[np.float64]
Numbers = Sequence[float]

MOVING_RAD_S: Final = 2.0 * VELOCITY_STEP_RAD_S
"""Faster than this a joint slides, and its friction has a sign."""
LOAD_FRICTION: Final = 0.12
"""Of the motor's torque that the gears keep (bam, m4: 0.07 sliding fast, 0.14 at rest)."""
STICTION: Final = 1.2
"""A joint that stands bears this much more than one that slides, before it starts."""
DT_LEAST_S: Final = 0.004
DT_MOST_S: Final = 0.25
"""What is longer than this is a gap, after which nothing can be said of one tick."""
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
_INPUTS: Final = Struct(f"={INPUTS * JOINT_COUNT + 1}d")
_SCALE_LEAST_N_M: Final[list[float]] = SCALE_LEAST_N_M.tolist()
_SCALE_MOST_N_M: Final[list[float]] = (SCALE_MOST * FRICTION_N_M).tolist()
_FRICTION_LEAST_N_M: Final[list[float]] = (FRICTION_SPAN[0] * FRICTION_N_M).tolist()
_FRICTION_MOST_N_M: Final[list[float]] = (FRICTION_SPAN[1] * FRICTION_N_M).tolist()
_FRICTION_N_M_A: Final[list[float]] = (LOAD_FRICTION * TORQUE_N_M_A).tolist()


class Load(msgspec.Struct, frozen=True):
    """One tick, nine numbers each in the order of ``joints.JOINTS``.

    They are lists of floats: so few are dealt with faster one by one than as arrays.
    """

    dt_s: float
    reference_rad: Numbers
    """Where the servos' own trajectories are."""
    predicted_rad: Numbers
    """Where the joints should be, given the command and where they were."""
    measured_rad: Numbers
    load_n_m: Numbers
    """Torque that neither motor nor posture explains."""
    friction_n_m: Numbers
    """How much of it friction may be."""
    strange_n_m: Numbers
    """Torque that neither motor, friction nor posture explains."""
    scale_n_m: Numbers
    """How large that usually is when nobody is there."""
    expected_a: Numbers
    """Current that the error, the velocity and the rail ask for."""
    current_a: Numbers
    slides: Sequence[int]
    """Way in which a joint slid all through the tick, 1 or -1; 0 where it stood or turned."""
    _motion: Motion

    @property
    def bare_n_m(self) -> Numbers:
        """Torque that neither motor, posture nor sliding friction explains."""
        told = zip(self.load_n_m, self.strange_n_m, self.slides, strict=True)
        return [strange if slides else load for load, strange, slides in told]

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


class _Before(msgspec.Struct, frozen=True):
    """The tick before: measured state, and the trajectory that was sent."""

    t_ns: int
    position_rad: Numbers
    velocity_rad_s: Numbers
    start_rad: Numbers
    goal_rad: Numbers
    duration_s: float

    def reference(self, elapsed_s: float) -> Numbers:
        """Where the servos' own profiles are."""
        if elapsed_s >= self.duration_s:
            return self.goal_rad
        share = elapsed_s / self.duration_s
        pairs = zip(self.start_rad, self.goal_rad, strict=True)
        return [start + share * (goal - start) for start, goal in pairs]


class LoadObserver:
    """Follows nine servos tick by tick. Deterministic; keeps what it learns in a ``LoadState``."""

    def __init__(self, state: LoadState | None = None) -> None:
        self._set(LoadState.initial() if state is None else state)
        self._before: _Before | None = None

    def _set(self, state: LoadState) -> None:
        self._friction: list[float] = state.friction_n_m.tolist()
        self._scale: list[float] = state.scale_n_m.tolist()

    def state(self) -> LoadState:
        """What has been learned."""
        return LoadState(np.array(self._friction), np.array(self._scale))

    @classmethod
    def from_state(cls, state: LoadState) -> LoadObserver:
        """Go on from what was learned; the first tick after it says nothing."""
        return cls(state)

    def forget_motion(self) -> None:
        """The tick before does not count: a gap, or torque was off."""
        self._before = None

    def step(self, t_ns: int, felt: Felt, sent: JointTargets) -> Load | None:
        """Take in one tick: what was felt at ``t_ns``, and what was then sent.

        None where the tick before is missing or too long ago. Values must be finite.
        """
        before, load = self._before, None
        start: Numbers = felt.position_rad
        if before is not None:
            dt_s = (t_ns - before.t_ns) * 1e-9
            if DT_LEAST_S <= dt_s <= DT_MOST_S:
                start = before.reference(dt_s)
                load = self._load(before, felt, start, dt_s)
        self._before = _Before(
            t_ns, felt.position_rad, felt.velocity_rad_s, start, sent.position_rad, sent.duration_s
        )
        return load

    def _load(self, before: _Before, felt: Felt, reference: Numbers, dt_s: float) -> Load:
        rail_v = sum(felt.voltage_v) / JOINT_COUNT
        rail_v = rail_v if RAIL_V[0] <= rail_v <= RAIL_V[1] else NOMINAL_V
        motion = motion_over(round(dt_s * 1e3), round(rail_v * FIFTHS_V))
        position, velocity = felt.position_rad, felt.velocity_rad_s
        ramp = [(b - a) / dt_s for a, b in zip(before.start_rad, reference, strict=True)]
        inputs = np.empty(INPUTS * JOINT_COUNT + 1)
        _INPUTS.pack_into(
            inputs.data, 0, *position, *velocity, *before.position_rad, *before.velocity_rad_s,
            *before.start_rad, *ramp, 1.0,
        )  # fmt: skip
        found = np.dot(motion.whole, inputs).tolist()
        load, expected = found[9:18], found[18:]
        load[RIGHT_ANTENNA] -= ANTENNA_WEIGHT_N_M * sin(position[RIGHT_ANTENNA])
        load[LEFT_ANTENNA] -= ANTENNA_WEIGHT_N_M * sin(position[LEFT_ANTENNA])
        pairs = zip(self._friction, expected, _FRICTION_N_M_A, strict=True)
        friction = [coulomb + abs(current_a) * kept for coulomb, current_a, kept in pairs]
        strange, slides = [], []
        for torque, hidden, now, then in zip(
            load, friction, velocity, before.velocity_rad_s, strict=True
        ):
            if now > MOVING_RAD_S and then > MOVING_RAD_S:
                slide, left = -1, torque + hidden
            elif now < -MOVING_RAD_S and then < -MOVING_RAD_S:
                slide, left = 1, torque - hidden
            else:
                slide, left, sticks = 0, 0.0, STICTION * hidden
                if torque > sticks:
                    left = torque - sticks
                elif torque < -sticks:
                    left = torque + sticks
            slides.append(slide)
            strange.append(left)
        return Load(
            dt_s, reference, found[:9], position, load, friction, strange, self._scale, expected,
            felt.current_a, slides, motion,
        )  # fmt: skip

    def learn(self, load: Load, own: Sequence[bool]) -> None:
        """Learn friction and scale from a tick in which ``own`` joints [9] were left alone."""
        rate, pace = load.dt_s / SCALE_S, load.dt_s / FRICTION_LEARN_S
        scales, frictions = [], self._friction
        told = zip(
            self._scale, load.strange_n_m, load.slides, own, _SCALE_LEAST_N_M, _SCALE_MOST_N_M,
            strict=True,
        )  # fmt: skip
        for joint, (scale, strange, slide, alone, least, most) in enumerate(told):
            if alone:
                size = strange if strange >= 0.0 else -strange
                far = ROBUST * scale
                scale += rate * ((size if size < far else far) - scale)
                scale = least if scale < least else most if scale > most else scale
                if slide:
                    more = frictions[joint] + pace * slide * min(max(strange, -scale), scale)
                    low, high = _FRICTION_LEAST_N_M[joint], _FRICTION_MOST_N_M[joint]
                    frictions[joint] = min(max(more, low), high)
            scales.append(scale)
        self._scale = scales
