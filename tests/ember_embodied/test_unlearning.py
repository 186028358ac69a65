"""The cerebellum without a stretch: rebuilt from the log, exact where nothing is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cerebellum import snapshot
from cerebellum.cerebellum import Cerebellum
from cerebellum.keeping import keep, path_of
from cerebellum.reach_table import ReachTableState
from cerebellum.settings import CerebellumSettings
from cerebellum.yaw_table import YawTable, YawTableState
from ember_embodied.replay import replay
from ember_embodied.unlearning import unlearn
from hippocampus.forgetting import logs
from hippocampus.forgetting.erasure import RECEIPTS, Erasure
from hippocampus.forgetting.judging import Wanted
from hippocampus.forgetting.times import Stretch, Stretches
from hippocampus.night.moments import HeardLook
from hippocampus.night.store import EpisodeStore, NightFindings
from hippocampus.reader import Log
from hippocampus.tick_record import EventRecord, LearningRecord, SnapshotRecord, TickRecord
from hippocampus.transaction.journal import NIGHTS
from hippocampus.transaction.lock import held

PERIOD_S = 0.1
TICKS = 500


@pytest.fixture
def lived(recorded_life, tmp_path):
    """A life that learned from some looks, with what it learned kept."""
    cerebellum = Cerebellum(CerebellumSettings(), PERIOD_S, np.random.default_rng(1))
    log = recorded_life(TICKS, 7, suite="standard", segment_s=10.0, cerebellum=cerebellum)
    state = tmp_path / "state"
    keep(state, cerebellum.states(), PERIOD_S)
    return log, state, cerebellum


def wanted(log: Log, first: int, last: int) -> Wanted:
    ticks = {tick.tick: tick.sense.t_wall_ns for tick in log.ticks()}
    return Wanted(Stretches([Stretch(ticks[first], ticks[last])]))


def carry_out(log: Log, state: Path, what: Wanted, nights: EpisodeStore | None = None):
    root = state.parent
    with held(root / NIGHTS):
        erasure = Erasure({"robot": root, NIGHTS: root / NIGHTS})
        learned = unlearn(log.folder.parent, state, what, erasure, lambda *_: None, nights)
        list(logs.erase(log.folder.parent, what, erasure, lambda *_: None))
        erasure.commit("a forgetting", root / RECEIPTS, b"{}")
    return learned


def kept(state: Path) -> tuple[YawTableState, ReachTableState]:
    yaw = snapshot.load(path_of(state, YawTableState, PERIOD_S), YawTableState).state
    reach = snapshot.load(path_of(state, ReachTableState, PERIOD_S), ReachTableState).state
    assert yaw is not None
    assert reach is not None
    return yaw, reach


def test_unlearning_a_stretch_forgets_its_looks_and_no_others(lived):
    log, state, cerebellum = lived
    told = list(log.records(LearningRecord))
    looks = [r.tick for r in told if r.look and r.look.verdict in ("LEARNT", "CONFIRMED")]
    moves = [r.tick for r in told if r.reach]
    busy = {*looks, *moves}
    quiet = next(n for n in range(looks[1] + 80, TICKS) if not busy & set(range(n, n + 75)))
    before = cerebellum.states()

    # A stretch in which nothing was learned: the tables come to the very same numbers.
    calm = carry_out(log, state, wanted(log, quiet, quiet + 5))
    assert calm.rebuilt
    assert calm.looks == 0
    assert snapshot.to_bytes(kept(state)[0]) == snapshot.to_bytes(before[0])
    np.testing.assert_array_equal(kept(state)[1].covariance, before[3].covariance)

    # One with a look: what is left is the table of a robot that never had it.
    log = Log(log.folder)
    learned = carry_out(log, state, wanted(log, looks[1] - 3, looks[1] + 3))
    # Looks up to six seconds later may be for a voice that was heard in it.
    late = sum(looks[1] - 3 <= tick <= looks[1] + 3 + 60 for tick in looks)
    assert learned.looks == late
    yaw, _ = kept(state)
    assert yaw.contexts.clock == before[0].contexts.clock - late
    angles = np.radians(np.arange(-120.0, 121.0, 30.0))
    bias = YawTable.from_state(yaw).bias_rad(angles)
    assert np.abs(bias - cerebellum.pointing.table.bias_rad(angles)).max() > 1e-6


def test_the_log_without_it_is_thought_again_in_two_stretches(lived, mind):
    log, state, _ = lived
    carry_out(log, state, wanted(log, 120, 150))
    read = Log(log.folder)
    assert all(not s.cerebellum for s in read.snapshots() if s.tick > 150)
    assert all(s.cerebellum for s in read.snapshots() if s.tick <= 100)
    report = replay(read.records(TickRecord, SnapshotRecord, EventRecord), mind)
    assert report.holds, report.difference
    assert report.restarts == 1
    assert report.stateless < 100
    assert report.as_logged == TICKS - 200
    assert report.identical == report.ticks - report.stateless

    # No snapshot from before it is left: nothing can be taken out alone.
    learned = carry_out(log, state, wanted(Log(log.folder), 0, 30))
    assert not learned.rebuilt
    assert "yaw_table" in learned.anew
    assert list(state.glob("*.snapshot")) == []


def test_looks_that_only_a_night_still_has_are_learned_again_too(lived, tmp_path):
    log, state, cerebellum = lived
    offset_ns = log.header.t_wall_ns - log.header.t_mono_ns
    session, told = log.folder.name, [r for r in log.records(LearningRecord) if r.look]
    looks = tuple(
        HeardLook(
            session, r.tick, r.t_mono_ns + offset_ns,
            r.look.heard_rad, r.look.head_rad, r.look.seen_rad, r.look.verdict, 0, 1.0,
        )
        for r in told
    )  # fmt: skip
    nights = EpisodeStore(tmp_path / "episodes.sqlite")
    nights.add([NightFindings("2026-01-01", (), (), (), None, (), (), looks, ())])
    last = told[-1].tick
    what = wanted(log, last + 1, min(last + 3, TICKS - 1))
    (log.folder / f"{last // 100:06d}.mcap").rename(tmp_path / "gone")  # no look is in the log now
    assert carry_out(Log(log.folder), state, what, nights).rebuilt
    assert snapshot.to_bytes(kept(state)[0]) == snapshot.to_bytes(cerebellum.states()[0])
