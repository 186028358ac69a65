"""Each gate against its equations, and what it promises beside them."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
import torch

from ember_embodied.cells.attention import Attention
from ember_embodied.cells.gates import GATES, make_gate
from ember_embodied.cells.gates.adaptation import TIMESCALES_S, AdaptationGate, PowerLawGate
from ember_embodied.cells.gates.gate import Gate, Gated, column_load
from ember_embodied.cells.gates.head_state import HeadStateGate
from ember_embodied.cells.gates.refractory import (
    RefractoryAcrossGate,
    RefractoryGate,
    RefractoryGradientGate,
)
from ember_embodied.cells.gates.threshold import STEEPNESS_UNIT, LearnableGate

HEADS, TOKENS, BATCH, WIDTH = 2, 5, 3, 8
NOT_IDENTITY_AT_START = ("lif_fixed", "output_gate")
TENTH = torch.full((BATCH, 1), 0.1)


def _probabilities(ticks: tuple[int, ...] = ()) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    scores = torch.randn(*ticks, BATCH, HEADS, TOKENS, TOKENS, generator=generator)
    return torch.softmax(2.0 * scores, dim=-1)


def _rest(gate: Gate) -> tuple[torch.Tensor, ...]:
    return tuple(torch.zeros(BATCH, w) for w in gate.state_shapes(TOKENS).values())


def _awake(gate: Gate) -> Gate:
    """A gate away from its start, where k is 0 and nothing shows."""
    torch.manual_seed(2)
    with torch.no_grad():
        for name, parameter in gate.named_parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
            if name == "steepness":
                parameter.add_(1.0)
    return gate.eval()


def _apply(gate: Gate, p: torch.Tensor, *, below: torch.Tensor | None = None) -> Gated:
    gated = gate(p, TENTH, below, _rest(gate))
    assert isinstance(gated, Gated)
    return gated


def _numbers(gate: LearnableGate) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    theta, leak, k = (
        parameter.detach().numpy()
        for parameter in (gate.threshold, gate.leak_logit, gate.steepness)
    )
    return theta, 1.0 / (1.0 + np.exp(-leak)), STEEPNESS_UNIT * k


def _lif(gate: LearnableGate, p: np.ndarray, raised: np.ndarray | float) -> np.ndarray:
    """p' = p (leak + (1 - leak) sigmoid(k (p - theta - raised))), over its sum."""
    theta, leak, k = _numbers(gate)
    passed = p * (leak + (1.0 - leak) / (1.0 + np.exp(-k * (p - theta - raised))))
    return passed / passed.sum(axis=-1, keepdims=True)


def _rho(gate: RefractoryGate | AdaptationGate | PowerLawGate | HeadStateGate) -> np.ndarray:
    return np.log1p(np.exp(gate.rho_raw.detach().numpy()))


@pytest.mark.parametrize("name", GATES)
def test_gated_probabilities_are_probabilities_and_openness_is_a_share(name: str) -> None:
    gate = _awake(make_gate(name, HEADS, WIDTH))
    p, openness, _, _ = _apply(gate, _probabilities())
    torch.testing.assert_close(p.sum(dim=-1), torch.ones(BATCH, HEADS, TOKENS))
    assert (p >= 0.0).all()
    assert ((openness >= 0.0) & (openness <= 1.0)).all()


@pytest.mark.parametrize("name", [name for name in GATES if name not in NOT_IDENTITY_AT_START])
def test_a_fresh_gate_is_softmax(name: str) -> None:
    gate, p = make_gate(name, HEADS, WIDTH), _probabilities()
    below = torch.rand(BATCH, 1, 1, TOKENS)
    torch.testing.assert_close(_apply(gate, p, below=below).probabilities, p, atol=1e-6, rtol=0)


def test_the_learnable_gate_is_its_equation() -> None:
    gate, p = _awake(LearnableGate(HEADS, causal=False)), _probabilities()
    expected = _lif(gate, p.numpy(), 0.0)
    np.testing.assert_allclose(_apply(gate, p).probabilities.detach(), expected, atol=1e-6)
    assert np.abs(expected - p.numpy()).max() > 0.05


def test_a_loaded_key_is_harder_to_fire_at_within_the_layer() -> None:
    gate, p = _awake(RefractoryGate(HEADS, causal=False)), _probabilities()
    raised = _rho(gate) * p.numpy().mean(axis=-2, keepdims=True)
    found = _apply(gate, p).probabilities.detach()
    np.testing.assert_allclose(found, _lif(gate, p.numpy(), raised), atol=1e-6)


def test_the_load_of_the_layer_below_raises_the_threshold_of_the_layer_above() -> None:
    gate, p = _awake(RefractoryAcrossGate(HEADS, causal=False)), _probabilities()
    first = _apply(gate, p)
    np.testing.assert_allclose(first.probabilities.detach(), _lif(gate, p.numpy(), 0.0), atol=1e-6)
    assert first.load is not None
    load = first.probabilities.detach().numpy().mean(axis=(-3, -2))[:, None, None]
    np.testing.assert_allclose(first.load.detach(), load, atol=1e-6)
    second = _apply(gate, p, below=first.load).probabilities.detach()
    np.testing.assert_allclose(second, _lif(gate, p.numpy(), _rho(gate) * load), atol=1e-6)
    assert (second - first.probabilities.detach()).abs().max() > 1e-3


def test_the_gradient_only_refractory_tires_the_learning_and_nothing_else() -> None:
    plain = LearnableGate(HEADS, causal=False)
    tired = RefractoryGradientGate(HEADS, causal=False)
    gradients, outputs = [], []
    value = torch.randn(TOKENS, generator=torch.Generator().manual_seed(3))
    for gate in (plain, tired):
        gate.train()
        with torch.no_grad():
            gate.steepness.fill_(1.0)
        p = _probabilities().requires_grad_()
        out = _apply(gate, p * 1.0).probabilities
        (out @ value).square().sum().backward()
        gradients.append(p.grad)
        outputs.append(out.detach())
    assert torch.equal(*outputs)
    before, after = gradients
    assert before is not None
    assert after is not None
    load = column_load(_probabilities(), causal=False)
    torch.testing.assert_close(after, before / (1.0 + 4.0 * load))


@pytest.mark.parametrize("kind", [AdaptationGate, PowerLawGate, HeadStateGate])
def test_what_fires_raises_its_threshold_and_time_lowers_it_again(kind: type[Gate]) -> None:
    gate, p = _awake(kind(HEADS, causal=False)), _probabilities()
    state = _rest(gate)
    for _ in range(30):
        state = gate(p, TENTH, None, state).state
    assert state[0].min() > 0.0
    tired = gate(p, TENTH, None, state).probabilities
    assert (tired - _apply(gate, p).probabilities).abs().max() > 1e-3
    rested = gate(p, torch.full((BATCH, 1), 1e3), None, state).state[0]
    firing_now = gate(p, torch.full((BATCH, 1), 1e-6), None, state).state[0]
    torch.testing.assert_close(firing_now, state[0], atol=1e-4, rtol=1e-4)
    assert torch.isfinite(rested).all()


def test_adaptation_leaks_exactly_as_its_time_constant_says() -> None:
    """With a gate that cannot fire the state fades as e^(-dt/tau), in one step or in many."""
    gate = AdaptationGate(HEADS, causal=False).eval()
    with torch.no_grad():
        gate.threshold.fill_(1e3)
        gate.steepness.fill_(1.0)
        gate.log_tau.fill_(np.log(0.7))
    start = torch.rand(BATCH, HEADS * TOKENS)
    p = _probabilities()
    (one,) = gate(p, torch.full((BATCH, 1), 1.2), None, (start,)).state
    many = (start,)
    for _ in range(12):
        many = gate(p, TENTH, None, many).state
    torch.testing.assert_close(one, start * exp(-1.2 / 0.7))
    torch.testing.assert_close(many[0], one)


def test_power_law_memory_fades_as_a_power_of_time() -> None:
    """Between its shortest and its longest timescale: a slope near -beta, not an exponential's."""
    gate = PowerLawGate(HEADS, causal=False).eval()
    with torch.no_grad():
        gate.threshold.fill_(1e3)
        gate.steepness.fill_(1.0)
    start = torch.ones(BATCH, HEADS * len(TIMESCALES_S) * TOKENS)
    share = torch.softmax(gate.beta[0].detach() * torch.log(gate.rates), dim=-2)
    times, left = np.array([0.3, 1.0, 3.0, 10.0]), []
    for t in times:
        (state,) = gate(_probabilities(), torch.full((BATCH, 1), t), None, (start,)).state
        memory = state[0].unflatten(0, (HEADS, len(TIMESCALES_S), TOKENS))[0]
        left.append(float((share * memory.detach()).sum(dim=0)[0]))
    slopes = np.diff(np.log(left)) / np.diff(np.log(times))
    assert (slopes < -0.4).all()
    assert (slopes > -1.6).all()


@pytest.mark.parametrize("name", GATES)
def test_a_causal_sequence_knows_nothing_of_what_comes_later(name: str) -> None:
    torch.manual_seed(4)
    layers = [
        Attention(WIDTH, HEADS, name, "mlp_fire", causal=True, layer=i, layers=2) for i in (0, 1)
    ]
    for layer in layers:
        _awake(layer.gate)
        layer.feedforward.steepness.data.fill_(1.0)
    x = torch.randn(BATCH, 7, WIDTH)
    changed = x.clone()
    changed[:, 4:] += 1.0
    ends = []
    for tokens in (x, changed):
        low = layers[0].causal(tokens)
        ends.append(layers[1].causal(low.tokens, low.load).tokens)
    torch.testing.assert_close(ends[0][:, :4], ends[1][:, :4])
    assert (ends[0][:, 4:] - ends[1][:, 4:]).abs().max() > 0.1


@pytest.mark.parametrize("name", GATES)
def test_everything_that_a_gate_may_learn_gets_a_gradient(name: str) -> None:
    torch.manual_seed(5)
    layers = [Attention(WIDTH, HEADS, name, layer=i, layers=2) for i in (0, 1)]
    x, bias = torch.randn(4, BATCH, TOKENS, WIDTH), torch.zeros(4, BATCH, TOKENS)
    load = None
    for layer in layers:
        if isinstance(layer.gate, LearnableGate) and name != "lif_fixed":
            layer.gate.steepness.data.fill_(1.0)
        dt = TENTH.expand(4, BATCH, 1)
        x, _, _, load, _ = layer(x, bias, dt, _rest(layer.gate), load, ticks=True)
    x.square().sum().backward()  # type: ignore[no-untyped-call]
    for key, parameter in layers[1].gate.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, key
            assert parameter.grad.abs().max() > 0.0, key


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no attention 'lif'; there are softmax"):
        make_gate("lif", HEADS, WIDTH)
    with pytest.raises(ValueError, match="3 heads do not divide"):
        Attention(WIDTH, 3, "softmax")
