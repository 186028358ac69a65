"""What the rules do on senses made by hand, and how a name becomes a policy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ember_embodied.errors import UserError
from ember_embodied.event_driven import EventDriven
from ember_embodied.runtime import Policy, Runtime, Step
from ember_embodied.sense_vector import INDEX, MASK_COUNT, SENSE_COUNT, SENSES
from ember_embodied.training.earshot import Earshot
from ember_embodied.trials.pid import Pid, PidSettings
from ember_embodied.trials.policies import RULES, digest_of, policy
from ember_embodied.trials.stock import Stock
from firmware_bridge.joints import BODY_YAW, JOINTS

DT_S = 0.1
VOICE = {"doa.speech": 1.0, "doa.front": 0.8, "doa.front_from_head": 0.8, "doa.mirror": 2.34}
FACE = {"camera.confidence": 0.9, "camera.yaw": 0.3, "camera.yaw_from_head": 0.3}
Array = np.ndarray


def felt(values: dict[str, float]) -> tuple[Array, Array]:
    senses = np.zeros(SENSE_COUNT, dtype=np.float32)
    for name, value in values.items():
        senses[INDEX[name]] = value / SENSES[INDEX[name]].scale
    return senses, np.ones(MASK_COUNT, dtype=np.float32)


def drive(policy: Policy, ticks: Sequence[dict[str, float]]) -> list[Step]:
    state, steps = policy.initial_state(), []
    for tick in ticks:
        steps.append(policy.step(*felt(tick), DT_S, state))
        state = steps[-1].state
    return steps


def yaws(steps: Sequence[Step]) -> list[float]:
    return [float(step.command[0]) for step in steps]


def test_stock_looks_at_the_front_for_half_a_second_and_is_blind_meanwhile() -> None:
    other = VOICE | {"doa.front": -0.8, "doa.front_from_head": -0.8}
    path = yaws(drive(Stock(), [VOICE] + [other] * 5))
    assert 0.0 < path[0] < 0.1
    assert path[:5] == sorted(path[:5])
    assert path[4] == pytest.approx(0.8, abs=1e-5)
    assert yaws(drive(Stock(), [VOICE] + [other] * 12))[-1] < 0.0


def test_stock_asks_twice_a_second_and_minds_neither_silence_nor_the_same_angle() -> None:
    silent = VOICE | {"doa.speech": 0.0}
    assert set(yaws(drive(Stock(), [silent] * 20))) == {0.0}
    missed = yaws(drive(Stock(), [silent] + [VOICE] * 3 + [silent] * 10))
    assert set(missed) == {0.0}
    ahead = drive(Stock(), [VOICE] * 40)
    assert yaws(ahead)[-1] == pytest.approx(0.8, abs=1e-5)
    assert {round(float(step.command[2]), 3) for step in ahead} == {0.175}


def test_pid_turns_to_a_voice_that_lasts_and_not_to_a_word_or_to_motor_noise() -> None:
    hold = round(PidSettings().hold_s / DT_S)
    word = [VOICE] * max(1, hold - 1) + [{}] * 20
    assert max(map(abs, yaws(drive(Pid(), word)))) < 0.01
    assert max(yaws(drive(Pid(), [VOICE] * (hold + 10)))) > 0.5
    loud = VOICE | {f"joints.{JOINTS[BODY_YAW].name}.velocity": 4.0}
    assert set(yaws(drive(Pid(), [loud] * 20))) == {0.0}


def test_pid_tries_the_mirror_where_no_face_is_at_the_front() -> None:
    voice = [VOICE] * (round(PidSettings().hold_s / DT_S) + 1)
    there = VOICE | {"head.yaw": 0.8, "doa.speech": 0.0}
    alone = drive(Pid(), voice + [there] * 30)
    assert max(yaws(alone)) == pytest.approx(2.34, abs=0.1)
    face = there | {"camera.confidence": 0.9, "camera.yaw": 0.85, "camera.yaw_from_head": 0.05}
    met = drive(Pid(), voice + [face] * 30)
    assert max(yaws(met)) < 1.6


def test_pid_follows_a_face_until_the_head_is_there() -> None:
    policy, head = Pid(), 0.0
    state = policy.initial_state()
    for _ in range(60):
        error = 0.3 - head
        face = FACE | {"camera.yaw_from_head": error, "head.yaw": head}
        step = policy.step(*felt(face), DT_S, state)
        state = step.state
        head += 0.7 * (0.9 * float(step.command[0]) - head)  # a servo that lands short
    assert head == pytest.approx(0.3, abs=2.0 * PidSettings().dead_zone_rad)


def test_pid_obeys_an_intent_and_goes_home_when_all_is_over() -> None:
    intent = {"intent.weight": 1.0, "intent.yaw": -0.7, "intent.pitch": 0.1}
    steps = drive(Pid(), [intent] * 20 + [{}] * 100)
    assert yaws(steps)[19] == pytest.approx(-0.7, abs=0.05)
    assert yaws(steps)[-1] == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize(("side", "column"), [("left", 2), ("right", 3)])
def test_pid_throws_out_the_antenna_that_is_pushed_and_only_that(side: str, column: int) -> None:
    calm = drive(Pid(), [{}])[0].command
    pushed = drive(Pid(), [{}] * 3 + [{f"command.antenna_{side}_lag": -0.5}] * 2 + [{}] * 30)
    answer = pushed[4].command
    assert abs(answer[column]) > abs(calm[column]) + 0.5
    assert answer[5 - column] == calm[5 - column]
    assert pushed[-1].command[column] == calm[column]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_pure_and_its_commands_are_within_limits(name: str) -> None:
    rules = RULES[name]()
    state = rules.initial_state()
    wild = felt(dict.fromkeys((sense.name for sense in SENSES), 3.0))
    first, again = (rules.step(*wild, DT_S, state) for _ in range(2))
    assert first.command.tobytes() == again.command.tobytes()
    for part, fresh in zip(state, RULES[name]().initial_state(), strict=True):
        assert np.array_equal(part, fresh)
    assert np.isfinite(first.command).all()


def test_a_name_is_a_policy() -> None:
    assert policy("teacher") is None
    assert isinstance(policy("stock"), Stock)
    assert isinstance(policy("live"), Runtime)
    assert isinstance(policy("live@event-driven"), EventDriven)
    told = policy("teacher@3")
    assert isinstance(told, Earshot)
    assert told.readings == 3
    assert digest_of("teacher@03") == "teacher@3"
    for wrong in ("teacher@0", "teacher@", "teacher@x", "teacher@²"):
        with pytest.raises(UserError, match="how many readings"):
            digest_of(wrong)
    assert digest_of("live") != digest_of("live@event-driven") != digest_of("pid")
    with pytest.raises(UserError, match=r"no policy 'stok'; did you mean 'stock'.*known: teacher"):
        digest_of("stok")
