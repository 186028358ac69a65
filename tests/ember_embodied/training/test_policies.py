from __future__ import annotations

import numpy as np
import pytest

from ember_embodied.runtime import Step
from ember_embodied.sense_vector import INDEX, MASK_COUNT, SENSE_COUNT, SENSES
from ember_embodied.training.policies import ANSWER_S, BASELINES, Reactive


def _felt(**values: float) -> tuple[np.ndarray, np.ndarray]:
    senses = np.zeros(SENSE_COUNT, dtype=np.float32)
    for name, value in values.items():
        index = INDEX[name.replace("__", ".")]
        senses[index] = value / SENSES[index].scale
    return senses, np.ones(MASK_COUNT, dtype=np.float32)


def _after(seconds: float, **values: float) -> Step:
    policy = Reactive()
    state = policy.initial_state()
    for _ in range(round(seconds * 10)):
        step = policy.step(*_felt(**values), 0.1, state)
        state = step.state
    return step


def test_a_face_comes_before_a_voice_and_a_voice_before_nothing() -> None:
    voice = {"doa__speech": 1.0, "doa__front": 0.8}
    face = {"camera__confidence": 0.9, "camera__yaw": -0.4, "camera__pitch": 0.1}
    assert _after(2.0, **voice).command[0] == pytest.approx(0.8, abs=0.01)
    assert _after(2.0, **voice, **face).command[0] == pytest.approx(-0.4, abs=0.01)
    assert _after(2.0, doa__front=0.8).command[0] == 0.0


@pytest.mark.parametrize(("side", "column"), [("left", 2), ("right", 3)])
def test_a_pushed_antenna_is_thrown_out_and_comes_back(side: str, column: int) -> None:
    calm = _after(0.1).command
    pushed = {f"command__antenna_{side}_lag": -0.4}
    answer = _after(0.1, **pushed).command
    assert abs(answer[column]) > abs(calm[column]) + 0.5
    other = 5 - column
    assert answer[other] == calm[other]
    policy = Reactive()
    state = policy.step(*_felt(**pushed), 0.1, policy.initial_state()).state
    for _ in range(round(ANSWER_S * 10) + 1):
        step = policy.step(*_felt(), 0.1, state)
        state = step.state
    assert step.command[column] == calm[column]


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_is_pure(name: str) -> None:
    policy = BASELINES[name]()
    state = policy.initial_state()
    felt = _felt(doa__speech=1.0, doa__front=0.5, command__antenna_left_lag=0.5)
    first, again = (policy.step(*felt, 0.1, state) for _ in range(2))
    assert first.command.tobytes() == again.command.tobytes()
    for part, fresh in zip(state, BASELINES[name]().initial_state(), strict=True):
        assert np.array_equal(part, fresh)
