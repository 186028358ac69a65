"""What is promised about the gate itself: its size, its coverage, its mutants, a million calls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import firmware_bridge.gate
from ember_embodied.bench.gate_fuzz import fuzz_gate

ROOT = Path(__file__).parents[2]
EXAMPLES = "tests/firmware_bridge/test_gate.py"
CALLS = 1_000_000


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_the_gate_stays_small_enough_to_read():
    lines = Path(firmware_bridge.gate.__file__).read_text(encoding="utf-8").splitlines()
    assert len(lines) < 150


def test_the_examples_take_every_branch_of_the_gate(tmp_path: Path):
    settings = tmp_path / "coverage.ini"
    gate = Path(firmware_bridge.gate.__file__)
    settings.write_text(
        f"[run]\nbranch = true\ninclude = {gate}\ndata_file = {tmp_path / 'data'}\n",
        encoding="utf-8",
    )
    rc = f"--rcfile={settings}"
    ran = python("-m", "coverage", "run", rc, "-m", "pytest", EXAMPLES, "-q", cwd=ROOT)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = python("-m", "coverage", "report", rc, "-m", "--fail-under=100", cwd=ROOT)
    assert report.returncode == 0, report.stdout
    assert "gate.py" in report.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_tenth_of_the_mutants_die():
    """``python tools/mutate_gate.py`` tries them all."""
    done = python("tools/mutate_gate.py", "--only", "3", cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    tried = int(done.stdout.split()[0])
    assert tried > 30, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_million_calls_give_no_target_outside_the_limits():
    result = fuzz_gate(CALLS, seed=1)
    assert result.calls == CALLS
    assert result.outside == 0
    assert min(result.clips.values()) > CALLS / 1000, "every kind of cut must have been tried"
