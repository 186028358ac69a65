from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from ember_embodied import bundle as bundles
from ember_embodied.network import Ember, NetworkConfig
from ember_embodied.training.card import write_card
from ember_embodied.training.course import (
    Course,
    graduate,
    silent,
    train,
)
from ember_embodied.training.lives import LifeError
from ember_embodied.training.rollouts import RolloutSettings, live
from ember_embodied.trials.composite import TEACHER
from ember_embodied.trials.contest import judge
from ember_embodied.trials.measures import figures

SHORT = RolloutSettings(seconds=8.0)
TINY = Course(
    seeds=(0, 10),
    rounds=2,
    lives=1,
    steps=4,
    last_steps=4,
    network=NetworkConfig(token=8, backbone=12, neurons=12),
    rollout=SHORT,
)


def test_a_seed_is_a_life() -> None:
    life, trace = live(3, SHORT, None)
    again, _ = live(3, SHORT, None)
    other, _ = live(4, SHORT, None)
    assert life.senses.tobytes() == again.senses.tobytes()
    assert life.command.tobytes() == again.command.tobytes()
    assert other.senses.tobytes() != life.senses.tobytes()
    assert len(trace.t_s) == len(life.dt) == 80


def test_the_teacher_beats_doing_nothing() -> None:
    settings = RolloutSettings(seconds=20.0, noise_share=0.0, astray_share=0.0)
    measured = {}
    for driver in (TEACHER, "idle"):
        tallies = judge(driver, (1, 3), settings, 1, silent)
        measured[driver] = {figure.name: figure.value for figure in figures(tallies)}
    assert measured[TEACHER]["following_error_mean"] < 5.0
    assert measured["idle"]["following_error_mean"] > 10.0


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_course_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    whole = train(TINY, tmp_path / "whole", 1, silent)
    cut = Path(shutil.copytree(tmp_path / "whole", tmp_path / "cut"))
    (cut / "round_01" / "weights.npz").unlink()
    (cut / "round_01" / "life_0000001.npz").unlink()
    again = train(TINY, cut, 1, silent)
    for one, other in zip(whole.parameters(), again.parameters(), strict=True):
        assert np.array_equal(one.detach().numpy(), other.detach().numpy())

    bundle = graduate(
        whole, TINY, tmp_path / "tiny", "command", range(50, 51), "training", cut, 1, silent
    )
    manifest = bundles.load(bundle.path).manifest
    assert manifest.trained
    assert manifest.parity.max_abs_error <= 1e-5
    assert manifest.seeds == {"training": "0:2", "exam": "50:51 of training"}
    assert {score.policy for score in manifest.scores} == {
        "tiny",
        "idle",
        "stock",
        "pid",
        "teacher",
    }
    card = (bundle.path / bundles.CARD_FILE).read_text("utf-8")
    assert card == write_card(manifest)
    assert "Where it falls short" in card


def test_an_exam_on_learned_seeds_is_refused(tmp_path: Path) -> None:
    network = Ember(TINY.network)
    with pytest.raises(LifeError, match="overlaps"):
        graduate(
            network, TINY, tmp_path / "o", "command", range(9, 12), "training", tmp_path, 1, silent
        )


def test_too_few_seeds_are_refused_before_anything_starts(tmp_path: Path) -> None:
    course = Course(seeds=(0, 1), rounds=2, lives=1)
    with pytest.raises(LifeError, match="needs 2 lives"):
        train(course, tmp_path, 1, silent)
    assert not any(tmp_path.iterdir())


def test_a_spoiled_life_of_a_late_round_is_refused_before_anything_is_learned(
    tmp_path: Path,
) -> None:
    (tmp_path / "round_01").mkdir()
    (tmp_path / "round_01" / "life_0000001.npz").write_bytes(b"PK torn")
    with pytest.raises(LifeError, match=r"life_0000001\.npz: torn"):
        train(TINY, tmp_path, 1, silent)
    assert not (tmp_path / "round_00").exists()
