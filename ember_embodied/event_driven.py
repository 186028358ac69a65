"""Event-driven running: the network steps when something changes, and rests while nothing does.

``change_detector`` says when. A network step gets the true time since the last one: the core is
continuous in time. A new command that follows from an event is asked for at once. That of a step
that was only due is approached in a straight line over the longest gap, so that breathing, sampled
once a second, does not stutter: what is asked for is a command of the network or on the way to one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ember_embodied.bundle import COMMAND_COUNT, Bundle
from ember_embodied.change_detector import (
    GAP_US,
    SECOND_US,
    Array,
    Memory,
    decide,
    first_memory,
    microseconds,
)
from ember_embodied.runtime import Policy, Runtime, State, Step

NEW_RAD: Final = np.array((0.05, 0.05, 0.15, 0.15, 0.05), dtype=np.float32)
"""After an event a command that is farther away is asked for at once. Breathing alone moves an
antenna by less in the longest gap."""
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
        """Reference [1, R]; since, hold, left and gone [1, 5] us; commands [1, 11]; its own.

        The commands are the one asked for now, the one that is aimed at, and the confidence.
        """
        held = np.zeros((1, 2 * COMMAND_COUNT + 1), dtype=np.float32)
        return (*_arrays(first_memory(), 0), held, *self._policy.initial_state())

    def step(self, senses: Array, mask: Array, dt_s: float, state: State) -> Step:
        """One tick: a step of the network, or the way to its last command with nothing foretold."""
        reference, times, held = state[:3]
        since_us, hold_us, left_us, *gone_us = map(int, times[0].tolist())
        memory = Memory(reference[0], since_us, hold_us, tuple(gone_us))
        asked, aim = held[0, :COMMAND_COUNT], held[0, COMMAND_COUNT:-1]
        dt_us = microseconds(dt_s)
        decision = decide(senses, mask, dt_us, memory)
        memory = decision.memory
        command = aim
        step = Step(aim, _NOTHING, float(held[0, -1]), _NOTHING, state[3:], stepped=False)
        if decision.steps:
            step = self._policy.step(senses, mask, decision.since_us / SECOND_US, state[3:])
            command = step.command
            left_us = left_us if decision.urgent else GAP_US
            if not np.isfinite(command).all():  # nothing to hold on to: step again
                memory, left_us = replace(memory, hold_us=GAP_US), 0
        if left_us > dt_us:
            share = np.float32(dt_us / left_us)
            on_its_way = (1 - share) * asked + share * command
            new = decision.urgent & (np.abs(command - asked) > NEW_RAD)
            command = np.where(new, command, on_its_way)
        held = np.concatenate((command, step.command, (np.float32(step.confidence),)))
        arrays = _arrays(memory, max(0, left_us - dt_us))
        return replace(step, command=command, state=(*arrays, held[np.newaxis], *step.state))


def _arrays(memory: Memory, left_us: int) -> State:
    """Whole microseconds up to a second are exact in float32."""
    times = [[memory.since_us, memory.hold_us, left_us, *memory.gone_us]]
    return memory.reference[np.newaxis], np.array(times, dtype=np.float32)
