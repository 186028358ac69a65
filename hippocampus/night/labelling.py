"""Labels of a stretch: what happened when, from columns, all rows at once.

Most labels are runs (``runs``): ticks in which something holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from firmware_bridge.joints import JOINTS
from firmware_bridge.senses import Fault
from hippocampus.night.label import Label, LabelKind, Span
from hippocampus.night.runs import RULES, Runs, order, runs
from hippocampus.night.stretch import PARTS, Flags, Floats, Stretch
from hippocampus.tick_record import LearningRecord, LookRecord, TouchRecord

STARTLING: Final = 30.0
"""Deviations of the forward model's residual; usual movement stays below 15 in 19 of 20 ticks."""
SELF, PUSHED, BLOCKED = 1, 2, 3
"""Of ``cerebellum.verdict.Verdict``, which this package may not import."""
OVER: Final = "over"
"""``cerebellum.felt.Phase``: the last word on a touch."""
STRENGTHS: Final = {"gentle": 1 / 3, "notice": 2 / 3, "strong": 1.0}
TURN_RAD: Final = math.radians(20.0)
"""A voice nearer to where the head points asks for no turn."""
FACED_RAD: Final = math.radians(15.0)
"""The head points at a voice when it is this near."""
FOUND_RAD: Final = math.radians(25.0)
"""A face this near to where the voice was is the speaker's."""
LOOK_S: Final = 4.0
"""Time that a look may take from the beginning of a voice."""
FOLLOWED_RAD: Final = math.radians(10.0)
"""A face that moved less was not followed."""
OFF_SIGHT_RAD: Final = math.radians(12.0)
"""Mean distance of a followed face from the line of sight, at most."""
_ANTENNAS: Final = 2
"""Where the antennas begin among ``PARTS``."""
_SECOND_NS: Final = 1_000_000_000


_OWN_KINDS: Final = {
    Fault.TORQUE_LOST: LabelKind.TORQUE_LOST,
    Fault.TEMPERATURE_HIGH: LabelKind.HOT,
    Fault.SERVO_OVERHEAT: LabelKind.HOT,
    Fault.VOLTAGE_LOW: LabelKind.LOW_VOLTAGE,
}
"""Faults that have a kind of label of their own; the others are told by name."""


class Labeller:
    """Makes the labels of one stretch; ``log_of`` gives the file of a row."""

    def __init__(self, stretch: Stretch, log_of: Callable[[int], str]) -> None:
        self._s = stretch
        self._log_of = log_of

    def labels(self) -> list[Label]:
        """Every label, runs that may go on in the next stretch among them."""
        voices = self._voices()
        found = [
            *voices,
            *self._people(),
            *self._turns(voices),
            *self._touches(),
            *self._verdicts(),
            *self._faults(),
            *self._asleep(),
            *self._startled(),
            *self._moving(),
        ]
        return sorted(found, key=order)

    def span(self, first: int, last: int) -> Span:
        """The rows from ``first`` to ``last`` as a span."""
        s = self._s
        return Span(
            self._log_of(first),
            int(s.tick[first]),
            int(s.tick[last]),
            int(s.wall_ns[first]),
            int(s.wall_ns[last]),
        )

    def _runs(self, kind: LabelKind, holds: Flags) -> Runs:
        return runs(holds, self._s.mono_ns, RULES[kind].join_s)

    def _voices(self) -> list[Label]:
        s, kind = self._s, LabelKind.VOICE
        found = self._runs(kind, s.heard)
        columns = (
            found,
            found.bearing(s.front, s.energy + 1e-6),
            found.fold(np.maximum, s.energy),
            found.fold(np.add, s.lived_s),
        )
        return [
            Label(kind, self.span(*rows), bearing_rad=bearing, strength=loud, amount=spoken)
            for rows, bearing, loud, spoken in zip(*columns, strict=True)
        ]

    def _people(self) -> Iterator[Label]:
        s, kind = self._s, LabelKind.PERSON
        found = self._runs(kind, s.face)
        columns = (
            found,
            found.bearing(s.face_yaw, np.ones(len(s))),
            found.fold(np.add, s.lived_s),
            found.fold(np.add, s.lived_s * s.face_sure),
        )
        for rows, bearing, seen_s, sure in zip(*columns, strict=True):
            span = self.span(*rows)
            confidence = sure / seen_s if seen_s > 0.0 else 0.0
            yield Label(
                kind, span, bearing_rad=bearing, amount=seen_s, confidence=min(1.0, confidence)
            )
            here = slice(rows[0], rows[1] + 1)
            seen = s.face[here] & s.awake[here]
            if not seen.any():
                continue
            yaw, head = s.face_yaw[here][seen], s.head_yaw[here][seen]
            moved = float(np.ptp(wrapped(yaw - bearing)))
            off = float(np.abs(wrapped(yaw - head)).mean())
            if moved >= FOLLOWED_RAD and off <= OFF_SIGHT_RAD:
                yield Label(LabelKind.FOLLOWED, span, bearing_rad=bearing, amount=moved)

    def _turns(self, voices: Sequence[Label]) -> Iterator[Label]:
        """Looks that the cerebellum learned from, and turns to a voice whose face was not there."""
        s = self._s
        looks = [(record, record.look) for record in s.told if record.look is not None]
        learned = np.array([record.t_mono_ns for record, _ in looks], dtype=np.int64)
        for record, look in looks:
            yield self._look(record, look)
        for voice in voices:
            first = int(np.searchsorted(s.tick, voice.span.first_tick))
            until_ns = int(s.mono_ns[first]) + round(LOOK_S * _SECOND_NS)
            last = int(np.searchsorted(s.mono_ns, until_ns, side="right")) - 1
            if ((learned >= s.mono_ns[first]) & (learned <= until_ns)).any():
                continue
            turned = self._turn(voice, first, last)
            if turned is not None:
                yield turned

    def _turn(self, voice: Label, first: int, last: int) -> Label | None:
        s = self._s
        window = slice(first, last + 1)
        for place in (float(s.front[first]), float(s.behind[first])):
            off = np.abs(wrapped(s.head_yaw[window] - place))
            arrived = np.flatnonzero(off <= FACED_RAD)
            if off[0] < TURN_RAD or not arrived.size or not s.awake[first]:
                continue
            near = np.abs(wrapped(s.face_yaw[window] - place)) <= FOUND_RAD
            seen = s.face[window] & near
            seen[: arrived[0]] = False
            end = first + int(np.flatnonzero(seen)[0] if seen.any() else arrived[0])
            return Label(
                LabelKind.TURNED,
                self.span(first, end),
                bearing_rad=math.remainder(place, math.tau),
                found=bool(seen.any()),
                confidence=voice.confidence,
            )
        return None

    def _look(self, record: LearningRecord, look: LookRecord) -> Label:
        s = self._s
        last = self._row(record.t_mono_ns)
        first = self._row(record.t_mono_ns - round(LOOK_S / 2 * _SECOND_NS))
        return Label(
            LabelKind.TURNED,
            self.span(min(first, last), last),
            bearing_rad=_number(look.seen_rad),
            amount=_number(look.reward),
            confidence=_share(look.sure),
            text=look.verdict.lower(),
            found=bool(s.face[last]),
        )

    def _touches(self) -> Iterator[Label]:
        for record in self._s.told:
            for touch in record.touches:
                if touch.phase == OVER:
                    yield self._touch(record, touch)

    def _touch(self, record: LearningRecord, touch: TouchRecord) -> Label:
        last = self._row(record.t_mono_ns)
        known = touch.kind in LabelKind.__members__.values()
        return Label(
            LabelKind(touch.kind) if known else LabelKind.TOUCH,
            self.span(min(self._row(touch.since_ns), last), last),
            place=touch.place,
            strength=STRENGTHS.get(touch.strength),
            amount=_number(touch.force_n),
            confidence=_share(touch.confidence),
            text=touch.strength,
        )

    def _verdicts(self) -> Iterator[Label]:
        s = self._s
        for verdict, kind in ((PUSHED, LabelKind.PUSHED), (BLOCKED, LabelKind.BLOCKED)):
            for part, place in enumerate(PARTS):
                found = self._runs(kind, s.learnt & (s.verdicts[:, part] == verdict))
                strange = found.fold(np.maximum, s.strange[:, part])
                for rows, most in zip(found, strange, strict=True):
                    yield Label(kind, self.span(*rows), place=place, amount=most)

    def _faults(self) -> Iterator[Label]:
        s = self._s
        for fault in Fault:
            kind = _OWN_KINDS.get(fault, LabelKind.FAULT)
            found = self._runs(kind, (s.faults & np.uint64(fault)) != 0)
            for rows in found:
                yield replace(self._measured(kind, *rows), text=fault.name)

    def _measured(self, kind: LabelKind, first: int, last: int) -> Label:
        """A label of a fault, with what was measured while it stood."""
        s, here = self._s, slice(first, last + 1)
        label = Label(kind, self.span(first, last))
        if kind is LabelKind.HOT:
            row = first + int(s.hot_c[here].argmax())
            place = JOINTS[int(s.hottest[row])].name
            return replace(label, place=place, amount=float(s.hot_c[row]))
        if kind is LabelKind.LOW_VOLTAGE:
            lowest = float(s.volt[here].min())
            return replace(label, amount=_number(lowest))
        if kind is LabelKind.TORQUE_LOST:
            return replace(label, amount=float(s.lost[here].max()))
        return label

    def _asleep(self) -> Iterator[Label]:
        found = self._runs(LabelKind.SLEEP, ~self._s.awake)
        slept = found.fold(np.add, self._s.lived_s)
        for rows, seconds in zip(found, slept, strict=True):
            yield Label(LabelKind.SLEEP, self.span(*rows), amount=seconds)

    def _startled(self) -> Iterator[Label]:
        s = self._s
        found = self._runs(LabelKind.STARTLED, s.surprise >= STARTLING)
        for rows, most in zip(found, found.fold(np.maximum, s.surprise), strict=True):
            strength = 1.0 - STARTLING / most
            yield Label(LabelKind.STARTLED, self.span(*rows), amount=most, strength=strength)

    def _moving(self) -> Iterator[Label]:
        s = self._s
        found = self._runs(LabelKind.OWN_MOVEMENT, own_movement(s))
        way = sum(
            (np.abs(np.diff(angle, append=angle[-1:])) for angle in _yaws(s)),
            start=np.zeros(len(s)),
        )
        for rows, far in zip(found, found.fold(np.add, way), strict=True):
            yield Label(LabelKind.OWN_MOVEMENT, self.span(*rows), amount=far)

    def _row(self, mono_ns: int) -> int:
        """The last row that is not later."""
        return max(0, int(np.searchsorted(self._s.mono_ns, mono_ns, side="right")) - 1)


def own_movement(stretch: Stretch) -> Flags:
    """Ticks in which body or head moved as they were told to; antennas hardly ever rest."""
    return np.asarray(stretch.learnt & (stretch.verdicts[:, :_ANTENNAS] == SELF).any(axis=1))


def wrapped(angles: Floats) -> Floats:
    """The same angles in [-pi, pi)."""
    return np.asarray((angles + np.pi) % (2.0 * np.pi) - np.pi)


def _yaws(stretch: Stretch) -> tuple[Floats, ...]:
    return stretch.head_yaw, stretch.head_pitch, stretch.body_yaw


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _share(value: float) -> float:
    return min(1.0, max(0.0, value)) if math.isfinite(value) else 0.0
