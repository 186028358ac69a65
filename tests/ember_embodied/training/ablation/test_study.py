"""Spec, study and report on a toy task, whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from ember_embodied.cells.gates import GATES
from ember_embodied.errors import UserError
from ember_embodied.training.ablation import study
from ember_embodied.training.ablation.findings import findings, measure_named
from ember_embodied.training.ablation.report import verdict_lines, write_report
from ember_embodied.training.ablation.spec import SpecError, load_spec, shipped
from ember_embodied.training.ablation.study import conduct, load_results
from ember_embodied.training.ablation.task import LayerGates, Measure, Outcome

SPEC = """
title = "A toy"
task = "body"
primary = "score"
margin = 0.02
note = "Know this."
network = { neurons = 8 }
sizes = { noise = 0.01 }

[[condition]]
name = "plain"
says = "nothing added"
seeds = 10
[[condition]]
name = "better"
says = "half a point more"
seeds = 10
network = { gain = 0.5 }
[[condition]]
name = "same"
says = "another name for nothing"
seeds = 10
network = { gain = 0.0 }
[[condition]]
name = "breaks"
says = "never trains"
seeds = 2
network = { gain = -1.0 }

[[family]]
name = "all"
question = "what helps?"
pairs = [["better", "plain"], ["same", "plain"], ["breaks", "plain"], ["plain", "better"]]
"""


class Toy:
    """Scores gain plus what the seed adds for all conditions plus noise of its own."""

    measures = (
        Measure("score", "1", True, "a score"),
        Measure("cost", "s", False, "a cost"),
    )

    def __init__(self, noise: float, runs: list[tuple[float, int]]) -> None:
        self.about = ["A toy."]
        self.noise, self.runs = noise, runs

    def check(self, settings: Mapping[str, Any]) -> None:
        if settings["neurons"] != 8:
            raise UserError("neurons")

    def prepare(self, folder: Path, source: Path | None, *_: object) -> dict[str, str]:
        return {"digest": str(source)}

    def run(self, folder: Path, settings: Mapping[str, Any], seed: int) -> Outcome:
        gain = settings.get("gain", -0.0)
        self.runs.append((gain, seed))
        if gain < 0.0:
            return Outcome({}, fault="not finite")
        rng = np.random.default_rng([seed, round(10 * gain), len(settings)])
        score = gain + np.random.default_rng(seed).normal() + self.noise * rng.normal()
        gates = [
            LayerGates("attention 0", 0, entropy=1.0, support=2.7, fire_rate=0.3, threshold=0.1),
            LayerGates("core", 1, fire_rate=0.5, threshold=0.3, never_open=0.1, never_close=0.2),
        ]
        curve = [(step, 1.0 / step + gain) for step in (1, 2, 3)]
        return Outcome({"score": score, "cost": -score}, curve, gates, 100, 1.5)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Toy:
    runs: list[tuple[float, int]] = []
    monkeypatch.setattr(study, "make_task", lambda _, sizes: Toy(sizes["noise"], runs))
    return Toy(0.0, runs)


def _spec(tmp_path: Path, text: str = SPEC) -> Any:
    path = tmp_path / "spec.toml"
    path.write_text(text)
    return load_spec(str(path))


def _silent(*_: object) -> None:
    """Progress that nobody wants to hear of."""


def test_the_table_says_what_is_true(tmp_path: Path, toy: Toy) -> None:
    results = conduct(_spec(tmp_path), tmp_path / "out", None, 1, _silent)
    found = {(f.ours, f.theirs): f for f in findings(results, measure_named(results, "score"))}
    verdicts = {pair: finding.verdict for pair, finding in found.items()}
    assert verdicts == {
        ("better", "plain"): "helps",
        ("same", "plain"): "does nothing",
        ("breaks", "plain"): "not measured",
        ("plain", "better"): "hurts",
    }
    better = found["better", "plain"]
    assert better.test == "permutation"
    assert better.p == 2.0 / 2**10
    assert better.p_holm == 3 * 2.0 / 2**10  # three of the four could be tested
    assert found["breaks", "plain"].faults == 2
    cost = findings(results, measure_named(results, "cost"))
    assert [f.verdict for f in cost[:2]] == ["helps", "no effect shown"]  # a lower cost
    assert cost[0].paired is not None
    assert cost[0].paired.equivalence_p is None  # the margin is the primary measure's
    assert any("same against plain" in line and "does nothing" in line
               for line in verdict_lines(results))  # fmt: skip


def test_few_seeds_are_tested_by_t_since_no_permutation_could_tell(
    tmp_path: Path, toy: Toy
) -> None:
    spec = _spec(tmp_path).limited(4)
    assert {c.seeds for c in spec.condition} == {4, 2}
    results = conduct(spec, tmp_path / "out", None, 1, _silent)
    finding = findings(results, measure_named(results, "score"))[0]
    assert (finding.test, finding.verdict) == ("t-test", "helps")
    report = write_report(results, tmp_path / "out").read_text()
    assert "no p below 0.125" in report


def test_a_study_goes_on_where_it_was_cut_off(tmp_path: Path, toy: Toy) -> None:
    out = tmp_path / "out"
    whole = conduct(_spec(tmp_path), out, None, 1, _silent)
    assert len(toy.runs) == 32
    (out / "runs" / "better" / "3.json").unlink()
    (out / "runs" / "same" / "0.json").write_text('{"torn')
    toy.runs.clear()
    again = conduct(_spec(tmp_path), out, None, 1, _silent)
    assert toy.runs == [(0.0, 0), (0.5, 3)]
    assert again == whole
    toy.runs.clear()
    conduct(_spec(tmp_path, SPEC.replace("noise = 0.01", "noise = 0.02")), out, None, 1, _silent)
    assert len(toy.runs) == 32  # other sizes are another study


def test_the_report_is_made_again_from_its_results_alone(tmp_path: Path, toy: Toy) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    results = conduct(_spec(tmp_path), out, None, 1, _silent)
    report = write_report(results, out)
    other.mkdir()
    (other / study.RESULTS_FILE).write_bytes((out / study.RESULTS_FILE).read_bytes())
    again = write_report(load_results(other), other)
    assert again.read_bytes() == report.read_bytes()
    for name in ("effects", "curves", "depth", "gates"):
        assert (other / f"{name}.svg").read_bytes() == (out / f"{name}.svg").read_bytes()
        assert f"({name}.svg)" in report.read_text()
    text = report.read_text()
    assert "Know this." in text
    assert "**does nothing**: same / plain" in text
    assert "breaks seed 0 (not finite)" in text
    with pytest.raises(UserError, match="no results of an ablation"):
        load_results(tmp_path / "none")
    (other / study.RESULTS_FILE).write_text("{}")
    with pytest.raises(UserError, match=r"results\.json: .*spec"):
        load_results(other)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "same"', 'name = "better"', "'better' is there twice"),
        ('["same", "plain"]', '["sme", "plain"]', "unknown condition 'sme'.*'same'"),
        ('["same", "plain"]', '["same", "same"]', "compared with itself"),
        ("seeds = 2", "seeds = 1", "'breaks': seeds = 1, expected 2 to 16"),
        ("margin = 0.02", "margin = 0", "margin = 0"),
        ("margin = 0.02", "margn = 0.02", "margn"),
        ("gain = 0.5", "gain = 0.0", "'better' and 'same' are the same network"),
        ('says = "never trains"', "", "says"),
        ("[[family]]", "[[family", "spec.toml: "),
    ],
)
def test_a_spec_that_makes_no_study_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in SPEC
    with pytest.raises(SpecError, match=f"spec.toml: .*{said}|{said}") as refusal:
        _spec(tmp_path, SPEC.replace(old, new))
    assert "\n" not in str(refusal.value)


def test_a_missing_spec_names_its_neighbour(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"unknown spec 'quik'.*'quick'"):
        load_spec("quik")
    with pytest.raises(SpecError, match=r"no spec .*none\.toml"):
        load_spec(str(tmp_path / "none.toml"))


def test_a_spec_of_another_task_or_measure_is_refused(tmp_path: Path) -> None:
    spec = load_spec("quick")
    for change, said in (
        ({"task": "bdy"}, "unknown task 'bdy'.*'body'"),
        ({"primary": "beauty"}, "primary = 'beauty'"),
        ({"sizes": {"steps": 0}}, "sizes"),
        ({"network": {"neuron": 3}}, "unknown setting of the network 'neuron'"),
    ):
        with pytest.raises(SpecError, match=said):
            study.check(msgspec.structs.replace(spec, **change))


@pytest.mark.parametrize("name", shipped())
def test_the_shipped_specs_can_be_studied(name: str) -> None:
    spec = load_spec(name)
    study.check(spec)
    assert min(c.seeds for c in spec.condition) >= 5
    gates = {spec.settings(name).get("attention", "lif_learnable") for name in spec.conditions()}
    assert gates == GATES.keys()
    compared = {ours for family in spec.family for ours, _ in family.pairs}
    assert gates - {"softmax"} <= {
        spec.settings(name).get("attention", "lif_learnable") for name in compared
    }


def test_the_headline_of_the_body_has_ten_seeds() -> None:
    spec = load_spec("body")
    (headline,) = (family for family in spec.family if family.name == "headline")
    assert all(spec.conditions()[name].seeds == 10 for pair in headline.pairs for name in pair)
