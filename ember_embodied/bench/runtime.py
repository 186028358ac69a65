"""What the network costs on the robot: one step beside its floor and its peers, start-up, memory.

Everything of one kind is timed in turn in one run, so the ratios hold on a busy machine; the
times alone do not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np

from ember_embodied import bundle as bundles
from ember_embodied.bench import start_up
from ember_embodied.bench.claims import Claim, claim, quantile_claim
from ember_embodied.bench.interleaved import Call, Times, cold, ratio_claim, warm
from ember_embodied.bundle import Bundle
from ember_embodied.errors import UserError
from ember_embodied.runtime import Runtime
from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT

WARM_ROUNDS: Final = 1000
COLD_ROUNDS: Final = 120
DT_S: Final = 0.1
FLOAT_BYTES: Final = 4

STEP: Final = "network step"
BOUND: Final = "bare call, io-binding"
NAMED: Final = "bare call, session.run"
READ: Final = "floor: weights read once"
EMPTY: Final = "floor: empty call, io-binding"
TORCH: Final = "torch inference_mode"
NCPS: Final = "torch with a core of ncps modules"
OUR_CORE: Final = "core alone, ours"
NCPS_CORE: Final = "core alone, ncps modules"
INT8: Final = "network step, int8 weights"
LIFE_S: Final = 30.0
LIFE_SUITE: Final = "standard"
"""Lives over which the error of int8 weights is measured: one a seed, the network driving."""

Note = Callable[[str], None]


def run(
    seeds: range,
    bundle: str = bundles.DEFAULT_BUNDLE,
    note: Note = print,
    warm_rounds: int = WARM_ROUNDS,
    cold_rounds: int = COLD_ROUNDS,
    starts: int = start_up.ROUNDS,
) -> list[Claim]:
    """Measure a bundle; inputs are drawn from the first seed, ``note`` hears what is left out."""
    found = bundles.load(bundle)
    rng = np.random.default_rng(seeds.start)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        contenders = _contenders(found, rng, Path(folder), stack, note)
        rounded = _int8(found, seeds, Path(folder), contenders, note)
        warm_us = warm(contenders, warm_rounds)
        cold_us = cold(contenders, cold_rounds)
    return [
        *_step_claims(found, warm_us, cold_us),
        *rounded,
        *start_up.claims(found.path, with_torch=TORCH in contenders, rounds=starts),
    ]


def _contenders(
    bundle: Bundle, rng: np.random.Generator, folder: Path, stack: ExitStack, note: Note
) -> dict[str, Call]:
    """Everything that can be timed with what is installed."""
    from ember_embodied.bench.calls import bound_call, named_call

    runtime = Runtime(bundle)
    calls: dict[str, Call] = {
        STEP: _step_call(runtime, rng),
        BOUND: bound_call(runtime.session),
        NAMED: named_call(runtime.session),
    }
    try:
        from threadpoolctl import threadpool_limits

        from ember_embodied.bench.floor import empty_bundle, read_call

        stack.enter_context(threadpool_limits(limits=1))
        calls[READ] = read_call(bundle.manifest.parameters)
        calls[EMPTY] = bound_call(Runtime(empty_bundle(bundle, folder)).session)
    except ImportError as error:
        note(f"no floor: it needs {error.name}: pip install 'ember-embodied[bench]'")
    try:
        from ember_embodied.bench import peers
        from ember_embodied.training.weights import network_of

        network = network_of(bundle)
        stack.enter_context(peers.one_thread())
        senses = rng.standard_normal(SENSE_COUNT).astype(np.float32)
        mask = np.ones(MASK_COUNT, dtype=np.float32)
        calls[TORCH] = peers.step_call(network, senses, mask, DT_S)
        calls[NCPS] = peers.step_call(peers.with_ncps_core(network), senses, mask, DT_S)
        calls[OUR_CORE] = bound_call(peers.core_session(peers.cfc_cell(network), folder))
        calls[NCPS_CORE] = peers.core_call(peers.NcpsCell(peers.cfc_cell(network)))
    except (ImportError, UserError) as error:
        needed = getattr(error, "name", None)
        reason = f"they need {needed}: pip install 'ember-embodied[bench]'" if needed else error
        note(f"no peers: {reason}")
    return calls


def _step_call(runtime: Runtime, rng: np.random.Generator) -> Call:
    """A step as the loop takes it, on drawn senses of every stream."""
    senses = rng.standard_normal(SENSE_COUNT).astype(np.float32)
    mask = np.ones(MASK_COUNT, dtype=np.float32)
    state = runtime.step(senses, mask, DT_S, runtime.initial_state()).state
    return lambda: runtime.step(senses, mask, DT_S, state)


def _int8(
    bundle: Bundle, seeds: range, folder: Path, calls: dict[str, Call], note: Note
) -> list[Claim]:
    """Add the step with int8 weights to ``calls``; its size, and its error over simulated lives."""
    try:
        from ember_embodied.training.quantisation import command_error_rad, round_weights
        from ember_embodied.training.rollouts import RolloutSettings, live
    except ImportError as error:
        note(f"no int8: it needs {error.name}: pip install 'ember-embodied[train]'")
        return []
    rounded = round_weights(bundle, folder / "int8")
    settings = RolloutSettings(seconds=LIFE_S, suite=LIFE_SUITE)
    driver = Runtime(bundle)
    lives = [live(seed, settings, driver)[0] for seed in seeds]
    calls[INT8] = _step_call(Runtime(rounded), np.random.default_rng(seeds.start))
    size, whole = (b.model_path.stat().st_size for b in (rounded, bundle))
    strayed, ticks = command_error_rad(bundle, rounded, lives), sum(len(v.senses) for v in lives)
    bound = f"<= {bundles.COMMAND_ERROR_BOUND_RAD:g}"
    return [
        claim("model file, float32", whole / 1024.0, "KiB"),
        claim("model file, int8 weights", size / 1024.0, "KiB"),
        claim("int8 weights: worst error of a command", strayed, "rad", bound, n=ticks),
    ]


def _step_claims(bundle: Bundle, warm_us: Times, cold_us: Times) -> list[Claim]:
    """Times of every contender, warm and cold, and the ratios that are promised."""
    claims = [
        claim("parameters", bundle.manifest.parameters, ""),
        quantile_claim(f"{STEP}, warm, p50", warm_us[STEP], 0.5, "us", "<= 200"),
        quantile_claim(f"{STEP}, warm, p99", warm_us[STEP], 0.99, "us", "<= 1000"),
    ]
    for heat, times in (("warm", warm_us), ("cold", cold_us)):
        claims += [
            quantile_claim(f"{name}, {heat}, p50", times[name], 0.5, "us")
            for name in times
            if (name, heat) != (STEP, "warm")
        ]
        judged = heat == "warm"
        for name, above, below, bound in _RATIOS:
            if {above, *below} <= times.keys():
                claims.append(
                    ratio_claim(f"{name}, {heat}", [above], below, times, bound if judged else None)
                )
    return claims


_RATIOS: Final = (
    ("network step over its floor", STEP, (READ, EMPTY), "<= 2"),
    ("bare call over its floor", BOUND, (READ, EMPTY), None),
    ("int8 weights over float32", INT8, (STEP,), None),
    ("session.run over io-binding", NAMED, (BOUND,), None),
    ("torch over network step", TORCH, (STEP,), ">= 4"),
    ("ncps modules over network step", NCPS, (STEP,), ">= 6"),
    ("core alone: ncps modules over ours", NCPS_CORE, (OUR_CORE,), None),
)
"""Name, what is above, what it is measured by, and the bound of the warm ratio. The core alone has
none: from some 300,000 weights on, reading them is most of its time, in torch as here."""
