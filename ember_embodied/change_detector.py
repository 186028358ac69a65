"""Does anything happen? What the network would be told is compared with what it was told last.

Send-on-delta sampling (Miskowicz, Send-on-delta concept: an event-based data reporting strategy,
Sensors 6, 2006; Astrom, Event based control, 2008) with a hold-off and a longest gap. With x the
watched inputs of this tick, r those of the last network step, e the time since that step and h
what is left of the hold-off:

    event = any |x - r| > delta, each input with its own delta      something changed
            or a voice or a face after a pause
    step  = event or h > 0 or e + dt >= LONGEST_GAP_S               or it is time
    h'    = the largest hold of what made the event, else h - dt    a touch or a voice is told
                                                                    from several ticks
    r'    = x, e' = 0 where it steps;  r, e + dt where it does not

What own movement explains is no event: a joint's speed is taken from what goes along with it. The
direction of a voice scatters from reading to reading, so its r is the running mean of all that was
heard. Bearings count only while there is a face or a voice; a miss of some ticks is no event.

Faults and modes have no line of their own: the network knows of them only what its senses and
masks say, and those are watched. ``decide`` is pure and runs on the robot; ``thin`` runs the same
``decide`` over a recorded life.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.sense_vector import INDEX, MASK_COUNT, SENSES

Array = NDArray[np.float32]

LONGEST_GAP_S: Final = 1.0
"""The network steps at least this often; it is never told of a longer time, as ever."""
PAUSE_S: Final = 0.3
"""A voice or a face that was gone for no longer was only missed."""
FOLLOWING: Final = 0.3
"""Share of its way to the newest reading that the mean direction of a voice goes in a tick."""
HAND_S: Final = 0.3
"""The network tells a touch from this tick and three before it; all four are then felt."""
VOICE_S: Final = 1.0
"""Single directions scatter by up to 20 degrees; a few of them make one that can be turned to, and
who is not found there is looked for behind."""
ONCE_S: Final = 0.1
"""A tick more, to see whether it lasts."""
OWN_S: Final = 0.2
"""The rest of a movement that becomes slower than its delta."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One input that may make an event: a change of more than ``delta`` in its own unit.

    With ``less`` it is the input less ``times`` that other one: what own movement explains.
    """

    name: str
    delta: float
    hold_s: float
    """For how long the network then steps every tick."""
    while_: str = ""
    """It counts only while this input is above a half."""
    less: str = ""
    times: float = 0.0
    """In units of the input per unit of ``less``."""
    follows: bool = False
    """It is compared with the mean of what was, not with the last network step."""


@dataclass(frozen=True, slots=True)
class Onset:
    """An input that makes an event when it goes above a half after a pause."""

    name: str
    hold_s: float


SERVO_LAG_S: Final = 0.02
"""A servo that moves freely is this much behind its goal; a hand makes it more, or less."""
LEG_A_S_RAD: Final = 0.09
"""Current that a leg takes for its speed."""
ANTENNAS: Final = ("left", "right")
WATCHED: Final[tuple[Watched, ...]] = (
    *(
        Watched(
            f"command.antenna_{name}_lag",
            0.016,
            HAND_S,
            less=f"joints.{name}_antenna.velocity",
            times=SERVO_LAG_S,
        )
        for name in ANTENNAS
    ),
    *(
        Watched(
            f"joints.stewart_{i}.current",
            delta,
            HAND_S,
            less=f"joints.stewart_{i}.velocity",
            times=LEG_A_S_RAD,
        )
        for i, delta in enumerate((0.06, 0.045, 0.075, 0.075, 0.045, 0.06), start=1)
    ),
    Watched("head.roll", 0.01, HAND_S),
    Watched("head.yaw", 0.2, OWN_S),
    Watched("head.pitch", 0.1, OWN_S),
    Watched("command.head_yaw", 0.1, OWN_S),
    Watched("command.head_pitch", 0.06, OWN_S),
    Watched("command.body_yaw", 0.1, OWN_S),
    *(Watched(f"command.antenna_{name}", 0.25, OWN_S) for name in ANTENNAS),
    *(Watched(f"imu.accelerometer_{axis}", 0.15, HAND_S) for axis in "xyz"),
    *(Watched(f"imu.gyroscope_{axis}", 0.05, HAND_S) for axis in "xy"),
    Watched("imu.gyroscope_z", 0.2, HAND_S, less="joints.body_yaw.velocity", times=1.0),
    *(Watched(f"imu.up_{axis}", 0.03, HAND_S) for axis in "xy"),
    *(
        Watched(f"doa.front_{f}", 0.5, VOICE_S, while_="doa.speech", follows=True)
        for f in ("sin", "cos")
    ),
    *(
        Watched(f"camera.{angle}", 0.06, ONCE_S, while_="camera.confidence")
        for angle in ("yaw", "pitch")
    ),
    *(Watched(f"intent.{name}", 0.05, OWN_S) for name in ("yaw", "pitch", "weight", "arousal")),
)
"""What is watched, and how large a change is one: above the noise of the sensor and below what a
hand, a voice or a face makes. Every mask bit is watched besides."""
ONSETS: Final = (Onset("doa.speech", VOICE_S), Onset("camera.confidence", ONCE_S))

SECOND_US: Final = 1_000_000
GAP_US: Final = round(LONGEST_GAP_S * SECOND_US)
PAUSE_US: Final = round(PAUSE_S * SECOND_US)
_ONCE_US: Final = round(ONCE_S * SECOND_US)

_WATCHED_END: Final = len(WATCHED)
_ROWS: Final = _WATCHED_END + MASK_COUNT
_COLUMN: Final = np.array([INDEX[row.name] for row in WATCHED], dtype=np.intp)
_LESS_ROW: Final = np.array([i for i, row in enumerate(WATCHED) if row.less], dtype=np.intp)
_LESS: Final = np.array([INDEX[WATCHED[i].less] for i in _LESS_ROW], dtype=np.intp)
_TIMES: Final = np.array(
    [
        WATCHED[i].times * SENSES[j].scale / SENSES[_COLUMN[i]].scale
        for i, j in zip(_LESS_ROW, _LESS, strict=True)
    ],
    dtype=np.float32,
)
_HOLD_US: Final = np.array(
    [round(row.hold_s * SECOND_US) for row in WATCHED] + [_ONCE_US] * MASK_COUNT, dtype=np.int64
)
_ONSETS: Final = tuple((INDEX[row.name], round(row.hold_s * SECOND_US)) for row in ONSETS)


def _tables(there: tuple[bool, ...]) -> tuple[Array, dict[bool, Array]]:
    """While these onsets are there: the deltas, and how far references go, by "it steps"."""
    names = {onset.name for onset, is_there in zip(ONSETS, there, strict=True) if is_there}
    counts = [not row.while_ or row.while_ in names for row in WATCHED]
    scales = [SENSES[i].scale for i in _COLUMN]
    delta = [
        row.delta / scale if count else np.inf
        for row, scale, count in zip(WATCHED, scales, counts, strict=True)
    ]
    pace = {
        steps: [
            count * (FOLLOWING if row.follows else float(steps))
            for row, count in zip(WATCHED, counts, strict=True)
        ]
        for steps in (False, True)
    }
    return (
        np.array(delta + [0.5] * MASK_COUNT, dtype=np.float32),
        {
            steps: np.array(shares + [float(steps)] * MASK_COUNT, dtype=np.float32)
            for steps, shares in pace.items()
        },
    )


_TABLES: Final = {there: _tables(there) for there in product((False, True), repeat=len(ONSETS))}


@dataclass(frozen=True, slots=True)
class Memory:
    """What the change detector remembers; times in whole microseconds, so that sums are exact."""

    reference: Array
    """Values that the next ones are compared with, float32[rows and mask]."""
    since_us: int
    """Since the last network step."""
    hold_us: int
    """What is left of the hold-off."""
    gone_us: tuple[int, ...]
    """How long each of ``ONSETS`` has not been there."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the network steps now, and what follows from it."""

    steps: bool
    urgent: bool
    """Something has just changed; else a step is only due."""
    since_us: int
    """True time since the last network step: the dt of this one."""
    memory: Memory


def first_memory() -> Memory:
    """Before the first tick: nothing is there, so that whatever is there is an event."""
    return Memory(np.zeros(_ROWS, dtype=np.float32), 0, 0, (GAP_US,) * len(ONSETS))


def microseconds(dt_s: float) -> int:
    """Whole microseconds of a dt, the same for a float32 of it."""
    return round(float(np.float32(dt_s)) * SECOND_US)


def decide(senses: Array, mask: Array, dt_us: int, memory: Memory) -> Decision:
    """Decide for one tick: senses float32[S] and mask float32[M], ``dt_us`` after the last one.

    The first tick has a mask bit that was not there, and steps.
    """
    values = np.empty(_ROWS, dtype=np.float32)
    values[:_WATCHED_END] = senses[_COLUMN]
    values[_LESS_ROW] -= _TIMES * senses[_LESS]
    values[_WATCHED_END:] = mask
    there = tuple([bool(senses[i] > 0.5) for i, _ in _ONSETS])
    delta, paces = _TABLES[there]
    away = values - memory.reference
    changed = np.abs(away) > delta
    gone_us = [min(gone + dt_us, GAP_US) for gone in memory.gone_us]
    holds = [
        hold_us
        for (_, hold_us), is_there, gone in zip(_ONSETS, there, gone_us, strict=True)
        if is_there and gone > PAUSE_US
    ]
    if changed.any():
        holds.append(int(_HOLD_US[changed].max()))
    urgent = bool(holds) or memory.hold_us > 0
    since_us = min(memory.since_us + dt_us, GAP_US)
    steps = urgent or since_us >= GAP_US
    after = Memory(
        reference=memory.reference + paces[steps] * away,
        since_us=0 if steps else since_us,
        hold_us=max(*holds, memory.hold_us - dt_us, 0),
        gone_us=tuple([0 if here else gone for here, gone in zip(there, gone_us, strict=True)]),
    )
    return Decision(steps, urgent, since_us, after)


def thin(senses: Array, mask: Array, dt: Array) -> tuple[NDArray[np.bool_], Array]:
    """Which ticks of a recorded life the network would have stepped in.

    Args:
        senses: [T, S], as the network was given them tick by tick.
        mask: [T, M].
        dt: [T, 1], seconds since the tick before.

    Returns:
        ``keep`` bool[T], and float32[T, 1]: the time since the last kept tick. By ``decide``,
        as it runs on the robot; the same senses give the same answer.
    """
    memory = first_memory()
    keep, since_us = np.zeros(len(dt), dtype=np.bool_), np.zeros(dt.shape)
    for i, (row, there, dt_s) in enumerate(zip(senses, mask, dt[:, 0].tolist(), strict=True)):
        decision = decide(row, there, microseconds(dt_s), memory)
        keep[i], since_us[i, 0], memory = decision.steps, decision.since_us, decision.memory
    return keep, (since_us / SECOND_US).astype(np.float32)
