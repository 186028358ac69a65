from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ember_embodied.command_space import COMMAND_LIMIT_RAD, PLACES_TOUCHED
from ember_embodied.network import (
    PLACES,
    Ember,
    NetworkConfig,
    State,
)
from ember_embodied.sense_vector import INDEX, MASK_COUNT, SENSE_COUNT, SENSES, STREAMS
from ember_embodied.training.export import Provenance, measure_parity, write_bundle

torch.set_num_threads(1)
SMALL = NetworkConfig(embedding=16, backbone=24, neurons=24)


@pytest.fixture
def network() -> Ember:
    torch.manual_seed(0)
    network = Ember(SMALL).eval()
    with torch.no_grad():  # far from the small weights of a fresh net, where little happens
        for parameter in network.parameters():
            parameter.mul_(2.0)
    return network


def _life(ticks: int, batch: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    senses = torch.randn(ticks, batch, SENSE_COUNT, generator=generator)
    mask = (torch.rand(ticks, batch, MASK_COUNT, generator=generator) > 0.3).float()
    dt = 0.02 + 0.3 * torch.rand(ticks, batch, 1, generator=generator)
    return senses, mask, dt


def test_unrolling_is_the_same_as_stepping(network: Ember) -> None:
    senses, mask, dt = _life(40, 3)
    with torch.inference_mode():
        whole, path, _, last = network.unroll(senses, mask, dt, network.initial_state(3))
        state = network.initial_state(3)
        for t in range(40):
            output, state = network(senses[t], mask[t], dt[t], state)
            for name, one, many in zip(output._fields, output, whole, strict=True):
                torch.testing.assert_close(one, many[t], atol=1e-5, rtol=0, msg=name)
            torch.testing.assert_close(state.gaze, path[t], atol=1e-5, rtol=0)
    for one, other in zip(state, last, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_commands_stay_within_limits_whatever_is_felt(network: Ember) -> None:
    senses, mask, dt = _life(30, 4)
    with torch.inference_mode():
        output = network.unroll(100.0 * senses, mask, dt, network.initial_state(4)).output
    assert torch.isfinite(output.command).all()
    assert (output.command.abs() <= torch.tensor(COMMAND_LIMIT_RAD)).all()


def test_a_place_that_is_not_there_gets_no_gaze(network: Ember) -> None:
    senses, mask, dt = _life(1, 1)
    mask = torch.ones_like(mask)
    for stream in ("doa", "intent"):
        mask[..., STREAMS.index(stream)] = 0.0
    senses[..., INDEX["camera.confidence"]] = 0.0
    with torch.inference_mode():
        output, _ = network(senses[0], mask[0], dt[0], network.initial_state(1))
    gate = dict(zip(PLACES, output.gaze_gate[0].tolist(), strict=True))
    assert gate["face"] == gate["sound_front"] == gate["sound_mirror"] == gate["intent"] == 0.0
    assert sum(gate.values()) == pytest.approx(1.0)


def test_the_gaze_goes_where_the_gate_points(network: Ember) -> None:
    """With all of the gate on the face, the gaze in mind ends at the face's bearing."""
    senses, mask = torch.zeros(1, SENSE_COUNT), torch.ones(1, MASK_COUNT)
    for name, value in (("camera.yaw", 0.7), ("camera.pitch", -0.2), ("camera.confidence", 1.0)):
        senses[0, INDEX[name]] = value / SENSES[INDEX[name]].scale
    with torch.no_grad():
        network.heads.bias[PLACES.index("face")] += 100.0
    state = network.initial_state(1)
    with torch.inference_mode():
        for _ in range(100):
            _, state = network(senses, mask, torch.full((1, 1), 0.1), state)
    torch.testing.assert_close(state.gaze, torch.tensor([[0.7, -0.2]]), atol=1e-3, rtol=0)


def test_without_a_last_command_the_commands_jump_to_their_goals(network: Ember) -> None:
    senses, mask, _ = _life(1, 1)
    mask[..., STREAMS.index("command")] = 0.0
    first = INDEX["command.head_yaw"]
    senses[..., first : first + 10] = 0.0
    instant = torch.full((1, 1), 1e-6)
    with torch.inference_mode():
        blind, _ = network(senses[0], mask[0], instant, network.initial_state(1))
        mask[..., STREAMS.index("command")] = 1.0
        aware, _ = network(senses[0], mask[0], instant, network.initial_state(1))
    assert blind.command.abs().max() > 1e-2
    assert aware.command.abs().max() < 1e-4


@pytest.mark.parametrize("place", PLACES_TOUCHED)
def test_a_touch_is_answered_by_the_antennas_and_then_fades(network: Ember, place: str) -> None:
    senses, mask = torch.zeros(1, SENSE_COUNT), torch.ones(1, MASK_COUNT)
    first = INDEX["command.antenna_left"]
    bias = network.skin[-1].bias

    def live(ticks: int, state: State) -> tuple[torch.Tensor, State]:
        path = []
        for _ in range(ticks):
            output, state = network(senses, mask, torch.full((1, 1), 0.1), state)
            scale = network.scale[first : first + 2]
            senses[0, first : first + 2] = output.command[0, 2:4] / scale
            path.append(output.command[0, 2:4])
        return torch.stack(path), state

    with torch.inference_mode():
        bias[1:] -= 200.0
        calm, state = live(30, network.initial_state(1))
        bias[1 + PLACES_TOUCHED.index(place)] += 400.0
        moved, state = live(10, state)
        bias[1 + PLACES_TOUCHED.index(place)] -= 400.0
        _, state = live(60, state)
    swing = (moved - calm[-1]).abs().max(dim=0).values
    assert (swing[0] > 0.25) == (place != "antenna_right")
    assert (swing[1] > 0.25) == (place != "antenna_left")
    assert state.excitement.max() < 0.05


def test_breathing_keeps_time_whatever_the_steps(network: Ember) -> None:
    senses, mask, _ = _life(1, 1)
    ends: list[State] = []
    for steps in (10, 100):
        state = network.initial_state(1)
        with torch.inference_mode():
            for _ in range(steps):
                _, state = network(senses[0], mask[0], torch.full((1, 1), 4.0 / steps), state)
        ends.append(state)
    torch.testing.assert_close(ends[0].phase, ends[1].phase, atol=1e-4, rtol=0)


def test_a_bundle_computes_what_torch_computes(network: Ember, tmp_path: Path) -> None:
    provenance = Provenance("tiny", False, 10.0, "none", "0" * 64)
    bundle = write_bundle(network, tmp_path / "tiny", provenance, parity_steps=500)
    assert bundle.manifest.parity.steps == 500
    assert bundle.manifest.parity.max_abs_error <= 1e-5
    with torch.no_grad():
        network.heads.bias += 1e-3
    assert measure_parity(network, bundle, 10).max_abs_error > 1e-5
    first = bundle.model_path.read_bytes()
    again = write_bundle(network, tmp_path / "again", provenance, parity_steps=1)
    assert len(again.model_path.read_bytes()) == len(first)
    assert b".py" not in first
