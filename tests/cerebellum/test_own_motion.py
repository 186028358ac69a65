"""The gate in front of the ears: loud motors, speech, stillness, and rooms of their own."""

from math import pi

from cerebellum import snapshot
from cerebellum.own_motion import GAIN, Hearing, OwnMotion, OwnMotionState
from firmware_bridge.senses import (
    BodySense,
    DoaSense,
    Fault,
    HeadSense,
    JointSense,
    JointsSense,
)

TICK_NS = 100_000_000


def body(tick: int, speed: float, power: float, *, stale: bool = False) -> BodySense:
    t_ns = (tick + 100) * TICK_NS
    joint = JointSense(t_ns, True, 0.0, speed / 9, t_ns, 0.0, 30.0, 7.0, 0, True)
    heard_ns = t_ns - (2_000_000_000 if stale else 60_000_000)
    speech = power > 0.0
    doa = DoaSense(heard_ns, TICK_NS, True, 0.3, pi, speech, power / (1.0 + power), 0.0)
    return BodySense(
        t_ns, t_ns, tick, JointsSense(t_ns, TICK_NS, True, (joint,) * 9),
        HeadSense(0.0, 0.0, 0.0, 0.0), None, doa, None, None, Fault.NONE,
    )  # fmt: skip


def hear(ears: OwnMotion, rows: list[tuple[float, float]], start: int = 0) -> list[Hearing]:
    return [ears.step(body(start + i, *row), None) for i, row in enumerate(rows)]


def test_speech_counts_in_stillness_and_motors_do_not():
    ears = OwnMotion(OwnMotionState())
    assert all(h.counts for h in hear(ears, [(0.0, 0.6)] * 5))
    assert not any(h.counts for h in hear(ears, [(5.0, 0.5 * GAIN * 25)] * 20, start=50))


def test_loud_speech_counts_over_quiet_motors():
    ears = OwnMotion(OwnMotionState())
    assert all(h.counts for h in hear(ears, [(2.0, 1.5)] * 5))


def test_the_motors_are_loud_until_a_reading_after_they_stop():
    ears = OwnMotion(OwnMotionState())
    heard = hear(ears, [(6.0, 0.0), (6.0, 0.0), (0.0, 0.4), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)])
    assert not heard[2].counts


def test_a_stale_reading_is_no_evidence():
    ears = OwnMotion(OwnMotionState())
    assert not ears.step(body(0, 0.0, 2.0, stale=True), None).counts


def test_louder_motors_are_learned_and_kept():
    ears = OwnMotion(OwnMotionState())
    rows = [(4.0, 2.0 * GAIN * 16)] * 3 + [(4.0, 0.0)] * 6
    first = hear(ears, rows * 40)
    assert first[1].counts
    last = hear(ears, rows * 5, start=len(first))
    assert not any(h.counts for h in last)
    kept = snapshot.from_bytes(snapshot.to_bytes(ears.state()), OwnMotionState)
    assert kept == ears.state()
    assert kept.gain > 1.5 * GAIN
