from __future__ import annotations

from math import exp
from pathlib import Path

import numpy as np
import pytest
import torch

from ember_embodied.cells.heads import GAZE, LOG_VARIANCE, TRIM_RAD, TRIM_RATE_HZ
from ember_embodied.cells.pointing import PLACES
from ember_embodied.command_space import COMMAND_LIMIT_RAD, PLACES_TOUCHED
from ember_embodied.family import lively, members
from ember_embodied.network import Ember, NetworkConfig, State
from ember_embodied.sense_vector import (
    INDEX,
    MASK_COUNT,
    SENSE_COUNT,
    SENSES,
    STREAM_OF_SENSE,
    STREAMS,
)
from ember_embodied.training.export import (
    PARITY_BOUND,
    Provenance,
    measure_parity,
    write_bundle,
)
from ember_embodied.training.weights import network_of

torch.set_num_threads(1)
PROVENANCE = Provenance("tiny", False, 10.0, "none", "0" * 64)
SMALL = NetworkConfig(token=8, backbone=24, neurons=24, skin=16)


FAMILY = dict(members(SMALL))


def _awake(config: NetworkConfig) -> Ember:
    return lively(config, np.random.default_rng(0))


@pytest.fixture
def network() -> Ember:
    return _awake(SMALL)


def _life(ticks: int, batch: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    senses = torch.randn(ticks, batch, SENSE_COUNT, generator=generator)
    mask = (torch.rand(ticks, batch, MASK_COUNT, generator=generator) > 0.3).float()
    dt = 0.02 + 0.3 * torch.rand(ticks, batch, 1, generator=generator)
    return senses, mask, dt


@pytest.mark.parametrize("name", FAMILY)
def test_unrolling_is_the_same_as_stepping(name: str) -> None:
    network = _awake(FAMILY[name])
    senses, mask, dt = _life(20, 3)
    with torch.inference_mode():
        whole = network.unroll(senses, mask, dt, network.initial_state(3))
        state = network.initial_state(3)
        for t in range(20):
            output, state = network(senses[t], mask[t], dt[t], state)
            for part, one, many in zip(output._fields, output, whole.output, strict=True):
                torch.testing.assert_close(one, many[t], atol=2e-5, rtol=0, msg=part)
            torch.testing.assert_close(network.parts(state)["pose"][..., :GAZE], whole.gaze[t])
    torch.testing.assert_close(state, whole.state, atol=2e-5, rtol=0)


@pytest.mark.parametrize("stream", STREAMS)
def test_an_absent_sense_cannot_be_heard(network: Ember, stream: str) -> None:
    senses, mask, dt = _life(5, 2)
    mask[...] = 1.0
    mask[..., STREAMS.index(stream)] = 0.0
    noise = torch.randn_like(senses) * (torch.from_numpy(STREAM_OF_SENSE) == STREAMS.index(stream))
    with torch.inference_mode():
        calm = network.unroll(senses, mask, dt, network.initial_state(2))
        wild = network.unroll(senses + noise, mask, dt, network.initial_state(2))
        mask[...] = 1.0
        heard = network.unroll(senses + noise, mask, dt, network.initial_state(2))
    for one, other in zip(calm.output, wild.output, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(wild.output.command, heard.output.command)


def test_a_doubt_moves_nothing_and_a_certainty_goes_at_the_full_rate(network: Ember) -> None:
    """The gaze is a first-order step toward the place, at the rate that confidence leaves."""
    senses, mask, dt = _life(1, 1)
    moved = {}
    for name, logit in (("doubt", -20.0), ("certainty", 20.0)):
        with torch.no_grad():
            network.heads.weights.bias[network.heads.rows("confidence")] = logit
            network.heads.weights.weight[network.heads.rows("confidence")] = 0.0
        lived = network.unroll(senses, mask, dt, network.initial_state(1))
        moved[name] = lived.gaze
        assert lived.place.abs().max() > 0.1
    assert moved["doubt"].abs().max() < 1e-6
    assert moved["certainty"].abs().max() > 0.01


def test_the_variance_stays_within_its_bounds(network: Ember) -> None:
    senses, mask, dt = _life(20, 4)
    with torch.inference_mode():
        variance = network.unroll(10.0 * senses, mask, dt, network.initial_state(4)).output.variance
    low, high = (torch.tensor(bound).exp() for bound in LOG_VARIANCE)
    assert (variance >= 0.999 * low).all()
    assert (variance <= 1.001 * high).all()
    assert variance.std() > 0.01


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


def test_in_silence_a_sound_is_no_place(network: Ember) -> None:
    senses, mask = torch.zeros(1, SENSE_COUNT), torch.ones(1, MASK_COUNT)
    for speech, there in ((0.0, False), (1.0, True)):
        senses[0, INDEX["doa.speech"]] = speech / SENSES[INDEX["doa.speech"]].scale
        with torch.inference_mode():
            output, _ = network(senses, mask, torch.full((1, 1), 0.1), network.initial_state(1))
        gate = dict(zip(PLACES, output.gaze_gate[0].tolist(), strict=True))
        assert (gate["sound_front"] > 0.0, gate["sound_mirror"] > 0.0) == (there, there)


def test_the_gaze_goes_where_the_gate_points(network: Ember) -> None:
    """With all of the gate on the face, the gaze in mind ends at the face's bearing."""
    senses, mask = torch.zeros(1, SENSE_COUNT), torch.ones(1, MASK_COUNT)
    for name, value in (("camera.yaw", 0.7), ("camera.pitch", -0.2), ("camera.confidence", 1.0)):
        senses[0, INDEX[name]] = value / SENSES[INDEX[name]].scale
    with torch.no_grad():
        network.heads.weights.bias[network.heads.rows("place")][PLACES.index("face")] += 100.0
        network.heads.weights.bias[network.heads.rows("confidence")] += 20.0
    state = network.initial_state(1)
    with torch.inference_mode():
        for _ in range(100):
            _, state = network(senses, mask, torch.full((1, 1), 0.1), state)
    gaze = network.parts(state)["pose"][..., :GAZE]
    torch.testing.assert_close(gaze, torch.tensor([[0.7, -0.2]]), atol=1e-3, rtol=0)


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


def test_the_trim_of_head_and_body_is_slow_however_time_is_cut(network: Ember) -> None:
    senses, mask = torch.zeros(1, SENSE_COUNT), torch.ones(1, MASK_COUNT)
    rows = network.heads.rows("trim")
    ends = []
    with torch.inference_mode():
        network.heads.weights.weight[rows] = 0.0
        network.heads.weights.bias[rows] = 20.0
        for steps in (2, 10):
            state = network.initial_state(1)
            for _ in range(steps):
                _, state = network(senses, mask, torch.full((1, 1), 0.5 / steps), state)
            ends.append(network.parts(state)["pose"][..., GAZE:] / torch.tensor(TRIM_RAD))
    left = exp(-0.5 * TRIM_RATE_HZ)
    slow = torch.tensor([[1.0 - left, 1.0 - left, 1.0, 1.0, 1.0 - left]])
    for end in ends:
        torch.testing.assert_close(end, slow, atol=1e-5, rtol=0)


@pytest.mark.parametrize("place", PLACES_TOUCHED)
def test_a_touch_is_answered_by_the_antennas_and_then_fades(network: Ember, place: str) -> None:
    senses, mask = torch.zeros(1, SENSE_COUNT), torch.ones(1, MASK_COUNT)
    first = INDEX["command.antenna_left"]
    bias = network.skin.layers[-1].bias

    def live(ticks: int, state: State) -> tuple[torch.Tensor, State]:
        path = []
        for _ in range(ticks):
            output, state = network(senses, mask, torch.full((1, 1), 0.1), state)
            senses[0, first : first + 2] = output.command[0, 2:4] / torch.tensor(
                [SENSES[first + i].scale for i in (0, 1)]
            )
            path.append(output.command[0, 2:4])
        return torch.stack(path), state

    with torch.inference_mode():
        network.heads.weights.weight[network.heads.rows("trim")] = 0.0
        network.heads.weights.bias[network.heads.rows("motion")] = 2.0
        bias[1:] -= 200.0
        calm, state = live(30, network.initial_state(1))
        bias[1 + PLACES_TOUCHED.index(place)] += 400.0
        moved, state = live(10, state)
        bias[1 + PLACES_TOUCHED.index(place)] -= 400.0
        _, state = live(60, state)
    swing = (moved - calm[-1]).abs().max(dim=0).values
    assert (swing[0] > 0.25) == (place != "antenna_right")
    assert (swing[1] > 0.25) == (place != "antenna_left")
    assert network.parts(state)["excitement"].max() < 0.05


def test_breathing_keeps_time_whatever_the_steps(network: Ember) -> None:
    senses, mask, _ = _life(1, 1)
    ends: list[State] = []
    for steps in (10, 100):
        state = network.initial_state(1)
        with torch.inference_mode():
            for _ in range(steps):
                _, state = network(senses[0], mask[0], torch.full((1, 1), 4.0 / steps), state)
        ends.append(state)
    first, second = (network.parts(end)["phase"] for end in ends)
    torch.testing.assert_close(first, second, atol=1e-4, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILY)
def test_a_bundle_computes_what_torch_computes(name: str, tmp_path: Path) -> None:
    network = _awake(FAMILY[name])
    bundle = write_bundle(network, tmp_path / "tiny", PROVENANCE, parity_steps=300)
    assert bundle.manifest.parity.steps == 300
    assert bundle.manifest.parity.max_abs_error <= PARITY_BOUND
    with torch.no_grad():
        network.heads.weights.bias += 1e-3
    assert measure_parity(network, bundle, 10).max_abs_error > PARITY_BOUND


def test_a_bundle_is_made_again_from_its_weights_without_a_trace_of_the_machine(
    network: Ember, tmp_path: Path
) -> None:
    bundle = write_bundle(network, tmp_path / "tiny", PROVENANCE, parity_steps=1)
    again = write_bundle(network_of(bundle), tmp_path / "again", PROVENANCE, parity_steps=1)
    graph = bundle.model_path.read_bytes()
    assert len(again.model_path.read_bytes()) == len(graph)
    assert again.manifest.weights_sha256 == bundle.manifest.weights_sha256
    assert b".py" not in graph
