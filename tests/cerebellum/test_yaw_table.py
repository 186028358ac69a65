from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cerebellum import snapshot
from cerebellum.plasticity import Evidence, Verdict
from cerebellum.population import pull
from cerebellum.yaw_table import LARGEST_CORRECTION_RAD, RESTARTED_CHANGE, YawTable, YawTableState

SECOND_NS = 1_000_000_000
NOW_NS = 100 * SECOND_NS
GOOD = Evidence(
    heard_rad=0.3,
    heard_head_yaw_rad=0.3,
    heard_t_ns=NOW_NS - 2 * SECOND_NS,
    speech=True,
    energy=0.5,
    own_motion=False,
    seen_rad=0.2,
    seen_t_ns=NOW_NS - SECOND_NS // 10,
    seen_confidence=0.9,
    seen_faces=1,
    seen_spread_rad=0.0,
    head_speed_rad_s=0.0,
)
DIRECTIONS = np.radians(np.arange(-110.0, 111.0, 10.0))
Bias = Callable[[float], float]


def kitchen(direction: float) -> float:
    return math.radians(6.0 + 9.0 * math.sin(direction))


def hall(direction: float) -> float:
    return math.radians(-4.0 - 10.0 * math.cos(direction))


def live(table: YawTable, bias: Bias, trials: int, seed: int, scatter_deg: float = 4.0) -> None:
    draw = np.random.default_rng(seed)
    for _ in range(trials):
        seen = float(draw.uniform(-1.9, 1.9))
        heard = seen + bias(seen) + math.radians(scatter_deg) * float(draw.standard_t(3))
        table.learn(replace(GOOD, heard_rad=heard, seen_rad=seen, heard_head_yaw_rad=heard), NOW_NS)


def left_deg(table: YawTable, bias: Bias) -> float:
    heard = DIRECTIONS + np.array([bias(float(one)) for one in DIRECTIONS])
    return float(np.degrees(np.median(np.abs(table.correct_all(heard) - DIRECTIONS))))


def test_before_experience_what_is_heard_is_believed() -> None:
    table = YawTable()
    assert table.correct(0.7) == pytest.approx(0.7, abs=1e-12)
    assert table.correct(4.0) == pytest.approx(4.0 - 2.0 * math.pi, abs=1e-12)


def test_what_is_not_finite_comes_back_as_it_is() -> None:
    table = YawTable()
    assert math.isnan(table.correct(math.nan, 0.1))
    assert table.correct(math.inf) == math.inf
    assert table.correct(0.5, math.nan) == pytest.approx(0.5)


def test_thirty_trials_are_enough_for_a_smooth_bias() -> None:
    table = YawTable()
    live(table, kitchen, 30, seed=1)
    assert left_deg(table, kitchen) < 3.0
    doubt = table.doubt_rad(np.array([0.0, math.pi]))
    assert doubt[0] < 0.5 * doubt[1], "nobody was ever seen behind"


def test_echo_that_pulls_towards_the_front_is_undone_where_the_head_looked_aside() -> None:
    table, draw = YawTable(), np.random.default_rng(12)
    strength = math.radians(12.0)
    for _ in range(60):
        head, aside = float(draw.uniform(-1.0, 1.0)), float(draw.uniform(-1.3, 1.3))
        seen = head + aside
        heard = seen + strength * pull(aside) + float(draw.normal(0.0, 0.03))
        trial = replace(GOOD, heard_rad=heard, seen_rad=seen, heard_head_yaw_rad=head)
        table.learn(trial, NOW_NS)
    for head, seen in ((0.0, 1.2), (0.6, -0.6), (-0.5, -1.5)):
        heard = seen + strength * pull(seen - head)
        assert abs(table.correct(heard, head) - seen) < 0.5 * abs(heard - seen)
        assert table.correct_all(np.array([heard]), np.array([head]))[0] == pytest.approx(
            table.correct(heard, head)
        )


def test_one_and_many_are_corrected_alike_across_the_back() -> None:
    table = YawTable()
    live(table, kitchen, 20, seed=2)
    heard = np.linspace(-math.pi, math.pi, 301)[:-1] + 0.001
    one_by_one = [table.correct(float(angle)) for angle in heard]
    np.testing.assert_allclose(table.correct_all(heard), one_by_one, atol=1e-9)
    around = np.unwrap(one_by_one)
    assert (np.diff(around) >= 0.0).all(), "two directions changed places"


def test_a_room_is_kept_while_another_is_learned_and_is_there_again_within_few_looks() -> None:
    table = YawTable()
    live(table, kitchen, 40, seed=3)
    live(table, hall, 40, seed=4)
    assert left_deg(table, hall) < 3.0
    assert len(table.contexts.rooms) == 2
    before = left_deg(table, kitchen)
    live(table, kitchen, 7, seed=5)
    assert left_deg(table, kitchen) < min(3.0, 0.4 * before)


def test_known_to_have_been_carried_it_trusts_what_it_knew_less() -> None:
    still, carried = YawTable(), YawTable()
    for table in (still, carried):
        live(table, kitchen, 40, seed=3)
    carried.moved()
    for table in (still, carried):
        live(table, hall, 1, seed=4)
    assert carried.contexts.probability[0] < 0.5 * still.contexts.probability[0]
    assert left_deg(carried, hall) < left_deg(still, hall)


def test_another_room_is_new_where_one_is_known_and_mostly_the_other_where_two_are() -> None:
    table = YawTable()
    live(table, kitchen, 40, seed=3)
    restarted, carried = (YawTable.from_state(table.state()) for _ in range(2))
    restarted.moved(RESTARTED_CHANGE)
    carried.moved()
    wrong = left_deg(table, hall)
    assert left_deg(restarted, kitchen) < 0.4 * left_deg(YawTable(), kitchen)
    assert left_deg(carried, hall) < left_deg(restarted, hall) < wrong
    live(table, hall, 40, seed=4)
    here, there = left_deg(table, hall), left_deg(table, kitchen)
    table.moved()
    assert left_deg(table, kitchen) < 0.75 * there
    assert left_deg(table, hall) > here


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ({"heard_rad": math.nan}, Verdict.NOT_FINITE),
        ({"seen_rad": math.inf}, Verdict.NOT_FINITE),
        ({"head_speed_rad_s": -math.inf}, Verdict.NOT_FINITE),
        ({"valid": False}, Verdict.INVALID),
        ({"speech": False}, Verdict.NOT_SPEECH),
        ({"energy": 0.01}, Verdict.NOT_SPEECH),
        ({"own_motion": True}, Verdict.OWN_MOTION),
        ({"heard_t_ns": NOW_NS - 5 * SECOND_NS}, Verdict.STALE),
        ({"seen_t_ns": NOW_NS - SECOND_NS}, Verdict.STALE),
        ({"seen_t_ns": NOW_NS + SECOND_NS}, Verdict.STALE),
        ({"heard_t_ns": NOW_NS}, Verdict.STALE),
        ({"seen_confidence": 0.3}, Verdict.NOT_SURE),
        ({"seen_faces": 2}, Verdict.AMBIGUOUS),
        ({"seen_faces": 0}, Verdict.AMBIGUOUS),
        ({"head_speed_rad_s": 1.0}, Verdict.UNSTEADY),
        ({"seen_spread_rad": 0.2}, Verdict.UNSTEADY),
        ({"seen_rad": 1.5}, Verdict.CONTRADICTORY),
        ({"seen_rad": 0.3 + math.pi}, Verdict.CONTRADICTORY),
    ],
)
def test_what_may_not_be_believed_changes_nothing(
    fault: dict[str, float], verdict: Verdict
) -> None:
    table = YawTable()
    live(table, kitchen, 3, seed=6)
    before = snapshot.to_bytes(table.state())
    assert table.learn(replace(GOOD, **fault), NOW_NS).verdict is verdict  # type: ignore[arg-type]
    assert snapshot.to_bytes(table.state()) == before
    assert table.learn(GOOD, NOW_NS).verdict is Verdict.LEARNT
    assert snapshot.to_bytes(table.state()) != before


def test_an_error_within_the_noise_of_seeing_adds_confidence_and_moves_nothing() -> None:
    table = YawTable()
    near = replace(GOOD, seen_rad=GOOD.heard_rad + 0.005)
    before, doubt = table.correct(0.3), float(table.doubt_rad(np.array([0.3]))[0])
    assert table.learn(near, NOW_NS).verdict is Verdict.CONFIRMED
    assert table.correct(0.3) == before
    assert table.doubt_rad(np.array([0.3]))[0] < doubt


def test_frozen_it_corrects_and_does_not_learn() -> None:
    table = YawTable()
    live(table, kitchen, 10, seed=7)
    table.frozen = True
    before = snapshot.to_bytes(table.state())
    assert table.learn(GOOD, NOW_NS).verdict is Verdict.FROZEN
    assert snapshot.to_bytes(table.state()) == before
    assert table.correct(0.3) != 0.3


def test_the_rate_of_learning_falls_as_it_settles_and_rises_after_a_change() -> None:
    table = YawTable()
    first = table.learn(GOOD, NOW_NS).gain
    live(table, kitchen, 40, seed=8)
    heard = GOOD.seen_rad + kitchen(GOOD.seen_rad)
    usual = table.learn(replace(GOOD, heard_rad=heard, seen_rad=0.2), NOW_NS)
    assert usual.gain < 0.5 * first
    odd = [table.learn(replace(GOOD, heard_rad=heard - 0.45), NOW_NS) for _ in range(4)]
    assert max(one.surprise for one in odd) > 1.5 * usual.surprise
    assert odd[-1].gain > 1.5 * usual.gain


def test_nothing_winds_up_whatever_it_is_told() -> None:
    table = YawTable()
    draw = np.random.default_rng(9)
    for _ in range(600):
        seen = float(draw.uniform(-math.pi, math.pi))
        table.learn(replace(GOOD, heard_rad=seen + 0.8, seen_rad=seen), NOW_NS)
    state = table.state().contexts
    assert np.isfinite(state.mean).all()
    assert np.abs(state.mean).max() < 1.2
    corrected = table.correct_all(np.linspace(-3.0, 3.0, 61)) - np.linspace(-3.0, 3.0, 61)
    assert np.abs(np.angle(np.exp(1j * corrected))).max() <= LARGEST_CORRECTION_RAD + 1e-9
    for covariance in state.covariance[state.used]:
        assert np.linalg.eigvalsh(covariance).min() > -1e-9


def test_a_state_of_other_sizes_is_refused() -> None:
    state = YawTable().state()
    other = replace(state.contexts, covariance=state.contexts.covariance[:-1])
    with pytest.raises(snapshot.SnapshotError, match="its tables are"):
        YawTable.from_state(replace(state, contexts=other))


def test_restored_it_goes_on_exactly_as_it_would_have() -> None:
    table = YawTable()
    live(table, kitchen, 25, seed=10)
    table.moved()
    again = YawTable.from_state(
        snapshot.from_bytes(snapshot.to_bytes(table.state()), YawTableState)
    )
    for one in (table, again):
        live(one, hall, 25, seed=11)
    assert snapshot.to_bytes(again.state()) == snapshot.to_bytes(table.state())
    assert again.correct(0.4) == table.correct(0.4)
