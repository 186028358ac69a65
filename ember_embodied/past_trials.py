"""Looks and movements that were learned from once, told so that they are learned from again."""

from __future__ import annotations

from typing import Final

from cerebellum.plasticity import Evidence, Verdict
from cerebellum.reach_table import Movement, ReachVerdict
from hippocampus.night.moments import HeardLook, MadeReach
from hippocampus.tick_record import LookRecord, ReachRecord

PastLook = LookRecord | HeardLook
"""As the log has it, or a night."""
PastReach = ReachRecord | MadeReach
_LOOKS: Final = frozenset({Verdict.LEARNT.name, Verdict.CONFIRMED.name})
_REACHES: Final = frozenset({ReachVerdict.LEARNT.name, ReachVerdict.CONFIRMED.name})


def believed_look(look: PastLook) -> bool:
    """Whether something was learned from it."""
    return look.verdict in _LOOKS


def believed_reach(reach: PastReach) -> bool:
    """Whether something was learned from it."""
    return reach.verdict in _REACHES


def evidence_again(look: PastLook, now_ns: int) -> Evidence:
    """A look that was believed once: nothing of it is doubted any more."""
    return Evidence(
        heard_rad=look.heard_rad,
        heard_head_yaw_rad=look.head_rad,
        heard_t_ns=now_ns,
        speech=True,
        energy=1.0,
        own_motion=False,
        seen_rad=look.seen_rad,
        seen_t_ns=now_ns,
        seen_confidence=1.0,
        seen_faces=1,
        seen_spread_rad=0.0,
        head_speed_rad_s=0.0,
    )


def movement_again(reach: PastReach) -> Movement:
    """A movement that was believed once, at its end."""
    return Movement(
        reach.start_rad,
        reach.commanded_rad,
        reach.measured_rad,
        velocity_rad_s=0.0,
        disturbed=False,
    )
