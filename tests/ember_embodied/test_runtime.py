from __future__ import annotations

import subprocess
import sys

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


def test_other_shapes_and_types_are_refused(runtime: Runtime) -> None:
    senses, mask = _inputs(3)
    with pytest.raises(TypeError, match="float64"):
        runtime.step(senses.astype(np.float64), mask, 0.1, runtime.initial_state())
    with pytest.raises(RuntimeError, match="size"):
        runtime.step(senses[:-1], mask, 0.1, runtime.initial_state())


def test_no_torch_is_loaded() -> None:
    program = (
        "import sys; from ember_embodied import bundle, runtime, sense_vector;"
        "runtime.Runtime(bundle.load()); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
