"""The yaw and reach tables: how much bias is left, how fast, and what it costs.

Whole: the body points where the tables send it, beside the same body without them. Hearing alone:
the yaw table beside its rivals, on a body that arrives. Intervals are over lives, one a seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.contexts import CHANGE
from cerebellum.yaw_table import MOVED_CHANGE
from ember_embodied.bench.cerebellum.progress import Progress, silent
from ember_embodied.bench.cerebellum.yaw_baselines import (
    Corrector,
    GaussianProcess,
    Nothing,
    RecursiveLeastSquares,
    StaticQuadratic,
)
from ember_embodied.bench.cerebellum.yaw_checks import cost_claims, poison_claims
from ember_embodied.bench.cerebellum.yaw_knowing import Knowing
from ember_embodied.bench.cerebellum.yaw_lives import (
    PHASES,
    Cerebellum,
    Hearer,
    Judged,
    Learner,
    Lived,
    Off,
    Phase,
    TableCorrector,
    TableHearer,
    live,
)
from ember_embodied.bench.cerebellum.yaw_reach import reach_claims
from ember_embodied.bench.claims import Claim, claim, mean_claim, quantile_claim

Array = NDArray[np.float64]
Point = tuple[int, int]

FIRST: Final = 0
CHANGED: Final = 1
RETURNED: Final = 2
EARLY: Final = 10
LEARNT: Final = 30
READAPTED: Final = 20
AT_ONCE: Final = (0, 1, 2, 3, 5, 10)
FEW_LOOKS: Final = 5
COMPARED: Final = ((FIRST, EARLY), (FIRST, LEARNT), (CHANGED, READAPTED), (RETURNED, 5))
"""Moments at which the rivals stand beside the table."""
RESAMPLED: Final = 1000
WORSE_QUANTILE: Final = 0.95
ON: Final = "tables"
OFF: Final = "off"
FEELING: Final = "tables that were told"
TABLE: Final = "yaw table"
TOLD: Final = "yaw table that was told"
KNOWING: Final = "who knows both rooms"
KNOWING_TOLD: Final = "who knows both rooms and was told"
RIVALS: Final[dict[str, Callable[[], Corrector]]] = {
    "nothing": Nothing,
    "static quadratic": StaticQuadratic,
    "recursive least squares": RecursiveLeastSquares,
    "Gaussian process": GaussianProcess,
}
SMALL_DEG: Final = (0.5, 4.0)
"""Peak bias of robots that hear nearly right."""
AS_IS_DEG: Final = (0.5, 1.0)


def measure(seeds: range, progress: Progress = silent) -> tuple[Claim, ...]:
    """Every claim about the two tables."""
    sparse = {"Gaussian process": COMPARED}
    lives = []
    for done, seed in enumerate(seeds):
        progress("lives in three rooms", done, len(seeds))
        knowing = {
            KNOWING: Knowing(seed, CHANGE),
            KNOWING_TOLD: Knowing(seed, MOVED_CHANGE, CHANGE),
        }
        lives.append(live(seed, {**_learners(), **knowing}, sparse=sparse))
    progress("lives in three rooms", len(seeds), len(seeds))
    small = [live(seed, {ON: Cerebellum(), OFF: Off()}, PHASES[:1], SMALL_DEG) for seed in seeds]
    return (
        *_bias_claims(lives),
        *_single_claims(lives),
        *_worse_claims(lives, small),
        *_change_claims(lives),
        _kept_claim(seeds),
        *_raw_claims(seeds),
        *_rival_claims(lives),
        *reach_claims(seeds),
        *poison_claims(seeds),
        *cost_claims(seeds),
    )


def _learners() -> dict[str, Learner]:
    hearing: dict[str, Learner] = {name: Hearer(made()) for name, made in RIVALS.items()}
    feeling = Cerebellum(feels=True)
    told = TableHearer(feels=True)
    return {
        ON: Cerebellum(), FEELING: feeling, OFF: Off(), TABLE: TableHearer(), TOLD: told, **hearing
    }  # fmt: skip


def _of(lives: Sequence[Lived], who: str, at: Point) -> list[Judged]:
    return [life.learners[who][at] for life in lives]


def _bias(lives: Sequence[Lived], who: str, at: Point) -> Array:
    """[lives] bias left, median over directions, deg."""
    return np.array([np.degrees(np.median(one.bias_left)) for one in _of(lives, who, at)])


def _single(found: Sequence[Judged]) -> Array:
    """[lives] mean error of single looks, deg."""
    return np.array([np.degrees(one.single.mean()) for one in found])


def _ratio(name: str, above: Array, below: Array, bound: str | None = None) -> Claim:
    """Sum over lives by sum over lives, with a bootstrap interval over lives."""
    picks = np.random.default_rng(0).integers(len(above), size=(RESAMPLED, len(above)))
    ratios = above[picks].sum(axis=1) / below[picks].sum(axis=1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    value = float(above.sum() / below.sum())
    return claim(name, value, "of 1", bound, n=len(above), interval=(float(low), float(high)))


def _bias_claims(lives: Sequence[Lived]) -> list[Claim]:
    before = _bias(lives, ON, (FIRST, 0))
    early, learnt = _bias(lives, ON, (FIRST, EARLY)), _bias(lives, ON, (FIRST, LEARNT))
    halved = (early <= 0.5 * before).astype(np.float64)
    return [
        mean_claim("bias before the first trial", before.tolist(), "deg"),
        _ratio(f"bias left after {EARLY} trials", early, before, "<= 0.5"),
        mean_claim(f"lives that halved it in {EARLY}", halved.tolist(), "of 1"),
        mean_claim(f"bias left after {LEARNT} trials", learnt.tolist(), "deg", "<= 3"),
        quantile_claim("the same, worst of ten lives", learnt.tolist(), 0.9, "deg"),
    ]


def _single_claims(lives: Sequence[Lived]) -> list[Claim]:
    perfect = _single([life.perfect[FIRST] for life in lives])
    rows = [_ratio("single look before, by the perfect table's",
                   _single(_of(lives, ON, (FIRST, 0))), perfect)]  # fmt: skip
    for trials, bound in ((EARLY, None), (LEARNT, "<= 1.1"), (40, None)):
        found = _single(_of(lives, ON, (FIRST, trials)))
        name = f"single look after {trials}, by the perfect table's"
        rows.append(_ratio(name, found, perfect, bound))
    return [*rows, mean_claim("single look of the perfect table", perfect.tolist(), "deg")]


def _worse_claims(lives: Sequence[Lived], small: Sequence[Lived]) -> list[Claim]:
    """The worst moment of the 95th percentile of single looks, on less off; and of lives."""
    moments = [
        (number, trials) for number, phase in enumerate(PHASES) for trials in phase.checkpoints
    ]
    moments.remove((FIRST, 0))
    first = [at for at in moments if at[0] == FIRST]
    settled = [at for at in moments if at[0] == FIRST or at[1] >= READAPTED]
    rows = [
        _worse("first room, worst moment: p95 of looks, on less off", lives, first, "<= 0.5"),
        _worse("the same, biases up to 4 deg", small, first, "<= 0.5"),
        _worse("the same, hearing alone", lives, first, None, TABLE, "nothing"),
        _worse("all rooms, from 20 trials after a change", lives, settled, "<= 0.5"),
        _worse("all rooms, worst moment", lives, moments, "<= 0.5"),
        _worse("the same, told that it was carried", lives, moments, "<= 0.5", FEELING),
    ]
    for on, off, how in ((ON, OFF, ""), (TABLE, "nothing", ", hearing alone")):
        margin = [_bias_mean(lives, on, at) - _bias_mean(lives, off, at) for at in first]
        worst = max(margin, key=lambda one: float(np.quantile(one, WORSE_QUANTILE)))
        name = f"first room, worst moment: p95 of lives, mean bias on less off{how}"
        rows.append(quantile_claim(name, worst.tolist(), WORSE_QUANTILE, "deg", "<= 0.5"))
    return rows


def _bias_mean(lives: Sequence[Lived], who: str, at: Point) -> Array:
    return np.array([np.degrees(one.bias_left.mean()) for one in _of(lives, who, at)])


def _worse(
    name: str, lives: Sequence[Lived], moments: Sequence[Point], bound: str | None,
    on: str = ON, off: str = OFF,
) -> Claim:  # fmt: skip
    """Looks of all lives together; the interval is a bootstrap over lives at the worst moment."""

    def margin(at: Point, picks: Sequence[int]) -> float:
        """95th percentile of looks with it, less that without, deg, over the picked lives."""
        with_it = np.concatenate([lives[i].learners[on][at].single.ravel() for i in picks])
        without = np.concatenate([lives[i].learners[off][at].single.ravel() for i in picks])
        tails = np.quantile(with_it, WORSE_QUANTILE) - np.quantile(without, WORSE_QUANTILE)
        return math.degrees(float(tails))

    everyone = range(len(lives))
    worst = max(moments, key=lambda at: margin(at, everyone))
    draw = np.random.default_rng(0)
    picks = [draw.integers(len(lives), size=len(lives)).tolist() for _ in range(RESAMPLED // 10)]
    low, high = np.quantile([margin(worst, pick) for pick in picks], (0.025, 0.975))
    spread = (float(low), float(high))
    return claim(name, margin(worst, everyone), "deg", bound, n=len(lives), interval=spread)


def _change_claims(lives: Sequence[Lived]) -> list[Claim]:
    at = (CHANGED, READAPTED)
    on, static = _bias(lives, TABLE, at), _bias(lives, "static quadratic", at)
    rows = [
        mean_claim("bias left at once in another room",
                   _bias(lives, ON, (CHANGED, 0)).tolist(), "deg"),
        mean_claim(f"bias left {READAPTED} trials later",
                   _bias(lives, ON, at).tolist(), "deg", "<= 3"),
        _ratio("the same, by a static quadratic's", on, static, "<= 0.7"),
    ]  # fmt: skip
    return [*rows, *_return_claims(lives)]


def _raw_claims(seeds: range) -> list[Claim]:
    """The array's own mean errors left in and no other bias: what the tables make of hearing as is.

    Nothing tells its bias from its scatter, so single looks are all that there is to judge.
    """
    phases = (Phase(0, 40, (EARLY, 40)),)
    lives = []
    for seed in seeds:
        learners: dict[str, Learner] = {TABLE: TableHearer(), OFF: Hearer(Nothing())}
        lives.append(live(seed, learners, phases, AS_IS_DEG, raw=True))
    rows = []
    for trials, bound in ((EARLY, None), (40, "<= 1")):
        on, off = (_single(_of(lives, who, (FIRST, trials))) for who in (TABLE, OFF))
        rows.append(_ratio(f"array as it is: single look after {trials}, by off", on, off, bound))
    return rows


def _return_claims(lives: Sequence[Lived]) -> list[Claim]:
    """What of the first room's gain is there again: by trials alone, and told of the carrying.

    Hearing alone it stands beside one who knows both rooms (``yaw_knowing``): the most that is
    possible, as a share of what the table had gained, so it may be more than 1.
    """
    rows = []
    for who, off_name, mark, how in (
        (ON, OFF, ON, ""),
        (FEELING, OFF, FEELING, ", told that it was carried"),
        (TABLE, "nothing", TABLE, ", hearing alone"),
        (KNOWING, "nothing", TABLE, f", hearing alone, {KNOWING}"),
        (TOLD, "nothing", TOLD, ", hearing alone, told"),
        (KNOWING_TOLD, "nothing", TOLD, f", hearing alone, {KNOWING_TOLD}"),
    ):
        off = _bias(lives, off_name, (FIRST, 0))
        before = off - _bias(lives, mark, (FIRST, 40))
        for looks in AT_ONCE:
            there = off - _bias(lives, who, (RETURNED, looks))
            bound = ">= 0.8" if looks == FEW_LOOKS and who in (ON, FEELING) else None
            rows.append(
                _ratio(f"gain there {looks} looks after the return{how}", there, before, bound)
            )
    return rows


def _kept_claim(seeds: range) -> Claim:
    """What of the first room's gain its own table still has, after as many trials in another."""
    kept, before = [], []
    for seed in seeds:
        learner = TableHearer()
        live(seed, {TABLE: learner}, (Phase(0, 40, ()), Phase(1, 40, ())))
        rooms = [Hearer(TableCorrector(one)) for one in learner.corrector.table.by_room()]
        names = {str(number): room for number, room in enumerate(rooms)}
        nothing = Hearer(Nothing())
        found = live(seed, {**names, OFF: nothing}, (Phase(0, 0, (0,)),)).learners
        left = {who: float(np.median(of[0, 0].bias_left)) for who, of in found.items()}
        best = min(left[name] for name in names)
        learnt = live(seed, {TABLE: TableHearer()}, (Phase(0, 40, (40,)),)).learners[TABLE]
        kept.append(left[OFF] - best)
        before.append(left[OFF] - float(np.median(learnt[0, 40].bias_left)))
    name = "gain that the first room's table keeps meanwhile"
    return _ratio(name, np.array(kept), np.array(before), ">= 0.8")


def _rival_claims(lives: Sequence[Lived]) -> list[Claim]:
    names = ("left by 10", "left by 30", "20 after a change", "5 after the return")
    return [
        mean_claim(
            f"hearing alone, {who}: bias left, {name}", _bias(lives, who, at).tolist(), "deg"
        )
        for who in (TABLE, *RIVALS)
        for at, name in zip(COMPARED, names, strict=True)
    ]
