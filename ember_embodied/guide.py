"""What a tick asks of the cerebellum before its command is out, and the answers as a log has them.

A log whose past was forgotten in part has no cerebellum in its snapshots any more. What it added to
each tick still stands in the log, so that the rest of the tick can be thought again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cerebellum.off_policy import Choice
from firmware_bridge.command import Mode
from firmware_bridge.joints import BODY_YAW
from firmware_bridge.senses import BodySense, Fault
from hippocampus.tick_record import GuidanceRecord, TickRecord

_BY_THE_NETWORK = (Mode.RUN, Mode.DEGRADED)


class Probed(Protocol):
    """A probe that is under way, as far as the log tells of it."""

    @property
    def kind(self) -> int:
        """``cerebellum.probe.ProbeKind``."""
        ...

    @property
    def part(self) -> int:
        """``cerebellum.probe.Part``."""
        ...


class Guide(Protocol):
    """What ``loop.tick`` asks; ``cerebellum.Cerebellum`` answers as it has learned."""

    @property
    def choice(self) -> Choice:
        """The variant that corrects now."""
        ...

    @property
    def probe(self) -> Probed | None:
        """The probe that is under way."""
        ...

    @property
    def fault(self) -> Fault:
        """What is wrong with the motors."""
        ...

    @property
    def frozen(self) -> bool:
        """Corrects, but does not learn."""
        ...

    def correct(self, sense: BodySense) -> tuple[float, float]:
        """What to add to both directions of sound, rad."""
        ...

    def body_goal(self, wanted_rad: float) -> float:
        """The goal of the body's servo, rad."""
        ...

    def altered(self, goal_rad: tuple[float, ...], t_mono_ns: int) -> tuple[float, ...]:
        """Nine goals with the probe that is under way."""
        ...


@dataclass(frozen=True, slots=True)
class _LoggedProbe:
    kind: int
    part: int


class AsLogged:
    """The answers that one recorded tick got."""

    def __init__(self, record: TickRecord, guidance: GuidanceRecord) -> None:
        self._record = record
        self._guidance = guidance
        self._probed = bool(guidance.intent_rad)

    @property
    def choice(self) -> Choice:
        """As logged."""
        told = self._guidance
        return Choice(told.variant, told.greedy, told.randomisation)

    @property
    def probe(self) -> _LoggedProbe | None:
        """As logged."""
        told = self._guidance
        return _LoggedProbe(told.probe_kind, told.probe_part) if self._probed else None

    @property
    def fault(self) -> Fault:
        """As logged."""
        return self._guidance.fault_bits

    @property
    def frozen(self) -> bool:
        """As logged."""
        return self._guidance.frozen

    def correct(self, sense: BodySense) -> tuple[float, float]:  # noqa: ARG002
        """As logged, whatever was heard."""
        return self._guidance.front_correction_rad, self._guidance.mirror_correction_rad

    def body_goal(self, wanted_rad: float) -> float:
        """As it came out: the log has the goal and not the correction."""
        if self._record.mode not in _BY_THE_NETWORK:
            return wanted_rad
        goals = self._guidance.intent_rad if self._probed else self._record.goal_rad
        return goals[BODY_YAW]

    def altered(self, goal_rad: tuple[float, ...], t_mono_ns: int) -> tuple[float, ...]:  # noqa: ARG002
        """As logged; the very same goals where there was no probe."""
        return self._record.goal_rad if self._probed else goal_rad
