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
VOICE_S: Final = 0.3
"""Single directions scatter by up to 20 degrees; a few of them make one that can be turned to."""
FACE_S: Final = 0.1
OWN_S: Final = 0.2
"""The rest of a movement that becomes slower than its delta."""
_ROUNDING_S: Final = 1e-4
"""Ten ticks of a tenth make a second, in float32 too."""


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
    Watched("command.head_yaw", 0.06, OWN_S),
    Watched("command.head_pitch", 0.06, OWN_S),
    Watched("command.body_yaw", 0.06, OWN_S),
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
        Watched(f"camera.{angle}", 0.06, FACE_S, while_="camera.confidence")
        for angle in ("yaw", "pitch")
    ),
    *(Watched(f"intent.{name}", 0.05, OWN_S) for name in ("yaw", "pitch", "weight", "arousal")),
)
"""What is watched, and how large a change is one: above the noise of the sensor and below what a
hand, a voice or a face makes. Every mask bit is watched besides."""
ONSETS: Final = (Onset("doa.speech", VOICE_S), Onset("camera.confidence", FACE_S))
MASK_S: Final = 0.1

_ROWS: Final = len(WATCHED) + MASK_COUNT
_COLUMN: Final = np.array([INDEX[row.name] for row in WATCHED], dtype=np.intp)
_LESS: Final = np.array([INDEX[row.less or row.name] for row in WATCHED], dtype=np.intp)
_TIMES: Final = np.array(
    [
        row.times * SENSES[i].scale / SENSES[INDEX[row.name]].scale
        for row, i in zip(WATCHED, _LESS, strict=True)
    ],
    dtype=np.float32,
)
_ONSET: Final = np.array([INDEX[row.name] for row in ONSETS], dtype=np.intp)
_WHILE: Final = np.array(
    [[row.while_ == onset.name for onset in ONSETS] for row in WATCHED]
    + [[False] * len(ONSETS)] * MASK_COUNT
)
_ALWAYS: Final = ~_WHILE.any(axis=1)
_DELTA: Final = np.array(
    [row.delta / SENSES[INDEX[row.name]].scale for row in WATCHED] + [0.5] * MASK_COUNT,
    dtype=np.float32,
)
_HOLD_S: Final = np.array(
    [row.hold_s for row in WATCHED] + [MASK_S] * MASK_COUNT + [row.hold_s for row in ONSETS],
    dtype=np.float32,
)
_FOLLOWS: Final = np.array([row.follows for row in WATCHED] + [False] * MASK_COUNT)
_PACE: Final = {
    steps: np.where(_FOLLOWS, np.float32(FOLLOWING), np.float32(steps)).astype(np.float32)
    for steps in (False, True)
}
NO_TIME: Final = np.float32(0.0)
_GAP_S: Final = np.float32(LONGEST_GAP_S)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the change detector looks at; leading axes are free."""

    values: Array
    """[..., WATCHED and mask]."""
    counts: NDArray[np.bool_]
    """The same shape: whether the value may make an event."""
    there: NDArray[np.bool_]
    """[..., ONSETS]."""


def watched(senses: Array, mask: Array) -> Inputs:
    """Pick out of senses [..., S] and mask [..., M] what is watched."""
    there = senses[..., _ONSET] > 0.5
    counts = (there[..., np.newaxis, :] & _WHILE).any(axis=-1) | _ALWAYS
    values = senses[..., _COLUMN] - _TIMES * senses[..., _LESS]
    return Inputs(np.concatenate((values, mask), axis=-1), counts, there)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the change detector remembers."""

    reference: Array
    """Values that the next ones are compared with, float32[WATCHED and mask]."""
    gone_s: Array
    """How long each of ``ONSETS`` has not been there, float32."""
    since_s: np.float32
    """Since the last network step."""
    hold_s: np.float32
    """What is left of the hold-off."""


def first_memory() -> Memory:
    """Before the first tick: nothing is there, so that whatever is there is an event."""
    gone_s = np.full(len(ONSETS), PAUSE_S, dtype=np.float32)
    return Memory(np.zeros(_ROWS, dtype=np.float32), gone_s, NO_TIME, NO_TIME)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the network steps now, and what follows from it."""

    steps: bool
    urgent: bool
    """Something has just changed; else a step is only due."""
    since_s: np.float32
    """True time since the last network step: the dt of this one."""
    memory: Memory


def decide(inputs: Inputs, dt_s: np.float32, memory: Memory) -> Decision:
    """Decide for one tick, ``dt_s`` after the last one.

    The first tick has a mask bit that was not there, and steps.
    """
    since_s = min(memory.since_s + dt_s, _GAP_S)
    gone_s = memory.gone_s + dt_s
    away = inputs.values - memory.reference
    changed = (np.abs(away) > _DELTA) & inputs.counts
    came = inputs.there & (gone_s > PAUSE_S)
    hold_s = float((np.concatenate((changed, came)) * _HOLD_S).max())
    urgent = hold_s > 0.0 or bool(memory.hold_s > _ROUNDING_S)
    steps = urgent or bool(since_s > LONGEST_GAP_S - _ROUNDING_S)
    after = Memory(
        reference=memory.reference + _PACE[steps] * inputs.counts * away,
        gone_s=np.where(inputs.there, NO_TIME, gone_s),
        since_s=NO_TIME if steps else since_s,
        hold_s=max(np.float32(hold_s), memory.hold_s - dt_s, NO_TIME),
    )
    return Decision(steps, urgent, since_s, after)


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
    life, memory = watched(senses, mask), first_memory()
    keep, since = np.zeros(len(dt), dtype=np.bool_), np.zeros_like(dt)
    for i, (values, counts, there) in enumerate(
        zip(life.values, life.counts, life.there, strict=True)
    ):
        decision = decide(Inputs(values, counts, there), dt[i, 0], memory)
        keep[i], since[i, 0], memory = decision.steps, decision.since_s, decision.memory
    return keep, since
