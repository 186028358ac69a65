"""``ember log``: what is in a log, whether it is whole, and how it is mended."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ember_embodied.bench import synthetic_life
from ember_embodied.cli.main import main
from firmware_bridge.clock import SystemClock
from hippocampus.reader import Log
from hippocampus.recorder import Recorder
from hippocampus.retention import prune
from hippocampus.session import LogSettings
from hippocampus.tick_record import SnapshotRecord, TickRecord

Ember = Callable[..., tuple[int, str, str]]
LIFE = list(synthetic_life.ticks(np.random.default_rng(5), 60))


@pytest.fixture
def ember(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ember:
    """Run ``ember log`` in this process; exit code, stdout, stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ember", "log", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return synthetic_life.record(tmp_path / "logs", LIFE, ticks_a_segment=25)


def tear(folder: Path, number: int, left_share: float) -> None:
    path = folder / f"{number:06d}.mcap"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * left_share)])


def test_info_tells_what_is_in_a_log(ember: Ember, folder: Path) -> None:
    code, out, err = ember("info", folder.parent, "--json")
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert facts["ticks"] == 60
    assert facts["ticks_digest"] == Log(folder).ticks_digest
    assert facts["rate_hz"] == pytest.approx(10.0, rel=1e-2)
    assert facts["duration_s"] == pytest.approx(5.9, rel=1e-2)
    assert facts["stream_shares"]["imu"] == 1.0
    assert facts["mode_shares"] == {"RUN": 1.0}
    assert (facts["events"], facts["damage"], facts["whole"]) == (3, [], True)
    code, out, err = ember("info", folder)
    assert code == 0
    assert "60 ticks (0 to 59)" in out
    assert facts["ticks_digest"] in out


def test_verify_of_a_whole_log(ember: Ember, folder: Path) -> None:
    code, out, err = ember("verify", folder)
    assert (code, err) == (0, "")
    assert out == (
        f"whole: 60 ticks (0 to 59) in 3 files in {folder}, digest {Log(folder).ticks_digest}\n"
    )


def test_verify_says_in_one_line_what_is_lost(ember: Ember, folder: Path) -> None:
    tear(folder, 1, 0.5)
    code, out, _ = ember("verify", folder)
    kept = [tick.tick for tick in Log(folder / "000001.mcap").ticks()]
    assert code == 1
    first, *details = out.splitlines()
    lost = 49 - kept[-1]
    assert f"damaged: {lost} ticks lost ({kept[-1] + 1} to 49); cut off: 000001.mcap" in first
    assert Log(folder).ticks_digest in first
    assert any("000001.mcap at byte" in line for line in details)
    code, out, _ = ember("verify", folder, "--json")
    facts = json.loads(out)
    assert code == 1
    assert facts["gaps"] == [{"first": kept[-1] + 1, "last": 49}]
    assert facts["damage"][0]["torn"] is True


def test_recover_writes_whole_files_and_leaves_the_old_ones(
    ember: Ember, folder: Path, tmp_path: Path
) -> None:
    tear(folder, 2, 0.7)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    digest = Log(folder).ticks_digest
    out = tmp_path / "out"
    code, text, _ = ember("recover", folder, "--out", out, "--json")
    assert code == 0
    report = json.loads(text)
    assert [bool(entry["lost"]) for entry in report] == [False, False, True]
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert Log(out).ticks_digest == digest
    assert ember("verify", out)[0] == 0
    code, _, err = ember("recover", folder, "--out", out)
    assert (code, err.count("\n")) == (2, 1)
    assert ember("recover", folder, "--out", folder.parent)[0] == 2
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert ember("recover", folder, "--in-place")[0] == 0
    assert ember("verify", folder)[0] == 0
    assert Log(folder).ticks_digest == digest


def test_recover_wants_to_know_where(ember: Ember, folder: Path) -> None:
    assert ember("recover", folder)[0] == 2
    assert ember("recover", folder, "--in-place", "--out", "x")[0] == 2


def test_keep_is_respected_by_retention_until_undone(ember: Ember, folder: Path) -> None:
    assert ember("keep", folder / "000000.mcap")[0] == 0
    assert [path.name for path in prune(folder.parent, 0, 0).deleted] == [
        "000001.mcap",
        "000002.mcap",
    ]
    assert ember("keep", folder / "000000.mcap", "--undo")[0] == 0
    assert len(prune(folder.parent, 0, 0).deleted) == 1


def test_tail_shows_the_last_ticks(ember: Ember, folder: Path) -> None:
    code, out, _ = ember("tail", folder, "-n", "3", "--no-follow")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [
        [str(n), "RUN"] for n in (57, 58, 59)
    ]
    _, out, _ = ember("tail", folder.parent, "-n", "2", "--no-follow", "--json")
    assert [json.loads(line)["tick"] for line in out.splitlines()] == [58, 59]


def test_tail_follows_a_growing_log_over_its_files_to_the_end(ember: Ember, tmp_path: Path) -> None:
    settings = LogSettings(tmp_path, sync_s=0.05)
    recorder = Recorder(settings, synthetic_life.header("live"), SystemClock())

    def put(ticks: list[TickRecord]) -> None:
        first = ticks[0]
        recorder.put(SnapshotRecord(first.tick, first.sense.t_mono_ns, b""))
        for tick in ticks:
            recorder.put(tick)

    def grow() -> None:
        put(LIFE[20:40])
        recorder.put(synthetic_life.event(LIFE[39], "touch", "a stroke"))
        recorder.close()

    put(LIFE[:20])
    while not list(tmp_path.rglob("*.mcap")):
        threading.Event().wait(0.01)
    later = threading.Timer(0.5, grow)
    later.start()
    code, out, _ = ember("tail", tmp_path, "-n", "1000")
    later.join()
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[:40]] == [str(n) for n in range(40)]
    assert lines[40].split()[1:] == ["touch:", "a", "stroke"]


@pytest.mark.parametrize("verb", ["info", "verify", "recover", "tail", "keep"])
@pytest.mark.parametrize("kind", ["missing", "empty", "text"])
def test_what_is_no_log_gets_one_line_and_exit_code_2(
    ember: Ember, tmp_path: Path, verb: str, kind: str
) -> None:
    path = tmp_path / "thing"
    if kind == "empty":
        path.mkdir()
    elif kind == "text":
        path.write_text("no log")
    extra = ["--out", tmp_path / "out"] if verb == "recover" else []
    code, out, err = ember(verb, path, *extra)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert str(path) in err


def test_a_folder_of_sessions_is_the_newest_and_says_so(ember: Ember, folder: Path) -> None:
    newer = synthetic_life.record(folder.parent, LIFE[:5], session_id="synthetic-2")
    code, out, err = ember("info", folder.parent, "--json")
    assert code == 0
    assert json.loads(out)["ticks"] == 5
    assert newer.name in err
