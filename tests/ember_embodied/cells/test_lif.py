from __future__ import annotations

from math import e

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ember_embodied.cells.lif import LifGate, LifState


def _rest(neurons: int) -> LifState:
    return LifState(torch.zeros(1, neurons), torch.zeros(1, neurons))


def _step(
    gate: LifGate, x: torch.Tensor, dt: float, state: LifState
) -> tuple[torch.Tensor, torch.Tensor, LifState]:
    return gate.step(gate.constants(), x, gate.prepare(torch.full((1, 1), dt)), state)


def _run(gate: LifGate, x: float, dt: float, steps: int) -> tuple[torch.Tensor, LifState]:
    state, openness = _rest(1), torch.zeros(1, 1)
    for _ in range(steps):
        _, openness, state = _step(gate, torch.full((1, 1), x), dt, state)
    return openness, state


def test_the_membrane_charges_to_its_current_and_leaks_away() -> None:
    gate = LifGate(1)
    _, charged = _run(gate, 0.8, 0.1, 100)
    assert charged.membrane.item() == pytest.approx(0.8, abs=1e-4)
    _, _, leaked = _step(gate, torch.zeros(1, 1), 0.2, charged)
    assert leaked.membrane.item() == pytest.approx(0.8 / e, abs=1e-4)


def test_strong_activity_opens_the_gate_and_the_refractory_load_closes_it_again() -> None:
    gate = LifGate(1)
    with torch.no_grad():
        gate.rho.fill_(1.0)
    quiet, _ = _run(gate, 0.05, 0.1, 50)
    early, _ = _run(gate, 1.0, 0.1, 5)
    late, loaded = _run(gate, 1.0, 0.1, 100)
    assert quiet.item() < late.item() < early.item()
    assert loaded.refractory.item() > 0.2


@settings(deadline=None, max_examples=30)
@given(st.floats(-1.0, 1.0), st.integers(1, 20))
def test_two_short_steps_charge_like_one_long_step(x: float, parts: int) -> None:
    gate = LifGate(1)
    _, whole = _run(gate, x, 0.5, 1)
    _, pieces = _run(gate, x, 0.5 / parts, parts)
    assert pieces.membrane.item() == pytest.approx(whole.membrane.item(), abs=1e-5)


def test_every_constant_is_learned() -> None:
    gate = LifGate(3)
    state = _rest(3)
    total = torch.zeros(())
    for _ in range(3):
        y, _, state = _step(gate, torch.tensor([[0.2, -0.5, 0.9]]), 0.1, state)
        total = total + y.square().sum()
    total.backward()  # type: ignore[no-untyped-call]
    for name, parameter in gate.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().min() > 0.0, name
