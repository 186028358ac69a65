"""The gate under any floats at all: every bit pattern of a double is drawn.

Only the drawing is vectorised; each call is the real gate's. Most calls go on from the state
that the last one left, as in a life; some are given a state of arbitrary floats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from operator import le
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.command import Clip, GateState, JointTargets
from firmware_bridge.gate import DT_MAX_S, DT_MIN_S, gate, pin
from firmware_bridge.joints import JOINT_COUNT, JOINTS, REST_POSE_RAD

_LOWER: Final = tuple(joint.lower_rad for joint in JOINTS)
_UPPER: Final = tuple(joint.upper_rad for joint in JOINTS)
_BATCH: Final = 4096
_ROW: Final = 4 * JOINT_COUNT + 3
"""Goal, measured, state position and velocity, dt, scale, duration."""
_ODD: Final = (np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 2.3e-308, 1.7e308, -1.7e308)
_SPECIAL: Final = np.array([*_ODD, *_LOWER, *_UPPER])
_SANE_SHARE: Final = 0.5
"""Share of the rows without a wild number; in the others each number is wild with 1 in 5."""
_WILD_SHARE: Final = 0.2
_UNMEASURED_SHARE: Final = 0.1
_STRANGE_STATE_SHARE: Final = 0.1
_TORQUE_SHARE: Final = 0.95


@dataclass(frozen=True, slots=True)
class FuzzResult:
    """What came of it."""

    calls: int
    outside: int
    """Calls with a target, velocity or duration that was not finite or not within its limits."""
    clips: dict[str, int]
    """How often each kind of cut was made."""


def fuzz_gate(calls: int, seed: int) -> FuzzResult:
    """Call the gate ``calls`` times with drawn inputs; the same seed draws the same."""
    state = pin(REST_POSE_RAD)
    outside = 0
    kinds: Counter[int] = Counter()
    for goal, measured, strange, dt_s, scale in _draws(calls, np.random.default_rng(seed)):
        result = gate(goal, strange or state, measured, dt_s, scale)
        state, targets = result.state, result.targets
        sound = (
            all(map(le, _LOWER, targets.position_rad))
            and all(map(le, targets.position_rad, _UPPER))
            and all(map(isfinite, state.velocity_rad_s))
            and DT_MIN_S <= targets.duration_s <= DT_MAX_S
            and len(targets.position_rad) == JOINT_COUNT
        )
        outside += not sound
        kinds[result.clips.value] += 1
    counts = {
        str(clip.name): sum(count for kind, count in kinds.items() if kind & clip) for clip in Clip
    }
    return FuzzResult(calls, outside, counts)


def _draws(
    calls: int, random: np.random.Generator
) -> Iterator[tuple[JointTargets, tuple[float, ...] | None, GateState | None, float, float]]:
    for start in range(0, calls, _BATCH):
        count = min(_BATCH, calls - start)
        torque = (random.random(count) < _TORQUE_SHARE).tolist()
        measured = (random.random(count) >= _UNMEASURED_SHARE).tolist()
        strange = (random.random(count) < _STRANGE_STATE_SHARE).tolist()
        for row, held, seen, odd in zip(
            _rows(count, random).tolist(), torque, measured, strange, strict=True
        ):
            goal, at, position, velocity = (
                tuple(row[first : first + JOINT_COUNT])
                for first in range(0, 4 * JOINT_COUNT, JOINT_COUNT)
            )
            dt_s, scale, duration_s = row[-3:]
            yield (
                JointTargets(goal, held, duration_s),
                at if seen else None,
                GateState(position, velocity) if odd else None,
                dt_s,
                scale,
            )


def _rows(count: int, random: np.random.Generator) -> NDArray[np.float64]:
    rows = random.uniform(-4.0, 4.0, (count, _ROW))
    rows[:, :JOINT_COUNT] *= random.choice([0.1, 0.5, 1.0], (count, 1))
    rows[:, JOINT_COUNT : 2 * JOINT_COUNT] *= random.choice([0.02, 0.2, 1.0], (count, 1))
    rows[:, 3 * JOINT_COUNT : 4 * JOINT_COUNT] *= random.choice([0.0, 1.0, 4.0], (count, 1))
    rows[:, -3:] = random.uniform(0.0, 0.25, (count, 3)) * [1.0, 4.0, 1.0]
    bits = random.integers(0, 2**64, rows.shape, dtype=np.uint64).view(np.float64)
    special = random.choice(_SPECIAL, rows.shape)
    wild = np.where(random.random(rows.shape) < 0.5, bits, special)
    is_wild = random.random(rows.shape) < _WILD_SHARE
    is_wild &= random.random((count, 1)) >= _SANE_SHARE
    return np.where(is_wild, wild, rows)
