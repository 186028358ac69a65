"""What the tool fits is what the robot runs; hands are taught when they can be felt."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from cerebellum.contact import KINDS, PLACES, Contact, ContactNet
from cerebellum.surprise import ALL, WITHOUT_IMU, Surprise
from ember_embodied.bench.cerebellum.touched_lives import HandEvent, Life, live
from firmware_bridge.simulation.scenario import Scenario

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    pytest.importorskip("torch")
    sys.path.insert(0, str(TOOLS))
    try:
        return __import__("fit_contact")
    finally:
        sys.path.remove(str(TOOLS))


def surprises(ticks: int, *, imu: bool) -> list[Surprise]:
    generator = np.random.default_rng(3)
    known = ALL if imu else WITHOUT_IMU
    found = []
    for tick in range(ticks):
        score, deviation = generator.standard_normal(24) * 4.0, generator.uniform(0.001, 0.01, 24)
        step = 0.01 * generator.standard_normal(9)
        measured = np.where(known, score * deviation, 0.0)
        found.append(
            Surprise(
                (tick + 1) * 20_000_000, 0.02, np.zeros(24), measured, deviation,
                np.where(known, score, 0.0), known, measured, step,
            )
        )  # fmt: skip
    return found


@pytest.mark.parametrize("imu", [True, False])
def test_what_is_fitted_is_what_runs(tool: ModuleType, imu: bool) -> None:
    import torch

    torch.manual_seed(1)
    inputs = 53
    net = tool.Network(torch.randn(inputs), 0.2 + torch.rand(inputs)).eval()
    prior = tool._prior(net, 0.02, 5.0, 5.0)
    contact, memory = Contact(ContactNet(prior), 0.02), tool.Memory(0.02)
    felt = surprises(120, imu=imu)
    rows = np.array([memory.step(one).copy() for one in felt], dtype=np.float32)
    with torch.no_grad():
        said = net(torch.from_numpy(rows)[None])[0].numpy()
    for one, expected in zip(felt, said, strict=True):
        evidence = contact.step(one)
        assert evidence.places == pytest.approx(expected[1 : 1 + len(PLACES)], abs=2e-4)
        assert evidence.kinds == pytest.approx(expected[1 + len(PLACES) :], abs=2e-4)


def test_a_life_made_blind_is_what_a_robot_without_an_imu_feels(tool: ModuleType) -> None:
    import torch

    seeing, blind = tool.Memory(0.02), tool.Memory(0.02)
    with_imu, without = (surprises(30, imu=imu) for imu in (True, False))
    for one, other in zip(with_imu, without, strict=True):
        row = torch.from_numpy(seeing.step(one).astype(np.float32))
        assert tool.blinded(row).numpy() == pytest.approx(blind.step(other), abs=1e-6)


def test_a_hand_is_taught_from_when_it_presses(tool: ModuleType) -> None:
    life = live(Scenario(), 700_101, 9.0, 10.0, (), ("rest",))
    hand = HandEvent(4.0, 6.0, "push", "head", 2.0, felt_s=4.35)
    never = HandEvent(7.0, 8.0, "hold", "body", 2.0)
    shown = Life(10_0, 10.0, life.senses, life.sent, life.doing, (hand, never), ())
    places, kinds, told = tool.labels(shown)
    times = np.array([sense.t_mono_ns * 1e-9 for sense in life.senses])
    head = 1 + [place.value for place in PLACES].index("head")
    assert set(places[(times > 4.4) & (times < 4.8)]) == {head}
    assert set(places[(times > 4.05) & (times < 4.3)]) == {tool.IGNORED}
    assert set(places[(times > 7.0) & (times < 8.2)]) == {tool.IGNORED}
    assert set(kinds[(times > 4.4) & (times < 6.5)]) == {[k.value for k in KINDS].index("push")}
    assert (told[(times > 6.1) & (times < 6.5)] == 1.0).all()
