from __future__ import annotations

from math import cos, pi, radians, sin

import pytest
import torch
from torch import Tensor

from ember_embodied.cells.pointing import NEAR_BINS, Ring, centres_rad
from ember_embodied.cells.space_map import SHEETS, SpaceMap, map_view
from ember_embodied.network import Ember, NetworkConfig
from ember_embodied.sense_vector import INDEX, MASK_COUNT, SENSE_COUNT, SENSES
from firmware_bridge.joints import JOINTS

Views = list[Tensor]
BINS = 36
WIDTH = 8


def _map(front: float, mirror: float, see: float, look: float, miss: float = 0.0) -> SpaceMap:
    """A map whose gates are open as far as told, whatever the tokens say."""
    torch.manual_seed(0)
    found = SpaceMap(WIDTH, BINS)
    gates = torch.tensor([front, mirror, see, look, miss]).clamp(1e-6, 1.0 - 1e-6)
    with torch.no_grad():
        found.gates.weight.zero_()
        found.gates.bias.copy_(torch.logit(gates))
    return found


def _view(
    front_deg: float,
    mirror_deg: float,
    *,
    head_deg: float = 0.0,
    face_deg: float | None = None,
    speed_rad_s: float = 0.0,
) -> Views:
    """What the map sees of a tick, through the rows of its view."""
    values = {
        "doa.front_cos": cos(radians(front_deg)),
        "doa.front_sin": sin(radians(front_deg)),
        "doa.mirror_cos": cos(radians(mirror_deg)),
        "doa.mirror_sin": sin(radians(mirror_deg)),
        "head.yaw": radians(head_deg),
        "camera.yaw": radians(face_deg or 0.0),
        "camera.confidence": 0.0 if face_deg is None else 0.9,
        **{f"joints.{joint.name}.velocity": speed_rad_s for joint in JOINTS},
    }
    scaled = {name: value / SENSES[INDEX[name]].scale for name, value in values.items()}
    return [
        torch.tensor(
            [
                [
                    sum(weight * scaled[name] for name, weight in row.senses.items())
                    + sum(row.streams.values())
                    + row.offset
                    for row in rows
                ]
            ]
        )
        for rows in map_view(BINS)
    ]


def _people(belief: Tensor) -> Tensor:
    """The sheet of people, [BINS]."""
    return belief.detach()[0, BINS:]


def _believe(space: SpaceMap, views: list[Views]) -> float:
    """Where the map believes somebody to be after so many ticks, deg."""
    logs = belief = torch.zeros(1, SHEETS * BINS)
    dt, tokens = torch.full((1, 1), 0.1), torch.zeros(1, WIDTH)
    for view in views:
        logs, belief = space(view, tokens, dt, belief)
    ring = Ring(BINS)
    wave = torch.tensor([[0.0, 0.0, 0.0, sin(pi), cos(pi)]])
    near = ring((logs @ space.reading().T)[:, ring.line], wave)
    theta = torch.tensor(centres_rad(BINS, NEAR_BINS))
    return float(torch.rad2deg(near[0] @ theta).detach())


def test_a_turning_head_tells_front_from_back() -> None:
    """The voice stays at 40 degrees; its mirror image wanders with the head."""
    views = [_view(40.0, 2 * head - 40.0 + 180.0, head_deg=head) for head in range(0, 40, 4)]
    assert _believe(_map(1.0, 1.0, 0.0, 0.0), views) == pytest.approx(40.0, abs=15.0)


def test_scattered_readings_are_averaged() -> None:
    offs = [-18.0, 9.0, 14.0, -4.0, -11.0, 7.0, 20.0, -15.0]
    views = [_view(-60.0 + off, 170.0) for off in offs]
    assert _believe(_map(1.0, 0.0, 0.0, 0.0), views) == pytest.approx(-60.0, abs=4.0)


def test_a_place_where_nobody_is_found_is_no_longer_believed() -> None:
    heard = [_view(50.0, 130.0)] * 5
    looked = [_view(50.0, 130.0, head_deg=50.0)] * 5
    assert _believe(_map(1.0, 0.9, 0.0, 0.0), heard + looked) == pytest.approx(60.0, abs=25.0)
    assert _believe(_map(1.0, 0.9, 0.0, 0.9), heard + looked) == pytest.approx(130.0, abs=15.0)


@pytest.mark.parametrize("speed_rad_s", [-3.0, 3.0])
def test_own_motors_drown_a_voice_whichever_way_they_turn(speed_rad_s: float) -> None:
    quiet = [_view(50.0, 130.0)] * 3
    loud = [_view(-60.0, -120.0, speed_rad_s=speed_rad_s)] * 6
    assert _believe(_map(0.9, 0.5, 0.0, 0.0), quiet + loud) == pytest.approx(50.0, abs=10.0)


def test_a_seen_face_counts_and_an_unseen_one_does_not() -> None:
    seen = [_view(0.0, 180.0, face_deg=25.0)] * 5
    assert _believe(_map(0.0, 0.0, 1.0, 0.0), seen) == pytest.approx(25.0, abs=3.0)
    unseen = [_view(0.0, 180.0)] * 5
    assert abs(_believe(_map(0.0, 0.0, 1.0, 0.0), unseen) - 25.0) > 20.0


def _after(space: SpaceMap, views: list[Views]) -> Tensor:
    belief = torch.zeros(1, SHEETS * BINS)
    for view in views:
        _, belief = space(view, torch.zeros(1, WIDTH), torch.full((1, 1), 0.1), belief)
    return belief


def test_a_person_is_known_for_longer_than_a_voice() -> None:
    seen = [_view(25.0, 155.0, face_deg=25.0)] * 10
    silent = _view(25.0, 155.0, head_deg=120.0)
    silent[0].fill_(-30.0)  # the array says nothing
    space = _map(1.0, 0.0, 1.0, 0.0)
    before, after = _after(space, seen), _after(space, seen + [silent] * 100)
    assert _people(after).max() > 0.7 * _people(before).max()
    assert after[0, :BINS].max() < 0.1 * before[0, :BINS].max()


def test_who_is_looked_for_and_not_found_is_forgotten() -> None:
    seen = [_view(0.0, 180.0, head_deg=25.0, face_deg=25.0)] * 5
    missed = [_view(0.0, 180.0, head_deg=25.0)] * 20
    there = _people(_after(_map(0.0, 0.0, 1.0, 0.0, miss=0.0), seen + missed)).max()
    gone = _people(_after(_map(0.0, 0.0, 1.0, 0.0, miss=0.9), seen + missed)).max()
    assert there > 0.8
    assert gone < 0.1


def test_a_doubtful_voice_is_given_to_who_is_known_to_be_there() -> None:
    """Heard between both hypotheses; the person seen behind is nearer to the mirror image."""
    known = [_view(0.0, 180.0, head_deg=150.0, face_deg=150.0)] * 5
    heard = [_view(40.0, 140.0)] * 3
    space = _map(0.5, 0.5, 0.0, 0.0)
    assert _believe(space, heard) == pytest.approx(90.0, abs=60.0)
    seeing = _map(0.5, 0.5, 1.0, 0.0)
    assert _believe(seeing, [*known, *heard]) == pytest.approx(145.0, abs=12.0)


def test_belief_fades_in_time_however_it_is_cut() -> None:
    space, tokens = _map(1.0, 0.0, 0.0, 0.0), torch.zeros(1, WIDTH)
    view, silent = _view(0.0, 180.0), _view(0.0, 180.0)
    silent[0].fill_(-30.0)
    _, belief = space(view, tokens, torch.full((1, 1), 0.1), torch.zeros(1, SHEETS * BINS))
    _, once = space(silent, tokens, torch.full((1, 1), 1.0), belief)
    for _ in range(10):
        _, belief = space(silent, tokens, torch.full((1, 1), 0.1), belief)
    torch.testing.assert_close(once, belief, atol=1e-4, rtol=1e-3)


def test_many_ticks_at_once_are_those_one_by_one() -> None:
    torch.manual_seed(1)
    space = SpaceMap(WIDTH, BINS)
    views = [_view(10.0 * t, 180.0 - 10.0 * t, face_deg=5.0) for t in range(6)]
    whole = [torch.stack(part) for part in zip(*views, strict=True)]
    tokens, dt = torch.randn(6, 1, WIDTH), torch.full((6, 1, 1), 0.1)
    logs, after = space(whole, tokens, dt, torch.zeros(1, SHEETS * BINS), ticks=True)
    belief = torch.zeros(1, SHEETS * BINS)
    for t in range(6):
        log, belief = space(views[t], tokens[t], dt[t], belief)
        torch.testing.assert_close(log, logs[t])
    torch.testing.assert_close(belief, after)


def test_a_network_without_a_map_runs_and_has_no_belief() -> None:
    network = Ember(NetworkConfig(token=8, backbone=12, neurons=12, bins=0))
    senses, mask = torch.zeros(1, SENSE_COUNT), torch.ones(1, MASK_COUNT)
    output, state = network(senses, mask, torch.full((1, 1), 0.1), network.initial_state(1))
    assert network.parts(state)["belief"].shape == (1, 0)
    assert torch.isfinite(output.command).all()
