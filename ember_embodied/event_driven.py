"""Event-driven running: the network steps when something changes, and rests while nothing does.

``change_detector`` says when. A network step gets the true time since the last one: the core is
continuous in time. The command of an event is asked for at once. That of a step that was only due
is approached in a straight line over the longest gap, so that breathing, sampled once a second,
does not stutter: what is asked for is always a command of the network or on the way to one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ember_embodied.bundle import COMMAND_COUNT, Bundle
from ember_embodied.change_detector import (
    LONGEST_GAP_S,
    NO_TIME,
    Array,
    Memory,
    decide,
    first_memory,
    watched,
)
from ember_embodied.runtime import Policy, Runtime, State, Step

_NOTHING: Final = np.zeros(0, dtype=np.float32)


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
        """Reference [1, R]; gone [1, 2] s; since, hold, left [1, 3] s; commands [1, 11]; its own.

        The commands are the one asked for now, the one that is aimed at, and the confidence.
        """
        held = np.zeros((1, 2 * COMMAND_COUNT + 1), dtype=np.float32)
        return (*_arrays(first_memory(), NO_TIME), held, *self._policy.initial_state())

    def step(self, senses: Array, mask: Array, dt_s: float, state: State) -> Step:
        """One tick: a step of the network, or the way to its last command with nothing foretold."""
        reference, gone_s, times, held = state[:4]
        memory, left_s = Memory(reference[0], gone_s[0], times[0, 0], times[0, 1]), times[0, 2]
        before, aim, confidence = held[0, :COMMAND_COUNT], held[0, COMMAND_COUNT:-1], held[0, -1]
        dt = np.float32(dt_s)
        decision = decide(watched(senses, mask), dt, memory)
        memory = decision.memory
        step = Step(aim, _NOTHING, float(confidence), _NOTHING, state[4:], stepped=False)
        if decision.steps:
            step = self._policy.step(senses, mask, float(decision.since_s), state[4:])
            left_s = NO_TIME if decision.urgent else np.float32(LONGEST_GAP_S)
        if not np.isfinite(step.command).all():  # nothing to hold on to: step again
            memory, left_s = replace(memory, hold_s=np.float32(LONGEST_GAP_S)), NO_TIME
        share = dt / max(dt, left_s)
        command = (1 - share) * before + share * step.command if share < 1.0 else step.command
        held = np.concatenate((command, step.command, np.array([step.confidence], np.float32)))
        arrays = _arrays(memory, max(NO_TIME, left_s - dt))
        return replace(step, command=command, state=(*arrays, held[np.newaxis], *step.state))


def _arrays(memory: Memory, left_s: np.float32) -> State:
    times = np.array([[memory.since_s, memory.hold_s, left_s]], dtype=np.float32)
    return memory.reference[np.newaxis], memory.gone_s[np.newaxis], times
