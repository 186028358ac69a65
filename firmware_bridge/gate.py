"""The last check before a command leaves: total, small, and the same for every body.

For any floats at all (NaN, infinite, subnormal, a negative or huge ``dt``) the targets are finite
and within the limits of the joint table. The six legs are one group, the body and each antenna
groups of one. Every cut is one factor for a whole group: the head keeps its way. In this order:

1. finite: a goal with a value that is not finite brings its group to a stop where it is;
2. position: a goal outside the box is met where the straight way to it leaves the box;
3. velocity: at most the limit, and never more than lets the target brake in time for its goal;
4. acceleration: straight to the goal as fast as the change of velocity allows; where it allows
   none, straight on and braking, so that corners are taken slowly and never cut;
5. position again: no step leaves the box;
6. lag: a target further than ``max_lag_rad`` from the measured pose, if there is one, is pulled
   towards it, and its group starts again from rest.

Where they conflict: finite > position > lag > velocity > acceleration. With torque off the target
is the measured pose, so that torque never comes back with a jump.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import copysign, isfinite, sqrt
from operator import le, mul
from typing import Final

from firmware_bridge.command import Clip, GateResult, GateState, JointTargets
from firmware_bridge.joints import JOINTS, REST_POSE_RAD, STEWART

__all__ = ["DT_MAX_S", "DT_MIN_S", "SCALE_MIN", "Clip", "GateResult", "GateState", "gate", "pin"]

DT_MIN_S: Final = 0.001
DT_MAX_S: Final = 0.2  # a longer pause counts as this, so that a late tick is no leap
SCALE_MIN: Final = 0.01
Floats = Sequence[float]
_LOWER: Final = tuple(joint.lower_rad for joint in JOINTS)
_UPPER: Final = tuple(joint.upper_rad for joint in JOINTS)
_GROUPS: Final = (slice(0, 1), STEWART, slice(7, 8), slice(8, 9))
_VELOCITIES: Final = [min(joint.max_velocity_rad_s for joint in JOINTS[g]) for g in _GROUPS]
_ACCELERATIONS: Final = [min(joint.max_acceleration_rad_s2 for joint in JOINTS[g]) for g in _GROUPS]
_LAGS: Final = [min(joint.max_lag_rad for joint in JOINTS[g]) for g in _GROUPS]
_NOT_FINITE, _POSITION, _VELOCITY, _ACCELERATION, _LAG, _DT, _STATE = map(int, Clip)


def pin(measured: Floats, last: Floats = REST_POSE_RAD) -> GateState:
    """Target := present pose, velocity 0; a group that was not measured stays at ``last``."""
    return GateState(_boxed(_finite(measured, last)), (0.0,) * len(JOINTS))


def gate(
    goal: JointTargets, state: GateState, measured: Floats | None, dt_s: float, scale: float
) -> GateResult:
    """One step of the targets towards the goal; the module says what may cut it.

    ``measured`` are nine positions, rad, or None. ``dt_s``, the time since the last call, is cut
    to 0.001..0.2 s, ``scale``, which scales velocity and acceleration, to 0.01..1.
    """
    dt = min(DT_MAX_S, max(DT_MIN_S, dt_s))
    duration = min(DT_MAX_S, max(DT_MIN_S, goal.duration_s))
    share = min(1.0, max(SCALE_MIN, scale))
    clips = 0 if dt == dt_s and duration == goal.duration_s and share == scale else _DT
    if not _inside(state.position_rad) or not all(map(isfinite, state.velocity_rad_s)):
        clips |= _STATE
        state = pin(REST_POSE_RAD if measured is None else measured)
    start, end, torque = state.position_rad, goal.position_rad, goal.torque_enabled
    if not torque:
        state = pin(start if measured is None else measured, start)
        return GateResult(JointTargets(state.position_rad, torque, duration), state, Clip(clips))
    if not _inside(end):
        end = _finite(goal.position_rad, start)
        clips |= _NOT_FINITE if end != goal.position_rad else 0
    way = [e - s for e, s in zip(end, start, strict=True)]
    if not _inside(end):
        clips |= _POSITION
        way = _scaled(way, _shares(start, end))
    velocity, slowed = _velocity(way, state.velocity_rad_s, dt, share)
    if slowed or not _inside(end):
        end = tuple([s + dt * v for s, v in zip(start, velocity, strict=True)])
    if not _inside(end):
        clips |= _POSITION
        velocity = _scaled(velocity, _shares(start, end))
        end = _boxed([s + dt * v for s, v in zip(start, velocity, strict=True)])
    if measured is not None:
        seen = measured if _inside(measured) else _boxed(_finite(measured, end))
        away = [e - m for e, m in zip(end, seen, strict=True)]
        if min(shares := _factors(_LAGS, away)) < 1.0:
            clips |= _LAG
            velocity = _scaled(velocity, [float(share == 1.0) for share in shares])
            end = _boxed([m + a for m, a in zip(seen, _scaled(away, shares), strict=True)])
    state = GateState(end, tuple(velocity))
    return GateResult(JointTargets(end, torque, duration), state, Clip(clips | slowed))


def _velocity(way: Floats, before: Floats, dt: float, scale: float) -> tuple[list[float], int]:
    """Velocity of this step, and what kept it from being ``way / dt``.

    Braking takes ``v dt + (v - a dt) dt + ...``: the most that stops in time, after n steps, is
    ``way / (n + 1) dt + n a dt / 2``, n the largest with ``n (n + 1) a dt^2 / 2 <= way``.
    """
    velocity: list[float] = []
    clips = 0
    for group, limit, push in zip(_GROUPS, _VELOCITIES, _ACCELERATIONS, strict=True):
        ways, olds, top, change = way[group], before[group], scale * limit, scale * push * dt
        far, fast = max(map(abs, ways)), max(map(abs, olds))
        steps = (sqrt(1.0 + 8.0 * far / (change * dt)) - 1.0) // 2.0
        speed = far / (dt * (steps + 1.0)) + 0.5 * steps * change
        clips |= _VELOCITY if speed > top or fast > top else 0
        low, high = 0.0, (rate := min(speed, top) / far if far else 0.0)
        for w, old in zip(ways, olds, strict=True):  # the rates that the change allows
            if w:
                reach = copysign(change, w)
                least, most = (old - reach) / w, (old + reach) / w
                low, high = least if least > low else low, most if most < high else high
            elif abs(old) > change:
                high = -1.0
        clips |= _ACCELERATION if steps or high < rate or low > high else 0
        keep = min(max(0.0, fast - change), top) / fast if low > high else 0.0
        velocity += [keep * old for old in olds] if keep else [high * w for w in ways]
    return velocity, clips


def _inside(values: Floats) -> bool:  # False for NaN too
    return all(map(le, _LOWER, values)) and all(map(le, values, _UPPER))


def _boxed(values: Floats) -> tuple[float, ...]:
    limits = zip(values, _LOWER, _UPPER, strict=True)
    return tuple([v if a <= v <= b else b if v > b else a for v, a, b in limits])


def _finite(values: Floats, instead: Floats) -> tuple[float, ...]:  # by whole groups
    whole = [values if all(map(isfinite, values[group])) else instead for group in _GROUPS]
    return tuple([v for kept, group in zip(whole, _GROUPS, strict=True) for v in kept[group]])


def _factors(limits: Floats, values: Floats) -> list[float]:  # bring the largest to its limit
    sizes = zip(limits, [max(map(abs, values[group])) for group in _GROUPS], strict=True)
    return [limit / size if size > limit else 1.0 for limit, size in sizes]


def _shares(start: Floats, end: Floats) -> list[float]:  # of the way that stays inside
    ways = zip(start, end, _boxed(end), strict=True)
    shares = [1.0 if e == edge else (edge - s) / (e - s) for s, e, edge in ways]
    return [min(shares[group]) for group in _GROUPS]


def _scaled(values: Floats, factors: Floats) -> list[float]:
    body, legs, right, left = factors
    return list(map(mul, values, (body, *(legs,) * 6, right, left)))
