"""Paired comparisons of two conditions over the same seeds, and the correction over a family.

t-test and exact permutation of signs (Fisher, The Design of Experiments, 1935, sec. 21); Holm's
step-down correction (Scand. J. Statistics 6, 1979); effect size d_z, the mean difference in units
of the differences' spread, with Hedges' correction for few pairs (J. Educational Statistics 6,
1981) and the interval of the noncentral t (Cumming & Finch, Educ. Psych. Measurement 61, 2001);
equivalence by two one-sided tests (Schuirmann, J. Pharmacokinetics 15, 1987).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, lgamma, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 10_000
LARGEST_EXACT: Final = 16
"""Pairs up to which every pattern of signs is tried."""
SAME: Final = 1e-12
"""Differences that spread by less, as a share of their size, do not spread."""
QUANTILES: Final = 4000

Floats = NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Paired:
    """What n differences (ours - theirs) of the same seeds say.

    ``difference`` is their mean, ``spread`` their standard deviation. ``interval`` is the
    t-test's, ``bootstrap`` that of resampled pairs, both 95 %.
    ``effect`` is Hedges' g_z; it and its interval are None for two pairs, whose correction is 0,
    and where the differences do not spread.
    ``smallest_p`` is the least that the permutation can give with n pairs. ``equivalence_p`` is
    the p that the difference is as large as the margin, None without a margin.
    """

    n: int
    difference: float
    spread: float
    interval: Interval
    bootstrap: Interval
    effect: float | None
    effect_interval: Interval | None
    t_p: float
    permutation_p: float
    smallest_p: float
    equivalence_p: float | None


def compare(ours: Sequence[float], theirs: Sequence[float], margin: float | None = None) -> Paired:
    """Compare two conditions, seed by seed. Raises ``ValueError`` on fewer than two pairs."""
    differences = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    n = len(differences)
    if n < 2 or not np.isfinite(differences).all():
        raise ValueError(f"{n} pairs: at least two finite ones are compared")
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    if spread <= SAME * max(abs(mean), SAME):
        spread = 0.0
    error = spread / sqrt(n)
    reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, n - 1)) * error
    t = mean / error if error > 0.0 else None
    return Paired(
        n=n,
        difference=mean,
        spread=spread,
        interval=(mean - reach, mean + reach),
        bootstrap=bootstrap(differences),
        effect=None if t is None or n < 3 else hedges_correction(n - 1) * mean / spread,
        effect_interval=None if t is None or n < 3 else _effect_interval(t, n),
        t_p=_two_sided(mean, error, n),
        permutation_p=permutation_p(differences),
        smallest_p=smallest_p(n),
        equivalence_p=None if margin is None else _equivalence_p(mean, error, n, margin),
    )


def permutation_p(differences: Floats) -> float:
    """Two-sided p of the mean: the share of sign patterns whose sum is at least as far from 0.

    Exact: all 2^n patterns, n at most ``LARGEST_EXACT`` (``ValueError`` beyond).
    """
    n = len(differences)
    if n > LARGEST_EXACT:
        raise ValueError(f"{n} pairs: an exact permutation of more than {LARGEST_EXACT} is slow")
    patterns = 1.0 - 2.0 * ((np.arange(2**n)[:, np.newaxis] >> np.arange(n)) & 1)
    sums = np.abs(patterns @ differences)
    # Patterns that are equal on paper may differ in the last bit.
    tie = SAME * float(np.abs(differences).sum())
    return float(np.mean(sums >= abs(float(differences.sum())) - tie))


def smallest_p(n: int) -> float:
    """The least two-sided p that n pairs can give in a permutation of signs."""
    return float(min(1.0, 2.0 ** (1 - n)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's corrected p-values, in the order given; each is at most 1."""
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        corrected[i] = largest
    return corrected


def hedges_correction(degrees: int) -> float:
    """J: what an effect size of few pairs is multiplied by to be unbiased; 0 for two pairs."""
    if degrees < 2:
        return 0.0
    return exp(lgamma(degrees / 2.0) - lgamma((degrees - 1) / 2.0)) / sqrt(degrees / 2.0)


def bootstrap(values: Floats) -> Interval:
    """95 % interval of the mean from resampled values (percentiles, fixed seed)."""
    draws = np.random.default_rng(0).choice(values, size=(RESAMPLES, len(values)))
    low, high = np.quantile(draws.mean(axis=1), (0.5 - CONFIDENCE / 2.0, 0.5 + CONFIDENCE / 2.0))
    return float(low), float(high)


def detectable(spread: float, n: int, alpha: float, power: float = 0.8) -> float:
    """The least mean difference that a two-sided paired t-test at ``alpha`` finds with ``power``.

    ``spread`` is the standard deviation of the differences.
    """
    if spread == 0.0:
        return 0.0
    critical = float(stats.t.ppf(1.0 - alpha / 2.0, n - 1))

    def missed(effect: float) -> float:
        """Power that a true mean difference, in spreads, would have, less the power wanted."""
        return noncentral_t_cdf(critical, n - 1, effect * sqrt(n)) - (1.0 - power)

    return spread * float(optimize.brentq(missed, 0.0, 10.0 + 10.0 * critical))


def _two_sided(mean: float, error: float, n: int) -> float:
    if error == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    return float(2.0 * stats.t.sf(abs(mean / error), n - 1))


def _equivalence_p(mean: float, error: float, n: int, margin: float) -> float:
    """The larger p of the two tests that the difference lies beyond -margin, and beyond margin."""
    room = margin - abs(mean)
    if error == 0.0:
        return 0.0 if room > 0.0 else 1.0
    return float(stats.t.sf(room / error, n - 1))


def _effect_interval(t: float, n: int) -> Interval:
    """The effects under which a t as seen is just not surprising, from above and from below."""
    tail, reach = 0.5 - CONFIDENCE / 2.0, 4.0 * abs(t) + 10.0

    def bound(share: float) -> float:
        """The effect, in spreads, under which a t up to the one seen has this chance."""

        def short(shift: float) -> float:
            """How far the chance under this shift of t is from the one wanted."""
            return noncentral_t_cdf(t, n - 1, shift) - share

        return float(optimize.brentq(short, -reach, reach)) / sqrt(n)

    return bound(1.0 - tail), bound(tail)


def noncentral_t_cdf(t: float, degrees: int, shift: float) -> float:
    """P(T <= t) for T = (Z + shift) / sqrt(chi2 / degrees), as a mean over quantiles of chi2.

    Within 1e-4; scipy's own is NaN for some shifts.
    """
    scale = np.sqrt(_chi_square(degrees) / degrees)
    return float(stats.norm.cdf(t * scale - shift).mean())


@cache
def _chi_square(degrees: int) -> Floats:
    shares = (np.arange(QUANTILES) + 0.5) / QUANTILES
    return np.asarray(stats.chi2.ppf(shares, degrees), dtype=np.float64)
