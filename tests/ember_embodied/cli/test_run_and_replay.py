"""``ember run`` and ``ember replay`` as a user calls them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hippocampus.reader import Log
from hippocampus.tick_record import HeaderRecord

Ember = Callable[..., tuple[int, str, str]]


def short_life(ember: Ember, folder: Path, *more: object) -> Log:
    code, _, err = ember(
        "run", "--seconds", 6, "--speed", "max", "--log", folder, "--no-view", *more
    )
    assert (code, err) == (0, "")
    return Log(folder)


def test_run_writes_a_log_and_a_summary_that_agree(ember: Ember, tmp_path: Path) -> None:
    summary = tmp_path / "out.json"
    log = short_life(ember, tmp_path / "logs", "--summary", summary, "--seed", 3, "--rate", 20)
    facts = json.loads(summary.read_text())
    assert facts["ticks"] == len(list(log.ticks())) == 120
    assert facts["modes"] == {"RUN": 120}
    assert facts["log"] == str(log.folder)
    header = next(log.headers())
    assert isinstance(header, HeaderRecord)
    assert (header.rate_hz, header.seed, header.body) == (20.0, 3, "sim")
    assert "rate_hz = 20.0" in header.config_toml


def test_two_runs_with_the_same_seed_have_the_same_ticks(ember: Ember, tmp_path: Path) -> None:
    first = short_life(ember, tmp_path / "a", "--suite", "standard", "--seed", 7)
    again = short_life(ember, tmp_path / "b", "--suite", "standard", "--seed", 7)
    other = short_life(ember, tmp_path / "c", "--suite", "standard", "--seed", 8)
    assert first.ticks_digest == again.ticks_digest != other.ticks_digest


def test_replay_in_model(ember: Ember, tmp_path: Path) -> None:
    log = short_life(ember, tmp_path / "logs")
    code, out, _ = ember("replay", log.folder, "--in", "model")
    assert (code, out) == (0, "identical: 60 of 60 ticks\n")
    code, out, _ = ember("replay", log.folder, "--json")
    assert code == 0
    assert json.loads(out)["holds"] is True


def test_replay_in_sim_with_the_same_seed_is_the_same_life(ember: Ember, tmp_path: Path) -> None:
    log = short_life(ember, tmp_path / "logs", "--suite", "standard", "--seed", 2)
    code, out, _ = ember("replay", log.folder, "--in", "sim", "--json")
    assert code == 0
    rows = json.loads(out)["comparison"]
    assert all(row["logged"] == row["relived"] for row in rows)
    code, out, _ = ember("replay", log.folder, "--in", "sim", "--seed", 99, "--json")
    apart = {row["measure"]: row["relived"] for row in json.loads(out)["comparison"]}
    assert apart["head yaw apart, rms"] > 0.0


def test_a_log_is_a_body(ember: Ember, tmp_path: Path) -> None:
    log = short_life(ember, tmp_path / "logs")
    code, _, err = ember(
        "run",
        "--body",
        "replay",
        "--from",
        log.folder,
        "--speed",
        "max",
        "--no-view",
        "--log",
        tmp_path / "again",
    )
    assert (code, err) == (0, "")
    again = Log(tmp_path / "again")
    assert [t.requested for t in again.ticks()] == [t.requested for t in log.ticks()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--scenario", "nowhere.toml"), "nowhere.toml"),
        (("run", "--suite", "nowhere.toml"), "suite nowhere.toml"),
        (("run", "--suite", "standard", "--scenario", "lite"), "give one of them"),
        (("run", "--bundle", "nobody"), "no bundle 'nobody'"),
        (("run", "--body", "servos", "--speed", "max"), "--speed max needs a body in virtual"),
        (("run", "--body", "replay"), "--from LOG"),
        (("run", "--summary", "no/such/place.json"), "there is no folder"),
        (("run", "--body", "toaster"), "toaster"),
        (("run", "--rate", "70"), "--rate"),
        (("run", "--config", "missing.toml"), "missing.toml"),
        (("replay", "missing"), "no log missing"),
        (("replay", "."), "holds no *.mcap"),
    ],
)
def test_a_mistake_is_one_clear_line_and_exit_code_2(
    ember: Ember,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = ember(*arguments)
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert message in err
    assert list(tmp_path.iterdir()) == [], "a mistake leaves nothing behind"


def test_another_bundle_than_the_log_names_is_refused_by_digest(
    ember: Ember, tmp_path: Path
) -> None:
    import shutil

    from ember_embodied.bundle import find

    shutil.copytree(find("live"), tmp_path / "mine")
    manifest = tmp_path / "mine" / "manifest.json"
    log = short_life(ember, tmp_path / "logs", "--bundle", tmp_path / "mine")
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    code, _, err = ember("replay", log.folder, "--bundle", tmp_path / "mine")
    assert code == 0, "an explicit bundle is taken as it is"
    assert err == ""
