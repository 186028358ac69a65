"""How long a process takes until its first network step, and what it then holds in memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from ember_embodied.bench.claims import Claim, claim, quantile_claim
from ember_embodied.bench.interleaved import ratio_claim
from firmware_bridge.clock import SystemClock

ROUNDS: Final = 5
_STEP: Final = """
import numpy as np
from ember_embodied import bundle
from ember_embodied.runtime import Runtime
from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT
runtime = Runtime(bundle.load({bundle!r}))
senses, mask = np.zeros(SENSE_COUNT, np.float32), np.ones(MASK_COUNT, np.float32)
runtime.step(senses, mask, 0.1, runtime.initial_state())
"""
_TORCH_STEP: Final = """
import torch
from ember_embodied import bundle
from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT
from ember_embodied.training.weights import network_of
network = network_of(bundle.load({bundle!r}))
with torch.inference_mode():
    network(torch.zeros(1, SENSE_COUNT), torch.ones(1, MASK_COUNT), torch.ones(1, 1) * 0.1,
            network.initial_state(1))
"""
_REPORT: Final = """
import json, sys
status = open("/proc/self/status").read().split()
peak_kib = int(status[status.index("VmHWM:") + 1])
print(json.dumps({"rss_mib": peak_kib / 1024.0, "torch": int("torch" in sys.modules)}))
"""
"""VmHWM, because ``ru_maxrss`` of a child starts at what its parent held."""
OURS: Final = "model and step"
TORCH_STEP: Final = "torch, model and step"
_PROGRAMS: Final = {
    "python": "",
    "numpy": "import numpy",
    "numpy and onnxruntime": "import numpy, onnxruntime",
    OURS: _STEP,
}
_TORCH_PROGRAMS: Final = {"import torch": "import torch", TORCH_STEP: _TORCH_STEP}


def claims(bundle: Path, *, with_torch: bool, rounds: int = ROUNDS) -> list[Claim]:
    """Start each program ``rounds`` times, in turn; its median time and peak resident memory."""
    programs = _PROGRAMS | (_TORCH_PROGRAMS if with_torch else {})
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    memory: dict[str, list[float]] = {name: [] for name in programs}
    torch_loaded = 0
    for _ in range(rounds):
        for name, program in programs.items():
            took_s, facts = _fresh_process(program.format(bundle=str(bundle)))
            seconds[name].append(took_s)
            memory[name].append(facts["rss_mib"])
            torch_loaded += int(facts["torch"]) if name == OURS else 0
    found = []
    for name in programs:
        bound_s, bound_mib = ("<= 1.5", "<= 120") if name == OURS else (None, None)
        found.append(quantile_claim(f"start, {name}", seconds[name], 0.5, "s", bound_s))
        found.append(quantile_claim(f"peak memory, {name}", memory[name], 0.5, "MiB", bound_mib))
    if with_torch:
        for what, figures in (("start", seconds), ("peak memory", memory)):
            found.append(ratio_claim(f"{what}: torch over ours", [TORCH_STEP], [OURS], figures))
    return [*found, claim("processes that loaded torch", torch_loaded, "", "== 0", n=rounds)]


def _fresh_process(program: str) -> tuple[float, dict[str, float]]:
    """Seconds that a new process takes from start to end, and its facts."""
    clock = SystemClock()
    start_ns = clock.mono_ns()
    done = subprocess.run(
        [sys.executable, "-c", program + _REPORT], capture_output=True, check=True, text=True
    )
    facts: dict[str, float] = json.loads(done.stdout)
    return (clock.mono_ns() - start_ns) * 1e-9, facts
