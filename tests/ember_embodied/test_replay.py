from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ember_embodied.loop import Mind, initial_state
from ember_embodied.replay import first_difference, replay
from ember_embodied.tick_state import SnapshotError, from_bytes, to_bytes
from hippocampus.reader import Log
from hippocampus.tick_record import SnapshotRecord, TickRecord

RecordedLife = Callable[..., Log]


def _records(log: Log) -> list[Any]:
    return list(log.records(TickRecord, SnapshotRecord))  # type: ignore[type-var]


def test_every_tick_is_the_same_again(recorded_life: RecordedLife, mind: Mind) -> None:
    log = recorded_life()
    assert len(log.segments) == 3
    report = replay(_records(log), mind)
    assert (report.ticks, report.identical, report.difference) == (60, 60, None)
    assert report.holds


def test_each_file_replays_alone(recorded_life: RecordedLife, mind: Mind) -> None:
    log = recorded_life()
    for segment in log.segments:
        report = replay(_records(Log(segment)), mind)
        assert report.holds
        assert report.identical == 20


@pytest.mark.parametrize(
    ("stage", "field", "change"),
    [
        ("network", "requested.head_pitch_rad", {"requested": "head_pitch_rad"}),
        ("network", "confidence", {"confidence": 0.25}),
        ("failsafe", "mode", {"mode": 2}),
        ("kinematics", "goal_rad[4]", {"goal_rad": 4}),
        ("gate", "clip_bits", {"clip_bits": 32}),
    ],
)
def test_the_first_difference_is_named(
    recorded_life: RecordedLife, mind: Mind, stage: str, field: str, change: dict[str, Any]
) -> None:
    records = _records(recorded_life(ticks=25))
    index = [i for i, r in enumerate(records) if isinstance(r, TickRecord)][17]
    tick = records[index]
    (name, how), *_ = change.items()
    if name == "requested":
        before = tick.requested.head_pitch_rad
        value: Any = replace(tick.requested, head_pitch_rad=math.nextafter(before, 9.0))
    elif name == "goal_rad":
        value = tuple(
            math.nextafter(g, 9.0) if i == how else g for i, g in enumerate(tick.goal_rad)
        )
    else:
        value = type(getattr(tick, name))(how)
    records[index] = replace(tick, **{name: value})
    report = replay(records, mind)
    assert report.difference is not None
    assert (report.difference.tick, report.difference.stage, report.difference.field) == (
        17,
        stage,
        field,
    )
    assert report.identical == 17
    assert not report.holds


def test_a_changed_sense_or_state_is_found(recorded_life: RecordedLife, mind: Mind) -> None:
    records = _records(recorded_life(ticks=25))
    index = [i for i, r in enumerate(records) if isinstance(r, TickRecord)][5]
    head = replace(records[index].sense.head, yaw_rad=1.0)
    records[index] = replace(records[index], sense=replace(records[index].sense, head=head))
    assert replay(records, mind).difference is not None

    other = to_bytes(replace(initial_state(mind), tick=20))
    snapshots = [
        replace(r, state=other) if isinstance(r, SnapshotRecord) and r.tick == 20 else r
        for r in _records(recorded_life(ticks=25, seed=2))
    ]
    report = replay(snapshots, mind)
    assert report.difference is not None
    assert report.difference.stage == "state"


def test_missing_ticks_are_not_called_identical(recorded_life: RecordedLife, mind: Mind) -> None:
    records = _records(recorded_life(ticks=45))
    without = [r for r in records if not (isinstance(r, TickRecord) and r.tick == 10)]
    report = replay(without, mind)
    assert report.difference is None
    assert report.restarts == 1
    assert (report.ticks, report.identical) == (44, 35)
    assert not report.holds
    assert not replay([], mind).holds


def test_zero_has_a_sign_and_nan_is_itself(recorded_life: RecordedLife) -> None:
    tick = next(recorded_life(ticks=2).ticks())
    assert first_difference(replace(tick, confidence=0.0), replace(tick, confidence=-0.0))
    nan = replace(tick, requested=replace(tick.requested, head_yaw_rad=math.nan))
    assert first_difference(nan, nan) is None
    assert first_difference(nan, tick) is not None


def test_a_state_survives_its_bytes(recorded_life: RecordedLife, mind: Mind) -> None:
    for snapshot in recorded_life(ticks=45).snapshots():
        assert to_bytes(from_bytes(snapshot.state)) == snapshot.state
    with pytest.raises(SnapshotError, match="not a state"):
        from_bytes(b"\x81\xa4tick\x01")
    with pytest.raises(SnapshotError, match="not a state"):
        from_bytes(b"")
    assert from_bytes(to_bytes(initial_state(mind))).tick == 0


def test_the_same_seed_gives_the_same_ticks(recorded_life: RecordedLife) -> None:
    first, other = (
        recorded_life(seed=4, suite="standard"),
        recorded_life(seed=5, suite="standard"),
    )
    again = recorded_life(seed=4, suite="standard", segment_s=5.0)
    assert len(again.segments) < len(first.segments)
    assert first.ticks_digest == again.ticks_digest
    assert first.ticks_digest != other.ticks_digest
