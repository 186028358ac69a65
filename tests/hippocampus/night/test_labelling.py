"""Labels from arrays: runs, what is measured of them, and joining what a file's end has cut."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from cerebellum.felt import Kind, Phase, Strength
from cerebellum.probe import Part
from cerebellum.verdict import Verdict
from firmware_bridge.command import Mode
from firmware_bridge.senses import Fault
from hippocampus.night import labelling
from hippocampus.night.label import TOUCHES, Label, LabelKind
from hippocampus.night.labelling import Labeller
from hippocampus.night.runs import joined, runs
from hippocampus.night.stretch import PARTS, Stretch
from hippocampus.tick_record import LearningRecord, LookRecord, TouchRecord

N = 300
PERIOD_NS = 100_000_000


def quiet(n: int = N) -> Stretch:
    """A robot that is awake, alone and at rest."""
    ticks = np.arange(n)
    zeros, no = np.zeros(n), np.zeros(n, dtype=bool)
    return Stretch(
        tick=ticks,
        mono_ns=ticks * PERIOD_NS,
        wall_ns=ticks * PERIOD_NS + 10**18,
        lived_s=np.full(n, 0.1),
        mode=np.full(n, int(Mode.RUN)),
        faults=np.zeros(n, dtype=np.uint64),
        awake=~no,
        head_yaw=zeros,
        head_pitch=zeros,
        body_yaw=zeros,
        face=no,
        face_yaw=zeros,
        face_sure=zeros,
        heard=no,
        front=zeros,
        behind=np.full(n, np.pi),
        energy=zeros,
        power_w=zeros,
        hot_c=np.full(n, 40.0),
        hottest=np.zeros(n, dtype=np.int64),
        volt=np.full(n, 5.0),
        learnt=~no,
        verdicts=np.zeros((n, 4), dtype=np.int64),
        strange=np.zeros((n, 4)),
        surprise=np.ones(n),
        lost=np.zeros(n, dtype=np.int64),
        told=(),
        events=(),
    )


def where(*spans: tuple[int, int], n: int = N) -> np.ndarray:
    """True from first to last, both included."""
    flags = np.zeros(n, dtype=bool)
    for first, last in spans:
        flags[first : last + 1] = True
    return flags


def labels(stretch: Stretch) -> list[Label]:
    return joined(Labeller(stretch, lambda _: "s/000000.mcap").labels())


def of(found: list[Label], kind: LabelKind) -> list[Label]:
    return [label for label in found if label.kind is kind]


def part_of(stretch: Stretch, begin: int, end: int) -> Stretch:
    """Some of its rows."""
    cut: dict[str, Any] = {}
    for field in fields(stretch):
        value = getattr(stretch, field.name)
        cut[field.name] = value[begin:end] if isinstance(value, np.ndarray) else value
    return Stretch(**cut)


def test_what_is_written_here_of_the_cerebellum_is_what_it_says():
    assert (labelling.SELF, labelling.PUSHED, labelling.BLOCKED) == (
        Verdict.SELF,
        Verdict.PUSHED,
        Verdict.BLOCKED,
    )
    assert tuple(part.name.lower() for part in Part) == PARTS
    assert {kind.value for kind in Kind} == set(TOUCHES)
    assert labelling.OVER == Phase.OVER
    assert set(labelling.STRENGTHS) == set(Strength)


def test_a_quiet_time_has_no_label():
    assert labels(quiet()) == []


def test_a_voice_is_one_over_a_breath_and_two_over_a_silence():
    heard = where((10, 19), (28, 40), (80, 95), (200, 200))
    front = np.where(heard, 0.5, 0.0)
    found = of(
        labels(replace(quiet(), heard=heard, front=front, energy=heard * 0.6)), LabelKind.VOICE
    )
    assert [(v.span.first_tick, v.span.last_tick) for v in found] == [(10, 40), (80, 95)]
    assert found[0].bearing_rad == pytest.approx(0.5)
    assert found[0].amount == pytest.approx(2.3)
    assert found[0].strength == pytest.approx(0.6)


def test_a_bearing_is_a_mean_on_the_circle():
    heard = where((10, 19))
    front = np.where(np.arange(N) % 2, 3.1, -3.1)
    (voice,) = of(
        labels(replace(quiet(), heard=heard, front=front, energy=heard * 1.0)), LabelKind.VOICE
    )
    assert abs(voice.bearing_rad) == pytest.approx(np.pi, abs=0.01)


def test_a_turn_finds_a_face_or_nobody():
    heard = where((50, 60), (150, 160))
    head = np.zeros(N)
    head[55:140] = 0.8
    head[155:] = 0.8
    stretch = replace(
        quiet(),
        heard=heard,
        front=np.full(N, 0.8),
        energy=heard * 0.5,
        head_yaw=head,
        face=where((58, 70)),
        face_yaw=np.full(N, 0.85),
        face_sure=np.full(N, 0.9),
    )
    turned = of(labels(stretch), LabelKind.TURNED)
    assert [(t.span.first_tick, t.found) for t in turned] == [(50, True), (150, False)]
    still = replace(stretch, head_yaw=np.full(N, 0.8))
    assert not of(labels(still), LabelKind.TURNED)


def test_a_look_that_was_learned_from_is_not_told_twice():
    look = LookRecord(0.8, 0.0, 0.82, "LEARNT", 0.0, 0.0, 0, 0, 0.0, 0.7, 0, 0.9, 1.0)
    told = LearningRecord(
        70, 70 * PERIOD_NS, (0,) * 4, (0.0,) * 4, (), hearing_counts=True, surprise=1.0, look=look
    )
    heard = where((50, 60))
    stretch = replace(
        quiet(),
        heard=heard,
        front=np.full(N, 0.8),
        energy=heard * 0.5,
        head_yaw=np.where(np.arange(N) > 55, 0.8, 0.0),
        face=where((60, 90)),
        face_yaw=np.full(N, 0.82),
        told=(told,),
    )
    (turned,) = of(labels(stretch), LabelKind.TURNED)
    assert (turned.amount, turned.text, turned.found) == (0.7, "learnt", True)


def test_a_touch_is_told_when_it_is_over():
    def record(tick: int, phase: str) -> LearningRecord:
        touch = TouchRecord(1, 20 * PERIOD_NS, phase, "head", "stroke", "strong", 4.0, 0.9)
        return LearningRecord(
            tick, tick * PERIOD_NS, (), (), (), hearing_counts=False, surprise=0.0, touches=(touch,)
        )

    found = labels(replace(quiet(), told=(record(25, "began"), record(33, "over"))))
    (stroke,) = of(found, LabelKind.STROKE)
    assert (stroke.span.first_tick, stroke.span.last_tick) == (20, 33)
    assert (stroke.place, stroke.strength, stroke.amount) == ("head", 1.0, 4.0)


def test_faults_have_their_kind_and_what_was_measured():
    faults = np.zeros(N, dtype=np.uint64)
    faults[10:20] = int(Fault.TEMPERATURE_HIGH)
    faults[30:35] = int(Fault.IMU_STALE)
    faults[50:60] = int(Fault.VOLTAGE_LOW)
    hot = np.full(N, 40.0)
    hot[15] = 67.0
    volt = np.full(N, 5.0)
    volt[55] = 4.1
    found = labels(replace(quiet(), faults=faults, hot_c=hot, volt=volt))
    (warm,), (low,), (stale,) = (
        of(found, kind) for kind in (LabelKind.HOT, LabelKind.LOW_VOLTAGE, LabelKind.FAULT)
    )
    assert (warm.amount, warm.text) == (67.0, "TEMPERATURE_HIGH")
    assert low.amount == pytest.approx(4.1)
    assert (stale.text, stale.span.first_tick, stale.span.last_tick) == ("IMU_STALE", 30, 34)


def busy(rng: np.random.Generator) -> Stretch:
    """A time in which much happens, at random."""

    def some(count: int, longest: int) -> np.ndarray:
        begins = rng.integers(0, N, count)
        return where(*((int(b), int(b + rng.integers(0, longest))) for b in begins))

    verdicts = rng.integers(0, 4, (N, 4)) * some(8, 20)[:, None]
    awake = ~some(2, 40)
    heard, face = some(6, 20), some(4, 60)
    faults = some(3, 10).astype(np.uint64) * np.uint64(Fault.IMU_STALE)
    return replace(
        quiet(),
        heard=heard,
        front=rng.normal(0.3, 0.05, N),
        energy=heard * rng.uniform(0.2, 1.0, N),
        face=face,
        face_yaw=rng.normal(0.2, 0.02, N),
        face_sure=np.full(N, 0.9),
        verdicts=verdicts,
        strange=rng.uniform(0.0, 3.0, (N, 4)),
        awake=awake,
        faults=faults,
        surprise=np.where(some(5, 5), rng.uniform(31.0, 90.0, N), 1.0),
    )


@pytest.mark.parametrize("seed", range(12))
def test_what_the_end_of_a_file_has_cut_is_joined_as_if_it_had_not(seed):
    rng = np.random.default_rng(seed)
    stretch = busy(rng)
    cut = int(rng.integers(20, N - 20))
    parts = (part_of(stretch, 0, cut), part_of(stretch, cut, N))
    again = joined(
        label for part in parts for label in Labeller(part, lambda _: "s/000000.mcap").labels()
    )

    def told(found: list[Label]) -> list[tuple[object, ...]]:
        # Whether a head turned or followed is asked of what one file holds.
        kinds = (LabelKind.TURNED, LabelKind.FOLLOWED, LabelKind.OWN_MOVEMENT)
        return [
            (x.kind, x.place, x.text, x.span.first_tick, x.span.last_tick, round(x.amount or 0, 6))
            for x in found
            if x.kind not in kinds
        ]

    assert told(again) == told(labels(stretch))


def test_runs_of_a_slow_loop_pass_over_one_missing_tick_only():
    flags = where((0, 3), (5, 6), (8, 9), n=12)
    slow = np.arange(12) * 2_000_000_000
    assert list(runs(flags, slow, 1.0)) == [(0, 3), (5, 6), (8, 9)]
    assert list(runs(flags, np.arange(12) * PERIOD_NS, 1.0)) == [(0, 9)]
