"""Mutation test of the gate: every small change of its code must make a test of it fail.

``python tools/mutate_gate.py`` makes the mutants with mutmut in a folder of its own and runs
``tests/firmware_bridge/test_gate.py`` against each. It fails when one survives that is not in
``EQUIVALENT``, the list of changes that change nothing, each with the reason. ``--only 3`` takes
the tenth of the mutants whose number ends in 3.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
TEST: Final = "tests/firmware_bridge/test_gate.py"
MUTMUT: Final = [sys.executable, "-m", "mutmut"]
SETTINGS: Final = f"""[mutmut]
source_paths=firmware_bridge
only_mutate=firmware_bridge/gate.py
also_copy=
    firmware_bridge
    tests
pytest_add_cli_args=
    -q
    -p
    no:cacheprovider
pytest_add_cli_args_test_selection={TEST}
"""
KILLED: Final = ("", "killed", "timeout")
"""What mutmut says of a mutant that a test noticed; it does not list them."""
LIMIT_S: Final = 600.0
EQUIVALENT: Final = (
    # What is zipped strictly a second time has the length that was checked the first time.
    (r"strict=True", r"(strict=(None|False))?", "the lengths are equal by construction"),
    (r"if far else 0\.0", r"if far else 1\.0", "no way times any rate is no way"),
    (r"high = -1\.0", r"high = -2\.0", "any negative rate says that none is allowed"),
    (r"if size > limit", r"if size >= limit", "limit / limit is 1.0"),
    (r"if least > low", r"if least >= low", "the larger of two equals is either"),
    (r"if most < high", r"if most <= high", "the smaller of two equals is either"),
    (r"if a <= v", r"if a < v", "a value at the lower edge becomes the lower edge"),
    (r"if v > b", r"if v >= b", "a value at the upper edge was taken before"),
)
"""(what is taken away, what takes its place, why nothing changes)"""
CHECKED_LENGTHS: Final = (
    "way = [e - s for e, s in zip(end, start, strict=True)]",
    "away = [e - m for e, m in zip(end, seen, strict=True)]",
)
"""Where strict does check: a mutant here must die."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed line of the gate."""

    name: str
    before: str
    after: str

    def why_equivalent(self) -> str | None:
        """The reason from the list, None for a mutant that a test should have killed."""
        if any(line in self.before for line in CHECKED_LENGTHS):
            return None
        for taken, put, reason in EQUIVALENT:
            for found in re.finditer(taken, self.before):
                start, end = found.span()
                pattern = re.escape(self.before[:start]) + put + re.escape(self.before[end:])
                if re.fullmatch(pattern, self.after):
                    return reason
        return None


def mutants_of(source: str) -> dict[str, Mutant]:
    """The changed line of each mutant, from the file in which mutmut keeps all of them."""
    lines = source.splitlines()
    functions = {
        node.name: lines[node.lineno : node.end_lineno]
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
    }
    mutants = {}
    for name, changed in functions.items():
        original, mark, number = name.rpartition("__mutmut_")
        if mark and number.isdigit():
            same = functions[f"{original}__mutmut_orig"]
            diff = list(difflib.unified_diff(same, changed, n=0, lineterm=""))[3:]
            old = " ".join(line[1:].strip() for line in diff if line[0] == "-")
            new = " ".join(line[1:].strip() for line in diff if line[0] == "+")
            mutants[name] = Mutant(name, old, new)
    return mutants


def survivors(folder: Path, only: str) -> tuple[int, list[Mutant]]:
    """How many mutants were tried, and those that no test killed.

    Raises ``RuntimeError`` with mutmut's last words when it could not run.
    """
    shutil.copytree(ROOT / "firmware_bridge", folder / "firmware_bridge")
    (folder / TEST).parent.mkdir(parents=True)
    shutil.copy(ROOT / TEST, folder / TEST)
    (folder / "setup.cfg").write_text(SETTINGS, encoding="utf-8")
    names = [f"firmware_bridge.gate.*__mutmut_*{only}"] if only else []
    ran = _mutmut(folder, "run", *names)
    mutants = mutants_of((folder / "mutants/firmware_bridge/gate.py").read_text(encoding="utf-8"))
    tried = [name for name in mutants if name.endswith(only)]
    status = dict(
        line.strip().split(": ", 1) for line in _mutmut(folder, "results").splitlines() if line
    )
    status = {name.rpartition(".")[2]: found for name, found in status.items()}
    if not tried or all(status.get(name) == "not checked" for name in tried):
        raise RuntimeError(f"mutmut tried nothing: {ran[-2000:]}")
    return len(tried), [mutants[name] for name in tried if status.get(name, "") not in KILLED]


def _mutmut(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [*MUTMUT, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"mutmut {arguments[0]} failed: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def main() -> int:
    """Print the result; 1 when a mutant lives that should not."""
    parser = argparse.ArgumentParser(description="Mutation test of firmware_bridge/gate.py.")
    parser.add_argument("--only", default="", help="try the mutants whose number ends so")
    only: str = parser.parse_args().only
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tried, alive = survivors(Path(folder), only)
    bad = [mutant for mutant in alive if mutant.why_equivalent() is None]
    for mutant in bad:
        print(f"{mutant.name} survived\n  - {mutant.before}\n  + {mutant.after}")
    print(
        f"{tried} mutants: {tried - len(alive)} killed, {len(alive) - len(bad)} change nothing, "
        f"{len(bad)} survived"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
