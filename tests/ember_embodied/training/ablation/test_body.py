"""The body task end to end: two networks, two seeds, synthetic lives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ember_embodied.cli.main import main
from ember_embodied.errors import UserError
from ember_embodied.network import Ember, NetworkConfig
from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT
from ember_embodied.training import lives as files
from ember_embodied.training.ablation.body import BodyTask
from ember_embodied.training.ablation.gates import mean_gates, with_attention, with_firing
from ember_embodied.training.ablation.observation import observe
from ember_embodied.training.ablation.task import LayerGates, Outcome
from ember_embodied.training.course import silent
from ember_embodied.training.lanes import chunk_of
from ember_embodied.training.lives import Life

SPEC = """
title = "Small against smaller"
task = "body"
primary = "loss"
margin = 0.01
sizes = { steps = 6, lives = 4, held_out = 2, batch = 2, chunk = 10 }

[[condition]]
name = "small"
says = "16 neurons"
seeds = 2
network = { neurons = 16 }
[[condition]]
name = "smaller"
says = "8 neurons"
seeds = 2
network = { neurons = 8 }

[[family]]
name = "size"
question = "do neurons help?"
pairs = [["small", "smaller"]]
"""
SUITE = """
seconds = 12
atlas = "standard"
[people]
count_weights = [0, 1]
front_deg = 100
[talk]
share = [0.9, 1]
turn_s = [2, 3]
gap_s = [0.2, 0.5]
turns = [4, 8]
level = [0.8, 0.9]
"""
TICKS = 45


def _life(seed: int, **changed: Any) -> Life:
    rng = np.random.default_rng(seed)
    whole = {
        name: (0.3 * rng.standard_normal((TICKS, width))).astype(np.float32)
        for name, width in files.WIDTHS.items()
    }
    whole |= {
        "senses": np.clip(rng.standard_normal((TICKS, SENSE_COUNT)), -1, 1).astype(np.float32),
        "mask": np.ones((TICKS, MASK_COUNT), dtype=np.float32),
        "dt": np.full((TICKS, 1), 0.1, dtype=np.float32),
        "touch": np.zeros((TICKS, 2), dtype=np.float32),
    }
    return Life(**whole | changed)


@pytest.fixture
def ablate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    (tmp_path / "lives").mkdir()
    (tmp_path / "spec.toml").write_text(SPEC)
    for seed in range(6):
        files.save(_life(seed), tmp_path / "lives" / f"life_{seed:07d}.npz")

    def run(*options: str) -> tuple[int, str, str]:
        words = ["ember", "ablate", str(tmp_path / "spec.toml"), "--out", str(tmp_path / "out")]
        monkeypatch.setattr("sys.argv", [*words, *options])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return int(str(left.value.code)), said.out, said.err

    return run


def test_a_study_of_two_networks(ablate: Any, tmp_path: Path) -> None:
    lives = ("--lives", str(tmp_path / "lives"))
    code, out, err = ablate(*lives, "--json")
    assert code == 0, err
    found = json.loads(out)["findings"]
    assert [(f["ours"], f["theirs"], f["paired"]["n"]) for f in found] == [("small", "smaller", 2)]
    report = (tmp_path / "out" / "report.md").read_text()
    assert "lives learned from: 4 of lives" in report
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert len(results["runs"]) == 4
    measures = results["runs"][0]["outcome"]["measures"]
    assert measures["loss"] > measures["command"] > 0.0
    layers = {gates["layer"] for gates in results["runs"][0]["outcome"]["gates"]}
    assert "where to look" in layers

    code, out, err = ablate("--report-only")
    assert code == 0, err
    assert "small against smaller" in out
    assert (tmp_path / "out" / "report.md").read_text() == report

    run = tmp_path / "out" / "runs" / "small" / "1.json"
    first = json.loads(run.read_text())["outcome"]
    run.unlink()
    ablate(*lives)
    again = json.loads(run.read_text())["outcome"]
    assert again | {"train_s": 0.0} == first | {"train_s": 0.0}

    files.save(_life(9), tmp_path / "lives" / "life_0000003.npz")
    code, _, err = ablate(*lives)
    assert (code, "its runs learned from other lives" in err) == (2, True)


def test_a_network_drives_the_robot_between_idle_and_teacher(tmp_path: Path) -> None:
    for seed in range(3):
        files.save(_life(seed), tmp_path / f"life_{seed:07d}.npz")
    (tmp_path / "suite.toml").write_text(SUITE)
    sizes = {"steps": 2, "lives": 2, "held_out": 1, "batch": 2, "chunk": 10, "evaluation": 1}
    task = BodyTask.of(sizes | {"suite": str(tmp_path / "suite.toml")})
    task.prepare(tmp_path / "data", tmp_path, 1, silent)
    measured = task.run(tmp_path / "data", {"neurons": 8}, 0).measures
    assert measured.keys() <= {measure.name for measure in task.measures}
    assert -1.0 < measured["composite"] < 0.8  # it has learned next to nothing
    assert measured["effort"] > 0.0

    (tmp_path / "empty.toml").write_text('seconds = 6\natlas = "standard"\n')
    task = BodyTask.of(sizes | {"suite": str(tmp_path / "empty.toml")})
    with pytest.raises(UserError, match="these lives leave nothing to do"):
        task.prepare(tmp_path / "other", tmp_path, 1, silent)
    with pytest.raises(UserError, match=r"sizes: .*none\.toml"):
        BodyTask.of(sizes | {"suite": str(tmp_path / "none.toml")})


def test_bad_lives_stop_a_study_before_it_starts(ablate: Any, tmp_path: Path) -> None:
    lives = ("--lives", str(tmp_path / "lives"))
    senses = _life(3).senses.copy()
    senses[4, 5] = np.nan
    files.save(_life(3, senses=senses), tmp_path / "lives" / "life_0000003.npz")
    code, _, err = ablate(*lives)
    assert code == 2
    assert "life_0000003.npz: senses is nan in tick 4, column 5" in err
    assert not (tmp_path / "out" / "runs").exists()
    for path in sorted((tmp_path / "lives").iterdir())[2:]:
        path.unlink()
    code, _, err = ablate(*lives)
    assert (code, "lives: 2 lives, expected 2 to hold out and more" in err) == (2, True)
    code, _, err = ablate("--lives", str(tmp_path / "no"))
    assert (code, "no folder of lives" in err) == (2, True)


def test_a_fresh_network_is_observed_as_it_is_built() -> None:
    batch = chunk_of([_life(0), _life(1)])
    seen = {}
    for attention in ("lif_learnable", "softmax"):
        torch.manual_seed(0)
        network = Ember(NetworkConfig(attention=attention, neurons=16, layers=2))
        with torch.inference_mode():
            seen[attention] = {gates.layer: gates for gates in observe(network, batch)}
        assert list(seen[attention]) == ["attention 0", "attention 1", "core", "where to look"]
    fresh, plain = seen["lif_learnable"]["attention 1"], seen["softmax"]["attention 1"]
    assert fresh.depth == 1
    assert fresh.fire_rate == pytest.approx(0.5, abs=1e-3)  # it starts as plain softmax
    assert fresh.threshold == pytest.approx(0.1)
    assert fresh.entropy == pytest.approx(plain.entropy, abs=1e-5)
    assert 1.0 < (plain.support or 0.0) <= 6.0
    assert (plain.fire_rate, plain.threshold) == (None, None)
    firing = Ember(NetworkConfig(feedforward="mlp_fire", neurons=16))
    with torch.inference_mode():
        mlp = {gates.layer: gates for gates in observe(firing, batch)}["mlp 0"]
    assert (mlp.depth, mlp.fire_rate) == (1, pytest.approx(0.5))
    core = seen["softmax"]["core"]
    assert core.threshold == pytest.approx(0.3)
    assert 0.0 < (core.fire_rate or 0.0) < 1.0


def test_gates_of_known_values() -> None:
    uniform = with_attention(LayerGates("a", 0), np.full((3, 2, 4), 0.25, dtype=np.float32))
    assert uniform.entropy == pytest.approx(np.log(4.0))
    assert uniform.support == pytest.approx(4.0)
    one = np.zeros((5, 4), dtype=np.float32)
    one[:, 2] = 1.0
    assert with_attention(LayerGates("a", 0), one).support == pytest.approx(1.0)
    firing = np.array([[0.0, 0.9, 0.1, 1.0], [0.2, 0.8, 0.7, 1.0]])
    gates = with_firing(LayerGates("core", 1), firing, 0.3)
    assert gates.fire_rate == pytest.approx(4.7 / 8)
    assert (gates.never_open, gates.never_close) == (0.25, 0.5)
    two = [Outcome({}, gates=[gates]), Outcome({}, gates=[LayerGates("core", 1, fire_rate=0.0)])]
    (mean,) = mean_gates(two)
    assert mean.fire_rate == pytest.approx(4.7 / 16)
    assert (mean.threshold, mean.entropy) == (0.3, None)
