from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from ember_embodied import bundle as bundles
from ember_embodied.command_space import COMMAND_LIMIT_RAD
from ember_embodied.runtime import Runtime
from ember_embodied.sense_vector import MASK_COUNT, PREDICTED, SENSE_COUNT


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return Runtime(bundles.load())


def _inputs(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    senses = rng.uniform(-4.0, 4.0, SENSE_COUNT).astype(np.float32)
    return senses, np.ones(MASK_COUNT, dtype=np.float32)


def test_a_step_has_the_promised_shapes_and_stays_within_limits(runtime: Runtime) -> None:
    state = runtime.initial_state()
    for seed in range(50):
        step = runtime.step(*_inputs(seed), 0.1, state)
        state = step.state
        assert step.command.shape == (5,)
        assert step.command.dtype == np.float32
        assert (np.abs(step.command) <= np.float32(COMMAND_LIMIT_RAD)).all()
        assert step.prediction.shape == (len(PREDICTED),)
        assert 0.0 <= step.confidence <= 1.0
        assert ((step.gates >= 0.0) & (step.gates <= 1.0)).all()


def test_a_step_is_a_pure_function_of_its_arguments(runtime: Runtime) -> None:
    """Neither other steps in between nor another session change a bit; inputs stay as they were."""
    state = runtime.step(*_inputs(0), 0.1, runtime.initial_state()).state
    kept = [part.copy() for part in state]
    first = runtime.step(*_inputs(1), 0.1, state)
    bits = (first.command.tobytes(), *(part.tobytes() for part in first.state))
    for seed in range(20):
        runtime.step(*_inputs(seed), 0.3, state)
    for session in (runtime, Runtime(bundles.load())):
        again = session.step(*_inputs(1), 0.1, state)
        assert (again.command.tobytes(), *(part.tobytes() for part in again.state)) == bits
    assert all((part == old).all() for part, old in zip(state, kept, strict=True))


def test_time_matters(runtime: Runtime) -> None:
    state = runtime.initial_state()
    slow, fast = (runtime.step(*_inputs(2), dt, state) for dt in (0.5, 0.02))
    assert np.abs(slow.state[0] - fast.state[0]).max() > 1e-3


@pytest.mark.parametrize("spoilt", ["senses", "mask", "state"])
@pytest.mark.parametrize(
    "spoil",
    [lambda x: x.astype(np.float64), lambda x: x[..., :-1], lambda x: x[..., :1], np.ones_like],
    ids=["float64", "one short", "one long enough to broadcast", "whole"],
)
def test_other_shapes_and_types_are_refused(runtime: Runtime, spoilt: str, spoil: Any) -> None:
    senses, mask = _inputs(3)
    given = {"senses": senses, "mask": mask, "state": runtime.initial_state()[-1]}
    given[spoilt] = spoil(given[spoilt])
    state = (*runtime.initial_state()[:-1], given["state"])
    if spoil is np.ones_like:
        assert np.isfinite(runtime.step(given["senses"], given["mask"], 0.1, state).command).all()
        return
    with pytest.raises(TypeError, match=re.escape(str(given[spoilt].shape))) as refusal:
        runtime.step(given["senses"], given["mask"], 0.1, state)
    assert given[spoilt].dtype.name in str(refusal.value)


def test_a_state_too_few_is_refused(runtime: Runtime) -> None:
    with pytest.raises(TypeError, match="takes float32"):
        runtime.step(*_inputs(3), 0.1, runtime.initial_state()[:-1])


def test_what_a_step_gave_stays_when_others_follow(runtime: Runtime) -> None:
    """Outputs are copies: no later step and no other runtime writes into them."""
    first = runtime.step(*_inputs(4), 0.1, runtime.initial_state())
    parts = (first.command, first.prediction, first.variance, first.gates, *first.state)
    kept = [part.copy() for part in parts]
    for seed in range(5):
        runtime.step(*_inputs(seed), 0.2, first.state)
    assert all((part == old).all() for part, old in zip(parts, kept, strict=True))


def test_the_outputs_are_those_that_the_graph_gives_by_name(runtime: Runtime) -> None:
    manifest = runtime.bundle.manifest
    senses, mask = _inputs(5)
    state = runtime.step(*_inputs(6), 0.1, runtime.initial_state()).state
    dt = np.array([[0.1]], dtype=np.float32)
    feed = {"senses": senses[None], "mask": mask[None], "dt": dt}
    ends = np.cumsum([row.width for row in manifest.state])
    parts = np.split(state[0], ends[:-1], axis=1)
    feed |= {row.name: part for row, part in zip(manifest.state, parts, strict=True)}
    names = [node.name for node in runtime.session.get_outputs()]
    named = dict(zip(names, runtime.session.run(names, feed), strict=True))
    step = runtime.step(senses, mask, 0.1, state)
    assert (step.command == named["command"][0]).all()
    assert (step.prediction == named["prediction"][0]).all()
    assert step.confidence == named["confidence"].item()
    gates = np.concatenate([named[row.name] for row in manifest.gates], axis=1)
    assert (step.gates == gates[0]).all()
    after = np.concatenate([named[f"next_{row.name}"] for row in manifest.state], axis=1)
    assert (step.state[0] == after).all()
    if manifest.variance:
        assert (step.variance == named["variance"][0]).all()


def test_no_torch_is_loaded() -> None:
    program = (
        "import sys; from ember_embodied import bundle, runtime, sense_vector;"
        "runtime.Runtime(bundle.load()); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
