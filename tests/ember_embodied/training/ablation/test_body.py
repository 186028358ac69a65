"""The body task end to end: two networks, two seeds, synthetic lives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ember_embodied.cli.main import main
from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT
from ember_embodied.training import lives as files
from ember_embodied.training.ablation.gates import attention_gates, firing_gates, mean_gates
from ember_embodied.training.ablation.task import LayerGates, Outcome
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

    files.save(_life(9), tmp_path / "lives" / "life_0000003.npz")
    code, _, err = ablate(*lives)
    assert (code, "its runs learned from other lives" in err) == (2, True)


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


def test_the_same_seed_is_the_same_run(ablate: Any, tmp_path: Path) -> None:
    ablate("--lives", str(tmp_path / "lives"))
    run = tmp_path / "out" / "runs" / "small" / "1.json"
    first = json.loads(run.read_text())
    run.unlink()
    ablate("--lives", str(tmp_path / "lives"))
    again = json.loads(run.read_text())
    for outcome in (first["outcome"], again["outcome"]):
        outcome.pop("train_s")
    assert again == first


def test_gates_of_known_values() -> None:
    uniform = attention_gates("a", 0, np.full((3, 2, 4), 0.25, dtype=np.float32))
    assert uniform.entropy == pytest.approx(np.log(4.0))
    assert uniform.support == pytest.approx(4.0)
    one = np.zeros((5, 4), dtype=np.float32)
    one[:, 2] = 1.0
    assert attention_gates("a", 0, one).support == pytest.approx(1.0)
    firing = np.array([[0.0, 0.9, 0.1, 1.0], [0.2, 0.8, 0.7, 1.0]])
    gates = firing_gates(LayerGates("core", 1), firing, 0.3)
    assert gates.fire_rate == pytest.approx(4.7 / 8)
    assert (gates.never_open, gates.never_close) == (0.25, 0.5)
    two = [Outcome({}, gates=[gates]), Outcome({}, gates=[LayerGates("core", 1, fire_rate=0.0)])]
    (mean,) = mean_gates(two)
    assert mean.fire_rate == pytest.approx(4.7 / 16)
    assert (mean.threshold, mean.entropy) == (0.3, None)
