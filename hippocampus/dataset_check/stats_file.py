"""Checks of meta/stats.json against statistics computed anew from the frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from hippocampus.dataset_check.columns import Seen
from hippocampus.dataset_check.declared import Declared
from hippocampus.dataset_check.defect import Defect
from hippocampus.export.statistics import MOMENTS, QUANTILES

STATS: Final = "meta/stats.json"
RELATIVE_TOLERANCE: Final = 1e-4
"""Of the larger of a feature's extent and, for what rounding alone does, a millionth of its size:
public tools compute in float32 and in other orders."""
_ROUNDING: Final = 1e-6
RANK_TOLERANCE: Final = 0.03
"""Quantiles of public tools come from histograms and from merging those of episodes."""


def check_stats(root: Path, declared: Declared, seen: Seen) -> Iterator[Defect]:
    """Compare every number of every feature that could be read."""
    path = root / STATS
    if not path.is_file():
        yield Defect(STATS, "", None, "no such file", "the statistics of every feature")
        return
    try:
        stats = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, Any]])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        yield Defect(STATS, "", None, f"no table of tables ({error})", "statistics by feature")
        return
    for name in sorted(stats.keys() - declared.features.keys()):
        yield Defect(STATS, name, None, "statistics of no feature", "nothing")
    for name, width in declared.numeric().items():
        if name not in seen.sound - seen.stained or name not in seen.moments:
            continue
        if name not in stats:
            yield Defect(STATS, name, None, "nothing", "its statistics")
            continue
        yield from _feature_faults(name, width, stats[name], seen)


def _feature_faults(name: str, width: int, told: dict[str, Any], seen: Seen) -> Iterator[Defect]:
    moments = seen.moments[name]
    low, high = moments.min[0], moments.max[0]
    size = np.maximum(np.abs(low), np.abs(high))
    slack = np.maximum(RELATIVE_TOLERANCE * (high - low), _ROUNDING * size)
    for kind in MOMENTS:
        entries = 1 if kind == "count" else width
        found, fault = _numbers(name, kind, told.get(kind), entries)
        if fault is not None:
            yield fault
            continue
        assert found is not None
        wanted = np.atleast_1d(getattr(moments, kind)[0]).astype(np.float64)
        allowed = np.zeros(1) if kind == "count" else slack
        odd = np.flatnonzero(~(np.abs(found - wanted) <= allowed))
        if odd.size:
            yield _differs(name, kind, odd, found, wanted)
    sample = np.concatenate(seen.sample[name])
    rank_slack = RANK_TOLERANCE + 1.0 / len(sample)  # definitions differ by one frame
    for kind, share in QUANTILES.items():
        if kind not in told:
            continue
        found, fault = _numbers(name, kind, told[kind], width)
        if fault is not None:
            yield fault
            continue
        assert found is not None
        least, most = (
            np.quantile(sample, min(max(share + off, 0.0), 1.0), axis=0)
            for off in (-rank_slack, rank_slack)
        )
        odd = np.flatnonzero(~((found >= least - slack) & (found <= most + slack)))
        if odd.size:
            yield _differs(name, kind, odd, found, np.quantile(sample, share, axis=0))


def _differs(
    name: str,
    kind: str,
    odd: NDArray[np.int64],
    found: NDArray[np.float64],
    wanted: NDArray[np.float64],
) -> Defect:
    entry = int(odd[0])
    more = f" (and {odd.size - 1} entries more)" if odd.size > 1 else ""
    told = f"{found[entry]:.8g} in entry {entry}{more}"
    return Defect(STATS, f"{name}.{kind}", None, told, f"{wanted[entry]:.8g}")


def _numbers(
    name: str, kind: str, told: object, entries: int
) -> tuple[NDArray[np.float64] | None, Defect | None]:
    """A list of numbers, or what is wrong with it."""
    try:
        found = np.asarray(told, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.zeros(0)
    if found.shape == (entries,):
        return found, None
    wanted = f"a list of {entries} numbers"
    return None, Defect(STATS, f"{name}.{kind}", None, repr(told)[:60], wanted)
