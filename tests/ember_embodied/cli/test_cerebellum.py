"""``ember cerebellum``: what is kept is shown, forgotten, frozen."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from cerebellum.plasticity import Evidence
from cerebellum.settings import CerebellumSettings
from ember_embodied.cli.cerebellum import worth_of_choices
from ember_embodied.cli.main import build
from ember_embodied.errors import UserError
from ember_embodied.keeper import FROZEN, Keeper
from hippocampus.tick_record import LookRecord

SECOND_NS = 1_000_000_000
BIAS_RAD = math.radians(12.0)


def ember(*words: str) -> None:
    build()(["cerebellum", *words], prog_name="ember", standalone_mode=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a robot has kept that hears 12 degrees too far to the left, all round in front."""
    keeper = Keeper(CerebellumSettings(folder=tmp_path / "state"), 0.1)
    organ = keeper.restore(np.random.default_rng(1))
    for number in range(40):
        now_ns = (number + 1) * 10 * SECOND_NS
        seen = -1.2 + 2.4 * (number * 0.618 % 1.0)
        trial = Evidence(
            heard_rad=seen + BIAS_RAD,
            heard_head_yaw_rad=seen,
            heard_t_ns=now_ns - SECOND_NS,
            speech=True,
            energy=0.5,
            own_motion=False,
            seen_rad=seen,
            seen_t_ns=now_ns,
            seen_confidence=0.9,
            seen_faces=1,
            seen_spread_rad=0.0,
            head_speed_rad_s=0.0,
        )
        organ.pointing.learn(trial, now_ns, now_ns)
    keeper.close(organ, 400 * SECOND_NS)
    return tmp_path / "state"


def test_show_says_what_was_learned_and_draws_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = tmp_path / "table.svg"
    ember("show", "--state", str(folder), "--figure", str(figure), "--json")
    facts = json.loads(capsys.readouterr().out)
    assert facts["looks"] == 40
    ahead = [d for d in facts["directions"] if abs(d["direction_deg"]) <= 45.0]
    assert all(abs(d["bias_deg"] - 12.0) < 3.0 for d in ahead)
    behind = next(d for d in facts["directions"] if abs(d["direction_deg"]) == 180.0)
    assert min(d["confidence"] for d in ahead) > behind["confidence"]
    drawing = ET.parse(figure).getroot()
    assert sum(part.tag.endswith("polygon") for part in drawing.iter()) >= 25
    ember("show", "--state", str(folder))
    assert "40 looks" in capsys.readouterr().out
    ember("history", "--state", str(folder), "--json")
    [entry] = json.loads(capsys.readouterr().out)
    assert entry["looks"] == 40
    assert entry["bias_deg"] == pytest.approx(12.0, abs=4.0)


def test_reset_moves_aside_and_says_where(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ember("reset", "yaw_table", "--state", str(folder), "--json")
    moved = json.loads(capsys.readouterr().out)
    assert moved["moved"] == ["yaw_table.snapshot"]
    assert (Path(moved["to"]) / "yaw_table.snapshot").is_file()
    ember("show", "--state", str(folder), "--json")
    assert json.loads(capsys.readouterr().out)["looks"] == 0
    with pytest.raises(UserError, match="reach_table"):
        ember("reset", "reach_tabel", "--state", str(folder))
    keeper = Keeper(CerebellumSettings(folder=folder), 0.1)
    with pytest.raises(UserError, match="running robot"):
        ember("reset", "--state", str(folder))
    keeper.close(keeper.restore(np.random.default_rng(1)), 0)


def test_freeze_is_a_file_and_nothing_learned_is_said(folder: Path, tmp_path: Path) -> None:
    ember("freeze", "--state", str(folder))
    assert (folder / FROZEN).exists()
    ember("freeze", "--off", "--state", str(folder))
    assert not (folder / FROZEN).exists()
    for verb in ("show", "history", "reset"):
        with pytest.raises(UserError, match="--state"):
            ember(verb, "--state", str(tmp_path / "nowhere"))


def look(variant: int, reward: float, verdict: str = "LEARNT") -> LookRecord:
    return LookRecord(0.3, 0.0, 0.1, verdict, 0.1, -0.1, variant, 4, 0.5, reward, 0, 1.0, 1.0)


def test_a_log_of_choices_tells_what_each_way_is_worth() -> None:
    looks = [look(4, 0.9)] * 40 + [look(0, 0.4)] * 5 + [look(2, 0.0, "STALE")] * 30
    worth = {name: (taken, value) for name, taken, value, _, _ in worth_of_choices(looks)}
    assert worth["blend 1"] == (40, pytest.approx(0.9))
    assert worth["blend 0"] == (5, pytest.approx(0.4))
    assert "blend 0.5" not in worth, "what was refused is no evidence"
    assert worth_of_choices([]) == []
