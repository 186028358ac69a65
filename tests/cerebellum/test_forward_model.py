"""The forward model: what it foretells, what it refuses, and that its state is exact."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest

from cerebellum import snapshot
from cerebellum.adaptation import ROBUST, Gains
from cerebellum.forward_model import LEAST_PULSES, OWN_S, TURNS, ForwardModel
from cerebellum.forward_prior import ForwardPrior, Net, read_prior
from cerebellum.forward_state import ForwardModelState, initial_state
from cerebellum.motor_current import MotorCurrent
from cerebellum.reafference import FLOOR, LEAST
from cerebellum.surprise import CHANNELS, CURRENT, IMU, LAG, PULSE_RAD, Outlook
from firmware_bridge.command import JointTargets
from firmware_bridge.senses import (
    BodySense,
    Fault,
    HeadSense,
    ImuSense,
    JointSense,
    JointsSense,
)

PERIOD_NS = 100_000_000
EVERYTHING = np.ones(CHANNELS, dtype=np.bool_)
WAY = 0.3 * np.sin(np.arange(1600) * 0.15)


def body(tick: int, position: np.ndarray, rate: np.ndarray, current: float = 0.0) -> BodySense:
    t_ns = (tick + 1) * PERIOD_NS
    joints = tuple(
        JointSense(t_ns, True, q, w, t_ns, current, 30.0, 7.0, 0, True)
        for q, w in zip(position.tolist(), rate.tolist(), strict=True)
    )
    return BodySense(
        t_mono_ns=t_ns,
        t_wall_ns=t_ns,
        seq=tick,
        joints=JointsSense(t_ns, PERIOD_NS, True, joints),
        head=HeadSense(0.0, 0.0, 0.0, 0.0),
        imu=ImuSense(
            t_ns, 20_000_000, True, (0.0, 0.0, 9.80665), (0.0, 0.0, rate[0]), (1, 0, 0, 0), 30.0
        ),
        doa=None,
        camera=None,
        intent=None,
        fault_bits=Fault.NONE,
    )


def goal(tick: int) -> np.ndarray:
    return np.full(9, WAY[tick])


def life(model: ForwardModel, ticks: range, push: int | None = None, gain: float = 0.05):
    """Joints that lag behind their goals by a share of the goal's speed, which is to be learned."""
    surprises = []
    for tick in ticks:
        sent = JointTargets(tuple(goal(tick - 1)), True, 0.1)
        step = goal(tick - 1) - goal(tick - 2)
        position = goal(tick - 1) - gain * step / 0.1
        if push is not None and tick >= push:
            position[3] += 40 * PULSE_RAD
        surprises.append(model.step(body(tick, position, step / 0.1), sent))
        model.learn(EVERYTHING)
    return surprises


def test_it_learns_its_own_lag_and_feels_a_push():
    model = ForwardModel(initial_state(0.1))
    surprises = life(model, range(2, 1590), push=1580)
    early = np.abs([s.measured[3] - s.predicted[3] for s in surprises[6:40]]).mean()
    late = np.abs([s.measured[3] - s.predicted[3] for s in surprises[1500:1578]]).mean()
    assert late < 0.8 * early
    pushed = surprises[1578]
    assert abs(pushed.score[3]) > 10.0
    assert np.abs(np.delete(pushed.score[LAG], 3)).max() < 3.0


def test_learning_a_push_away_is_up_to_the_caller():
    model = ForwardModel(initial_state(0.1))
    life(model, range(2, 50))
    before = model.state()
    model.step(body(50, goal(49), np.zeros(9)), JointTargets(tuple(goal(49)), True, 0.1))
    model.learn(~EVERYTHING)
    after = model.state()
    assert np.array_equal(before.own_weights, after.own_weights)
    assert np.array_equal(before.reafference.weights, after.reafference.weights)


@pytest.mark.parametrize("spoiled", ["nan", "silent", "late", "nothing sent"])
def test_what_cannot_be_known_is_not_scored_and_not_learned(spoiled: str):
    model = ForwardModel(initial_state(0.1))
    life(model, range(2, 50))
    before = model.state()
    sense = body(80 if spoiled == "late" else 50, goal(49), np.zeros(9))
    sent = JointTargets(tuple(goal(49)), True, 0.1)
    assert sense.joints is not None
    joints = list(sense.joints.joints)
    if spoiled == "nan":
        joints[3] = replace(joints[3], position_rad=nan)
    elif spoiled == "silent":
        joints[3] = replace(joints[3], answered=False)
    sense = replace(sense, joints=replace(sense.joints, joints=tuple(joints)))
    surprise = model.step(sense, None if spoiled == "nothing sent" else sent)
    assert not surprise.known[3]
    assert surprise.score[3] == 0.0
    model.learn(EVERYTHING)
    after = model.state()
    assert np.array_equal(before.own_weights[:, 3], after.own_weights[:, 3])
    assert all(np.isfinite(a).all() for a in (after.own_weights, after.reafference.covariance))


def test_the_state_goes_on_to_the_bit():
    first = ForwardModel(initial_state(0.1))
    life(first, range(2, 120))
    kept = snapshot.from_bytes(snapshot.to_bytes(first.state()), ForwardModelState)
    second, third = ForwardModel(kept), ForwardModel(first.state())
    for a, b in zip(life(second, range(120, 200)), life(third, range(120, 200)), strict=True):
        assert np.array_equal(a.score, b.score)
    assert np.array_equal(second.state().own_weights, third.state().own_weights)


def test_a_better_outlook_is_trusted_and_a_worse_one_is_not():
    errors = {}
    for off in (0.0, 50 * PULSE_RAD):
        model = ForwardModel(initial_state(0.1))
        found = []
        for tick in range(2, 300):
            step = goal(tick - 1) - goal(tick - 2)
            lag = 0.05 * step / 0.1 + 8 * PULSE_RAD * (-1) ** tick
            outlook = Outlook(tuple(range(9)), tuple((lag + off).tolist()), (0.0,) * 9)
            sent = JointTargets(tuple(goal(tick - 1)), True, 0.1)
            surprise = model.step(body(tick, goal(tick - 1) - lag, step / 0.1), sent, outlook)
            found.append(np.abs(surprise.measured - surprise.predicted)[LAG].mean())
        errors[off] = float(np.mean(found[200:])) / PULSE_RAD
    assert errors[0.0] < 4.0
    assert errors[50 * PULSE_RAD] < 20.0


def test_weights_are_found_and_stay_within_bounds():
    generator = np.random.default_rng(0)
    true = np.array([[0.5], [-0.2], [0.1]])
    gains = Gains(np.zeros((3, 1)), rate=0.05, most=1.0)
    for _ in range(4000):
        terms = generator.standard_normal((3, 1))
        error = ((true - gains.weights) * terms).sum(0)
        gains.learn(terms, error, np.full(1, 0.01))
    assert np.allclose(gains.weights, true, atol=1e-3)
    for _ in range(4000):
        gains.learn(np.ones((3, 1)), np.full(1, 1e6), np.full(1, 0.01))
    assert np.abs(gains.weights).max() <= 1.0


def test_currents_and_imu_are_foretold():
    model = ForwardModel(initial_state(0.1))
    surprises = life(model, range(2, 300))
    last = surprises[-1]
    assert last.known[CURRENT].all()
    assert last.known[IMU].all()
    assert np.abs(last.score[IMU]).max() < 1.0


def _net(net: Net, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and softplus of the logits, layer by layer as ``Net`` has it."""
    hidden = np.tanh(net.first.astype(float) @ inputs + net.first_bias)
    deeper = np.tanh(net.second.astype(float) @ hidden + net.second_bias)
    said = net.last.astype(float) @ deeper + net.last_bias
    means = len(net.straight)
    return said[:means] + net.straight.astype(float) @ inputs, np.logaddexp(0.0, said[means:])


def _own_terms(inputs: np.ndarray) -> np.ndarray:
    """[6, 9] pulses: 1, sign of the step, last lag, steps of now and of two ticks ago, last way."""
    rows = inputs[:72].reshape(8, 9)
    return np.array((np.ones(9), np.tanh(rows[2]), rows[0], rows[2], rows[4], rows[6]))


@pytest.mark.parametrize("ticks", [8, 150])
def test_what_is_foretold_is_what_each_equation_says_by_itself(ticks: int):
    model = ForwardModel(initial_state(0.1))
    life(model, range(2, ticks))
    state, prior = model.state(), read_prior(ForwardPrior, 0.1)
    tick = ticks
    step = goal(tick - 1) - goal(tick - 2)
    place = goal(tick - 1) - 0.05 * step / 0.1
    surprise = model.step(
        body(tick, place, step / 0.1), JointTargets(tuple(goal(tick - 1)), True, 0.1)
    )
    made_of = model.experience()

    mean, loud = _net(prior.joints, made_of.joints)
    terms = _own_terms(made_of.joints)
    spread = np.array((0.7, 1.5, 0.03, 0.02, 0.01, 0.02))
    lag = mean + (state.own_weights * spread[:, None] * terms).sum(axis=0)
    size = (loud + LEAST_PULSES) * np.exp(state.log_noise)
    np.testing.assert_allclose(surprise.predicted[LAG], lag * PULSE_RAD, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(surprise.deviation[LAG], size * PULSE_RAD, rtol=1e-9)

    by = prior.current.astype(float) + state.current_weights * [[4e-4], [8e-3], [2e-3]]
    rate = (terms[3] - lag + terms[2]) * PULSE_RAD / 0.1
    current = by[0] * lag + by[1] * rate + by[2]
    unsure = np.sqrt((prior.current[0].astype(float) * size) ** 2 + state.current_variance)
    np.testing.assert_allclose(surprise.predicted[CURRENT], current, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(surprise.deviation[CURRENT], unsure, rtol=1e-9)
    usual = prior.current / np.array([[PULSE_RAD], [1.0], [1.0]])
    motors, lag_rad = MotorCurrent(usual, state.current_weights, 0.1), surprise.measured[LAG]
    explained = by[0] * lag_rad / PULSE_RAD + by[1] * step / 0.1 + by[2]
    beyond = motors.beyond(np.zeros(9), lag_rad, np.asarray(step / 0.1))
    np.testing.assert_allclose(beyond, -explained, rtol=1e-9, atol=1e-15)

    felt, known = state.reafference, made_of.imu_linear
    mean, loud = _net(prior.imu, made_of.imu)
    doubt = known @ felt.covariance @ known
    size = (loud + LEAST) * np.exp(felt.log_noise)
    np.testing.assert_allclose(
        surprise.predicted[IMU], felt.weights @ known + mean * FLOOR, rtol=1e-9, atol=1e-15
    )
    np.testing.assert_allclose(surprise.deviation[IMU], np.sqrt(size**2 + doubt) * FLOOR, rtol=1e-9)


def test_each_third_of_what_is_learned_has_its_turn():
    model = ForwardModel(initial_state(0.1))
    life(model, range(2, 60))
    changed = []
    for tick in range(60, 66):
        before = model.state()
        surprise = life(model, range(tick, tick + 1))[0]
        terms = _own_terms(model.experience().joints)
        after = model.state()
        changed.append(
            (
                not np.array_equal(before.own_weights, after.own_weights),
                not np.array_equal(before.log_noise, after.log_noise)
                or not np.array_equal(before.reafference.log_noise, after.reafference.log_noise),
                not np.array_equal(before.reafference.weights, after.reafference.weights),
            )
        )
        if changed[-1][0]:
            scaled = terms * np.array((0.7, 1.5, 0.03, 0.02, 0.01, 0.02))[:, None]
            size = surprise.deviation[LAG] / PULSE_RAD
            error = np.clip(surprise.score[LAG], -ROBUST, ROBUST) * size
            rate = 1.0 - np.exp(-TURNS * 0.1 / OWN_S)
            told = rate * scaled * error / (size**2 + (scaled**2).sum(axis=0))
            expected = before.own_weights + told
            np.testing.assert_allclose(after.own_weights, expected, rtol=1e-8, atol=1e-13)
    assert all(sum(one) <= 1 for one in changed)
    assert all(any(one[kind] for one in changed) for kind in (0, 2))
