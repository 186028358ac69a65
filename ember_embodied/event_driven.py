"""Event-driven running: the network steps when something changes, and rests while nothing does.

Send-on-delta sampling (Miskowicz, Send-on-delta concept: an event-based data reporting strategy,
Sensors 6, 2006; Astrom, Event based control, 2008) with a longest gap. With x the watched inputs
of this tick, r those of the last network step, e the time since that step and h what is left of
the hold-off, all after dt:

    event = any |x - r| > delta, each input with its own delta      something changed
    step  = event or h > 0 or e + dt >= LONGEST_GAP_S               or it is time
    h'    = HOLD_OFF_S if event else max(0, h - dt)                 a touch or a voice is told
                                                                    from several ticks
    r'    = x, e' = 0 where it steps;  r, e + dt where it does not

A network step gets e + dt, the true time since the last one: the core is continuous in time.
The command of an event is asked for at once. That of a step that was only due is approached in a
straight line over the longest gap, so that breathing, sampled twice a second, does not stutter:
what is asked for is always a command of the network or on the way from one to the next.

Body faults and modes have no line of their own: the network knows of them only what its senses
and masks say, and those are watched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ember_embodied.bundle import Bundle
from ember_embodied.runtime import Policy, Runtime, State, Step
from ember_embodied.sense_vector import INDEX, MASK_COUNT, SENSE_COUNT, SENSES

Array = NDArray[np.float32]

LONGEST_GAP_S: Final = 0.5
"""The network steps at least this often."""
HOLD_OFF_S: Final = 0.4
"""After an event it steps every tick for so long."""
_ROUNDING_S: Final = 1e-4
"""Ten ticks of a tenth make a second, in float32 too."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One input that may make an event: a change of more than ``delta`` in its own unit.

    ``while_`` names an input that must be above a half for this one to count; else it reads 0.
    """

    name: str
    delta: float
    while_: str = ""


WATCHED: Final[tuple[Watched, ...]] = (
    *(Watched(f"joints.{name}_antenna.velocity", 0.9) for name in ("left", "right")),
    *(Watched(f"joints.{name}_antenna.current", 0.04) for name in ("left", "right")),
    *(Watched(f"joints.stewart_{i}.current", 0.09) for i in range(1, 7)),
    Watched("head.yaw", 0.2),
    Watched("head.pitch", 0.1),
    Watched("head.roll", 0.02),
    Watched("command.head_yaw", 0.05),
    Watched("command.head_pitch", 0.05),
    Watched("command.antenna_left", 0.2),
    Watched("command.antenna_right", 0.2),
    Watched("command.body_yaw", 0.05),
    Watched("command.antenna_left_lag", 0.03),
    Watched("command.antenna_right_lag", 0.03),
    *(Watched(f"imu.accelerometer_{axis}", 0.05) for axis in "xyz"),
    *(Watched(f"imu.gyroscope_{axis}", 0.02) for axis in "xy"),
    Watched("imu.gyroscope_z", 0.1),
    Watched("imu.up_x", 0.02),
    Watched("imu.up_y", 0.02),
    Watched("doa.speech", 0.5),
    Watched("doa.front_sin", 0.5, while_="doa.speech"),
    Watched("doa.front_cos", 0.5, while_="doa.speech"),
    Watched("camera.confidence", 0.5),
    Watched("camera.yaw", 0.06),
    Watched("camera.pitch", 0.06),
    Watched("camera.size", 0.1),
    Watched("intent.yaw", 0.01),
    Watched("intent.pitch", 0.01),
    Watched("intent.weight", 0.05),
    Watched("intent.arousal", 0.05),
)
"""What is watched, and how large a change is one: above the noise of the sensor and below what a
hand, a voice or a face makes. Every mask bit is watched besides."""

_COLUMN: Final = np.array([INDEX[row.name] for row in WATCHED], dtype=np.intp)
_ALWAYS: Final = SENSE_COUNT
_GATE: Final = np.array([INDEX[w.while_] if w.while_ else _ALWAYS for w in WATCHED], dtype=np.intp)
_DELTA: Final = np.array(
    [row.delta / SENSES[INDEX[row.name]].scale for row in WATCHED] + [0.5] * MASK_COUNT,
    dtype=np.float32,
)
WATCHED_COUNT: Final = len(_DELTA)
COMMANDS: Final = 5
_NOTHING: Final = np.zeros(0, dtype=np.float32)
_NOTHING_LEFT: Final = np.float32(0.0)


def watched(senses: Array, mask: Array) -> Array:
    """The watched inputs [..., WATCHED_COUNT] of senses [..., S] and mask [..., M]."""
    gates = np.concatenate((senses, np.ones_like(senses[..., :1])), axis=-1)[..., _GATE] > 0.5
    return np.concatenate((senses[..., _COLUMN] * gates, mask), axis=-1)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the change detector remembers: inputs at the last step, time since, hold-off left."""

    reference: Array
    since_s: np.float32
    hold_s: np.float32


def first_memory() -> Memory:
    """Before the first tick: nothing is there, so that whatever is there is an event."""
    return Memory(np.zeros(WATCHED_COUNT, np.float32), _NOTHING_LEFT, _NOTHING_LEFT)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the network steps now, and what follows from it."""

    steps: bool
    urgent: bool
    """Something has just changed; else a step is only due."""
    since_s: np.float32
    """True time since the last network step: the dt of this one."""
    memory: Memory


def decide(inputs: Array, dt_s: np.float32, memory: Memory) -> Decision:
    """Decide for one tick.

    ``inputs`` are those of ``watched``, float32[WATCHED_COUNT]; ``dt_s`` is the time since the
    last tick. The first tick has a mask bit that was not there, and steps.
    """
    since_s = memory.since_s + dt_s
    event = bool((np.abs(inputs - memory.reference) > _DELTA).any())
    hold_s = np.float32(HOLD_OFF_S) if event else max(_NOTHING_LEFT, memory.hold_s - dt_s)
    urgent = event or bool(memory.hold_s > _ROUNDING_S)
    if urgent or since_s > LONGEST_GAP_S - _ROUNDING_S:
        after = Memory(inputs, np.float32(0.0), hold_s)
        return Decision(steps=True, urgent=urgent, since_s=since_s, memory=after)
    after = Memory(memory.reference, since_s, hold_s)
    return Decision(steps=False, urgent=False, since_s=since_s, memory=after)


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
    inputs, memory = watched(senses, mask), first_memory()
    keep, since = np.zeros(len(dt), dtype=np.bool_), np.zeros_like(dt)
    for i, row in enumerate(inputs):
        decision = decide(row, dt[i, 0], memory)
        keep[i], since[i, 0], memory = decision.steps, decision.since_s, decision.memory
    return keep, since


def network_of(bundle: Bundle, *, event_driven: bool) -> Policy:
    """The network of a bundle, ready to run: every tick, or when something changes."""
    runtime = Runtime(bundle)
    return EventDriven(runtime) if event_driven else runtime


class EventDriven:
    """A policy that lets another one step only when something changes.

    Its state is the detector's and the held command's, then the other's own: arrays like any
    network's, so a log's snapshots hold it and a replay starts from it.
    """

    def __init__(self, policy: Policy) -> None:
        """``policy`` gets the true time since its last step."""
        self._policy = policy

    def initial_state(self) -> State:
        """Reference [1, W]; times [1, 3] s; command asked now and aimed at, confidence [1, 11]."""
        held = np.zeros((1, 2 * COMMANDS + 1), dtype=np.float32)
        return (*_arrays(first_memory(), _NOTHING_LEFT), held, *self._policy.initial_state())

    def step(self, senses: Array, mask: Array, dt_s: float, state: State) -> Step:
        """One tick: a step of the network, or the way to its last command with nothing foretold."""
        reference, times, held = state[:3]
        memory, left_s = Memory(reference[0], times[0, 0], times[0, 1]), times[0, 2]
        before, aim, confidence = held[0, :COMMANDS], held[0, COMMANDS:-1], held[0, -1]
        dt = np.float32(dt_s)
        decision = decide(watched(senses, mask), dt, memory)
        memory = decision.memory
        step = Step(aim, _NOTHING, float(confidence), _NOTHING, state[3:], stepped=False)
        if decision.steps:
            step = self._policy.step(senses, mask, float(decision.since_s), state[3:])
            left_s = np.float32(0.0) if decision.urgent else np.float32(LONGEST_GAP_S)
        if not np.isfinite(step.command).all():  # nothing to hold on to: step again
            memory, left_s = replace(memory, hold_s=np.float32(HOLD_OFF_S)), _NOTHING_LEFT
        share = dt / max(dt, left_s)
        command = (1 - share) * before + share * step.command if share < 1.0 else step.command
        held = np.concatenate((command, step.command, np.array([step.confidence], np.float32)))[
            np.newaxis
        ]
        arrays = _arrays(memory, max(_NOTHING_LEFT, left_s - dt))
        return replace(step, command=command, state=(*arrays, held, *step.state))


def _arrays(memory: Memory, left_s: np.float32) -> State:
    times = np.array([[memory.since_s, memory.hold_s, left_s]], dtype=np.float32)
    return memory.reference[np.newaxis], times
