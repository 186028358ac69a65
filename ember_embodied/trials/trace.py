"""One life as it truly was, taken from the simulated world and never from the senses.

A ``Witness`` follows the loop and writes down the truth of every tick, whether or not the network
took a step in it. Voices, hands and intents come from the world's own list of changes, so which
events are judged never depends on who drives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import pi
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.joints import LEFT_ANTENNA, RIGHT_ANTENNA
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.hands import GRIPS, TOUCHES
from firmware_bridge.simulation.scenario import WorldChange
from firmware_bridge.simulation.world import WorldTruth
from hippocampus.tick_record import EventRecord, TickRecord, TimingRecord

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEFT, RIGHT, HEAD, BODY, FOOT = "antenna_left", "antenna_right", "head", "body", "foot"
PLACES: Final = {"left_antenna": LEFT, "right_antenna": RIGHT, "head": HEAD, "body": BODY}
"""The world's name of a touched place to the one used here."""
PAUSE_S: Final = 0.5
"""A silence no longer than this, between two words, does not end a voice."""
OBEYED_WEIGHT: Final = 0.5
"""An intent of more weight than this says where to look."""


@dataclass(frozen=True, slots=True)
class Onset:
    """A voice, a hand or an intent that began at ``t_s`` and lasted until ``until_s``."""

    t_s: float
    until_s: float
    who: str
    """The person, the touched place (``foot`` for a grip), or ``cortex``."""
    kind: str = ""
    yaw_rad: float = 0.0
    """Where an intent points, base frame; 0 for anything else."""


@dataclass(frozen=True, slots=True)
class Trace:
    """T ticks and P people; times in s since the start of the life, rising. Base frame, rad."""

    t_s: Floats
    head_rad: Floats
    """[T, 2] true yaw and pitch of the head."""
    antennas_rad: Floats
    """[T, 2] true angles, left and right."""
    command_rad: Floats
    """[T, 5] what the policy asked for."""
    base_yaw_rad: Floats
    """[T] how far the foot is turned in the world."""
    energy_j: Floats
    """[T] electrical energy that the nine motors have taken so far."""
    stepped: Bools
    """[T] whether the policy took a step, or the tick was skipped."""
    names: tuple[str, ...]
    people_rad: Floats
    """[T, P, 2] true yaw and pitch of each face as seen from the head; kept when gone."""
    present: Bools
    """[T, P]"""
    speech: tuple[Onset, ...]
    hands: tuple[Onset, ...]
    """Every hand on the robot: touches, and grips on its foot."""
    intents: tuple[Onset, ...]

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return float(self.t_s[-1] - self.t_s[0])

    def tick_at(self, t_s: float) -> int:
        """The first tick at or after ``t_s``, the last one if there is none."""
        return min(int(np.searchsorted(self.t_s, t_s - 1e-6)), len(self.t_s) - 1)

    def person(self, name: str) -> int:
        """The column of a person."""
        return self.names.index(name)

    def during(self, events: Sequence[Onset], before_s: float = 0.0, after_s: float = 0.0) -> Bools:
        """[T] ticks that lie in one of the events, widened by so much."""
        inside = np.zeros(len(self.t_s), dtype=np.bool_)
        for event in events:
            inside |= (event.t_s - before_s <= self.t_s) & (self.t_s <= event.until_s + after_s)
        return inside


def wrap_all(angle: Floats) -> Floats:
    """Angles in [-pi, pi)."""
    wrapped: Floats = (angle + pi) % (2.0 * pi) - pi
    return wrapped


@dataclass(slots=True)
class Witness:
    """Follows a life in the simulator; ``trace`` is what it saw."""

    body: SimBody
    truths: list[WorldTruth] = field(default_factory=list)
    commands: list[tuple[float, ...]] = field(default_factory=list)
    stepped: list[bool] = field(default_factory=list)
    changes: list[WorldChange] = field(default_factory=list)

    def follow(self, record: TickRecord, timing: TimingRecord, events: list[EventRecord]) -> None:  # noqa: ARG002
        """Write this tick down."""
        asked = record.requested
        self.truths.append(self.body.truth())
        self.commands.append(
            (
                asked.head_yaw_rad,
                asked.head_pitch_rad,
                asked.antenna_left_rad,
                asked.antenna_right_rad,
                asked.body_yaw_rad,
            )
        )
        self.stepped.append(record.stepped)
        self.changes.extend(self.body.drain_world())

    def trace(self) -> Trace:
        """The life so far. Raises ``ValueError`` when there was none."""
        truths = self.truths
        names = tuple(sorted({person.name for truth in truths for person in truth.people}))
        people, present, speaking = _people(truths, names)
        t_s = np.array([truth.t_mono_ns for truth in truths]) * 1e-9
        return Trace(
            t_s=t_s,
            head_rad=np.array([(t.head.yaw_rad, t.head.pitch_rad) for t in truths]),
            antennas_rad=np.array([t.joints_rad for t in truths])[:, [LEFT_ANTENNA, RIGHT_ANTENNA]],
            command_rad=np.array(self.commands),
            base_yaw_rad=np.array([truth.base.yaw_rad for truth in truths]),
            energy_j=np.array([truth.energy_j for truth in truths]),
            stepped=np.array(self.stepped),
            names=names,
            people_rad=people,
            present=present,
            speech=_voices(t_s, speaking, names),
            hands=tuple(_hand(c) for c in self.changes if c.kind in (*TOUCHES, *GRIPS)),
            intents=tuple(
                Onset(*_span(c), c.who, c.kind, yaw_rad=c.values[1])
                for c in self.changes
                if c.kind == "intent" and c.values[3] > OBEYED_WEIGHT
            ),
        )


def _people(truths: Sequence[WorldTruth], names: tuple[str, ...]) -> tuple[Floats, Bools, Bools]:
    """Bearings [T, P, 2], presence [T, P] and speech [T, P] of everybody who was ever there."""
    shape = (len(truths), len(names))
    bearing = np.zeros((*shape, 2))
    present, speaking = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    column = {name: number for number, name in enumerate(names)}
    for tick, truth in enumerate(truths):
        if tick:
            bearing[tick] = bearing[tick - 1]
        for person in truth.people:
            number = column[person.name]
            bearing[tick, number] = person.yaw_rad, person.pitch_rad
            present[tick, number] = True
            speaking[tick, number] = person.speaking
    return bearing, present, speaking


def _voices(t_s: Floats, speaking: Bools, names: tuple[str, ...]) -> tuple[Onset, ...]:
    """Voices as runs of ticks in which somebody speaks, pauses between words bridged."""
    voices: list[Onset] = []
    for number, name in enumerate(names):
        start_s: float | None = None
        last_s = 0.0
        for now_s, speaks in zip(t_s.tolist(), speaking[:, number].tolist(), strict=True):
            if start_s is not None and not speaks and now_s - last_s > PAUSE_S:
                voices.append(Onset(start_s, last_s, name, "voice"))
                start_s = None
            if speaks:
                start_s, last_s = now_s if start_s is None else start_s, now_s
        if start_s is not None:
            voices.append(Onset(start_s, last_s, name, "voice"))
    return tuple(sorted(voices, key=lambda voice: voice.t_s))


def _span(change: WorldChange) -> tuple[float, float]:
    """When a change began and ended, s; its first value is how long it lasts."""
    t_s = change.t_mono_ns * 1e-9
    return t_s, t_s + change.values[0]


def _hand(change: WorldChange) -> Onset:
    return Onset(*_span(change), PLACES.get(change.who, FOOT), change.kind)
