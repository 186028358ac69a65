"""The cerebellum in the loop: what it adds, what a replay makes of it, what it keeps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cerebellum import in_flight
from cerebellum.cerebellum import Cerebellum
from cerebellum.keeping import path_of
from cerebellum.settings import CerebellumSettings
from cerebellum.snapshot import to_bytes
from cerebellum.yaw_table import YawTableState
from ember_embodied.arming import ArmingSettings
from ember_embodied.errors import UserError
from ember_embodied.guidance import learn
from ember_embodied.keeper import FROZEN, Keeper, Lock
from ember_embodied.learning_history import read
from ember_embodied.life import Life
from ember_embodied.loop import Mind, initial_state, tick
from ember_embodied.replay import replay
from ember_embodied.tick_state import SnapshotError
from firmware_bridge.clock import SystemClock
from firmware_bridge.senses import BodySense, Fault
from firmware_bridge.simulation.body import SimBody
from firmware_bridge.simulation.scenario import Failure, Scenario
from hippocampus.reader import Log
from hippocampus.tick_record import LearningRecord, SnapshotRecord, TickRecord

PERIOD_S = 0.1
RecordedLife = Callable[..., Log]


def cerebellum(seed: int = 1, **settings: Any) -> Cerebellum:
    return Cerebellum(CerebellumSettings(**settings), PERIOD_S, np.random.default_rng(seed))


def records(log: Log) -> list[Any]:
    return list(log.records(TickRecord, SnapshotRecord))  # type: ignore[type-var]


@pytest.fixture
def learnt_log(recorded_life: RecordedLife) -> Log:
    """Twelve seconds with everything on, in three files."""
    return recorded_life(
        ticks=120,
        seed=3,
        suite="training",
        segment_s=4.0,
        cerebellum=cerebellum(probes=True, probe_every_s=1.0),
    )


def test_a_life_that_learns_is_the_same_again_in_every_file(learnt_log: Log, mind: Mind) -> None:
    report = replay(records(learnt_log), mind)
    assert (report.identical, report.difference) == (120, None)
    for segment in learnt_log.segments:
        assert replay(records(Log(segment)), mind).holds
    learnings = list(learnt_log.records(LearningRecord))
    assert len(learnings) == 120
    assert {len(learning.predicted_rad) for learning in learnings} == {0, 9}
    probed = [r for r in learnt_log.ticks() if r.guidance is not None and r.guidance.probe_kind]
    assert probed, "it probed"
    for record in probed:
        assert record.guidance is not None
        assert len(record.guidance.intent_rad) == 9


def test_what_every_part_has_learned_is_read_again_from_the_head_of_a_file(
    recorded_life: RecordedLife,
) -> None:
    organ = cerebellum(probes=True, probe_every_s=1.0)
    log = recorded_life(ticks=400, seed=33, suite="training", segment_s=8.0, cerebellum=organ)
    heads = [r for r in records(log) if isinstance(r, SnapshotRecord)]
    assert len(heads) == 5
    for state, new in zip(organ.states(), cerebellum().states(), strict=True):
        assert to_bytes(state) != to_bytes(new), f"{state.KIND} has learned"
    written = in_flight.to_bytes(organ)
    for head in heads[-2:]:
        again = in_flight.from_bytes(head.cerebellum, Cerebellum)
        assert in_flight.to_bytes(again) == head.cerebellum
        for record in log.ticks():
            if record.tick >= head.tick:
                learn(again, record)
        for name, part in vars(organ).items():
            assert in_flight.to_bytes(getattr(again, name)) == in_flight.to_bytes(part), name
        assert in_flight.to_bytes(again) == written


def test_a_replay_finds_what_was_corrected_or_learned_otherwise(
    learnt_log: Log, mind: Mind
) -> None:
    whole = records(learnt_log)
    index = [i for i, r in enumerate(whole) if isinstance(r, TickRecord)][30]
    told = replace(whole[index].guidance, front_correction_rad=0.01)
    other = [*whole]
    other[index] = replace(whole[index], guidance=told)
    found = replay(other, mind).difference
    assert found is not None
    assert (found.tick, found.stage) == (30, "hearing")
    sent = whole[index].sent
    other = [*whole]
    moved = (sent.position_rad[0] + 0.2, *sent.position_rad[1:])
    other[index] = replace(whole[index], sent=replace(sent, position_rad=moved))
    found = replay(other, mind).difference
    assert found is not None
    assert found.tick <= 40, "at the next head of a file at the latest"


def test_a_cerebellum_of_another_version_is_refused_by_name(learnt_log: Log, mind: Mind) -> None:
    whole = records(learnt_log)
    head = replace(whole[0], cerebellum=whole[0].cerebellum.replace(b"_sent", b"_tnes"))
    with pytest.raises(SnapshotError, match="another version"):
        replay([head, *whole[1:]], mind)


def test_a_log_without_a_cerebellum_is_as_before(recorded_life: RecordedLife, mind: Mind) -> None:
    log = recorded_life(ticks=10)
    assert all(record.guidance is None for record in log.ticks())
    assert all(record.cerebellum == b"" for record in log.snapshots())
    assert replay(records(log), mind).holds


def test_before_the_command_it_is_only_asked(learnt_log: Log, mind: Mind) -> None:
    head = next(learnt_log.snapshots())
    organ = in_flight.from_bytes(head.cerebellum, Cerebellum)
    state = initial_state(mind)
    for record in list(learnt_log.ticks())[:40]:
        before = in_flight.to_bytes(organ)
        thought, state = tick(record.sense, state, mind, organ)
        assert in_flight.to_bytes(organ) == before
        learn(organ, replace(thought, sent=record.sent))


def test_lost_torque_is_a_fault_of_the_next_tick(sense: BodySense, mind: Mind) -> None:
    organ = cerebellum()
    organ._lost = True
    record, _ = tick(sense, initial_state(mind), mind, organ)
    assert Fault.TORQUE_LOST in record.fault_bits
    assert Fault.TORQUE_LOST not in record.sense.fault_bits


def test_a_motor_that_lets_go_without_a_word_becomes_a_fault(mind: Mind) -> None:
    failure = Failure(at_s=4.0, seconds=6.0, who="right_antenna", kind="torque_silent")
    body = SimBody(Scenario(failures=(failure,)), seed=5)
    body.open()
    seen: list[Fault] = []

    class Watcher:
        def follow(self, record: TickRecord, timing: object, events: object) -> None:
            seen.append(record.fault_bits)

    life = Life(
        body,
        mind,
        ArmingSettings(),
        companions=(Watcher(),),
        stopwatch=SystemClock(),
        cerebellum=cerebellum(),
    )
    life.run(90)
    body.close()
    assert Fault.TORQUE_LOST not in seen[39]
    assert any(Fault.TORQUE_LOST in fault for fault in seen[40:80])


def poisoned(sense: BodySense, number: float) -> BodySense:
    assert sense.joints is not None
    assert sense.imu is not None
    assert sense.doa is not None
    assert sense.camera is not None
    bad = tuple(replace(j, position_rad=number, current_a=number) for j in sense.joints.joints)
    return replace(
        sense,
        joints=replace(sense.joints, joints=bad),
        imu=replace(sense.imu, gyroscope_rad_s=(number,) * 3, accelerometer_m_s2=(number,) * 3),
        doa=replace(sense.doa, azimuth_rad=number, mirror_rad=number, energy=number),
        camera=replace(sense.camera, face_yaw_rad=number, head_yaw_rad=number, confidence=number),
    )


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e300])
def test_numbers_that_cannot_be_enter_no_table(learnt_log: Log, mind: Mind, number: float) -> None:
    organ = cerebellum()
    clean = [record for record in learnt_log.ticks() if record.sense.camera and record.sense.imu]
    for index, record in enumerate(clean[:60]):
        felt = poisoned(record.sense, number) if index % 3 else record.sense
        learn(organ, replace(record, sense=felt))
    for state in organ.states():
        to_bytes(state)  # which refuses a number that is not finite
    assert organ.pointing.correct(0.3, 0.0, 0) == 0.0
    assert organ.pointing.table.state().contexts.clock == 0


def keeper_of(folder: Path, **settings: Any) -> Keeper:
    return Keeper(CerebellumSettings(folder=folder, save_s=1.0, **settings), PERIOD_S)


def test_what_was_learned_is_kept_and_damage_costs_one_part(tmp_path: Path) -> None:
    keeper = keeper_of(tmp_path)
    organ = keeper.restore(np.random.default_rng(1))
    organ.turning.table.tables.mean[0, 3] = 0.1
    assert keeper.close(organ, 7) == ()
    keeper = keeper_of(tmp_path)
    again = keeper.restore(np.random.default_rng(2))
    assert again.turning.table.tables.mean[0, 3] == 0.1
    keeper.close(again, 8)
    path = path_of(tmp_path, YawTableState, PERIOD_S)
    path.write_bytes(path.read_bytes()[:-20])
    keeper = keeper_of(tmp_path)
    again = keeper.restore(np.random.default_rng(2))
    assert again.turning.table.tables.mean[0, 3] == 0.1
    [line] = keeper.close(again, 9)
    assert str(path) in line
    assert "previous" in line
    assert len(read(tmp_path)) == 1, "nothing was learned in between"


def test_a_folder_has_one_robot_and_a_file_that_freezes(tmp_path: Path) -> None:
    (tmp_path / FROZEN).touch()
    keeper = keeper_of(tmp_path)
    assert keeper.frozen
    with pytest.raises(UserError, match="running robot"):
        Lock(tmp_path)
    keeper.close(cerebellum(), 0)
    Lock(tmp_path).close()


def test_frozen_means_that_no_table_changes(learnt_log: Log, mind: Mind) -> None:
    organ = cerebellum(frozen=True)
    before = [in_flight.to_bytes(state) for state in organ.states()[:4]]
    weights = organ.model.state().own_weights
    state = initial_state(mind)
    for record in learnt_log.ticks():
        thought, state = tick(record.sense, state, mind, organ)
        learn(organ, replace(thought, sent=record.sent))
    organ.pointing.table.frozen = organ.turning.table.frozen = False
    assert [in_flight.to_bytes(state) for state in organ.states()[:4]] == before
    assert (organ.model.state().own_weights == weights).all()
