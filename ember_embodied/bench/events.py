"""Event-driven running: how many network steps are skipped, and how soon a hand ends the rest.

The composite with and without skipping is ``ember bench embodied``'s; both read lives of the
standard suite that the other has judged. An hour of the quiet suite is lived for the first seed
alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from ember_embodied import bundle as bundles
from ember_embodied.bench.claims import Claim, claim, mean_claim
from ember_embodied.bench.embodied import LOST_BOUND, SKIPPED_BOUND, STANDARD, WORK, compare
from ember_embodied.bench.interleaved import ratio_claim, warm
from ember_embodied.event_driven import EventDriven
from ember_embodied.runtime import Runtime
from ember_embodied.sense_vector import MASK_COUNT, SENSE_COUNT
from ember_embodied.training.rollouts import RolloutSettings, live
from ember_embodied.trials.policies import EVENT_DRIVEN, policy
from ember_embodied.trials.trace import HEAD, LEFT, RIGHT, Trace
from firmware_bridge.simulation.suite import load_suite

QUIET: Final = "quiet"
QUIET_BOUND: Final = ">= 0.7"
MINUTE_S: Final = 60.0
NOTICED_S: Final = 0.3
"""A hand that the network first feels within this time can still be answered promptly."""
PERIOD_S: Final = 0.1
ROUNDS: Final = 300


def run(seeds: range, bundle: str = bundles.DEFAULT_BUNDLE) -> list[Claim]:
    """The claims of event-driven running for a bundle."""
    return [*_quiet_hour(seeds[0], bundle), *_standard(seeds, bundle), *_cost(bundle)]


def _quiet_hour(seed: int, bundle: str) -> Iterator[Claim]:
    """An hour in which hardly anything happens."""
    trace = _life(seed, load_suite(QUIET).seconds, QUIET, bundle)
    minutes = (trace.t_s // MINUTE_S).astype(int)
    skipped = [float(1.0 - trace.stepped[minutes == m].mean()) for m in np.unique(minutes)]
    yield mean_claim("quiet hour: network steps skipped", skipped, "share", QUIET_BOUND)
    yield mean_claim("quiet hour: minutes that keep it", [s >= 0.7 for s in skipped], "share")


def _standard(seeds: range, bundle: str) -> Iterator[Claim]:
    """Lives in which much happens: what is skipped, what it costs, and whether hands are felt."""
    sparse = bundle + EVENT_DRIVEN
    found = compare((bundle, sparse), STANDARD, seeds, folder=WORK)
    figures = {
        f.name: f for result in found.results if result.policy == sparse for f in result.figures
    }
    share = figures["skipped_share"]
    yield claim(
        "standard suite: network steps skipped",
        share.value or 0.0,
        "share",
        SKIPPED_BOUND,
        n=len(seeds),
        interval=share.interval,
    )
    for difference in found.differences:
        if (difference.policy, difference.other) == (bundle, sparse):
            yield claim(
                "standard suite: composite lost by skipping",
                difference.value,
                "1",
                LOST_BOUND,
                n=len(seeds),
                interval=difference.interval,
            )
    felt = [one for seed in seeds for one in _felt(_life(seed, found.seconds, STANDARD, bundle))]
    if felt:
        yield mean_claim(f"hands felt within {NOTICED_S:g} s, out of rest", felt, "share")


def _life(seed: int, seconds: float, suite: str, bundle: str) -> Trace:
    settings = RolloutSettings(seconds=seconds, suite=suite, noise_share=0.0, astray_share=0.0)
    return live(seed, settings, policy(bundle + EVENT_DRIVEN))[1]


def _felt(trace: Trace) -> Iterator[bool]:
    """For each hand on head or antennas that comes while the network rests: whether it steps."""
    for hand in trace.hands:
        at, soon = trace.tick_at(hand.t_s), trace.tick_at(hand.t_s + NOTICED_S)
        rested = at > 1 and not trace.stepped[at - 2 : at].any()
        if hand.who in (HEAD, LEFT, RIGHT) and rested and soon < len(trace.t_s):
            yield bool(trace.stepped[at : soon + 1].any())


def _cost(bundle: str) -> Iterator[Claim]:
    """A tick without a step beside a network step, in one run."""
    network = Runtime(bundles.load(bundle))
    sparse = EventDriven(network)
    senses = np.zeros(SENSE_COUNT, dtype=np.float32)
    mask = np.ones(MASK_COUNT, dtype=np.float32)
    resting, own = sparse.initial_state(), network.initial_state()
    while (step := sparse.step(senses, mask, PERIOD_S, resting)).stepped:
        resting = step.state
    times = warm(
        {
            "skipped": lambda: sparse.step(senses, mask, PERIOD_S, resting),
            "step": lambda: network.step(senses, mask, PERIOD_S, own),
        },
        ROUNDS,
    )
    yield ratio_claim("time of a skipped step beside one taken", ["skipped"], ["step"], times)
