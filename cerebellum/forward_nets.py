"""Both networks of a forward prior, run as one: each call of numpy costs more than its sums do.

Inputs that both take in are there once; the first layers are one matrix, the second ones lie on
the diagonal of one, and so do the last; what is straight is in the first. Biases are columns of a
constant input.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cerebellum.forward_prior import ForwardPrior, Net, nearest_period, read_prior
from cerebellum.recent import INPUTS, OF_IMU, OF_JOINTS

Array = NDArray[np.float64]

_ONE: Final = INPUTS - 1


class ForwardNets:
    """Weights of a prior, and room to compute in: nothing in it changes but that.

    ``run`` gives means and logits of the deviations, nine lags in pulses first, then six of the
    IMU in floors of its noise; [15] each, overwritten by the next run.
    """

    def __init__(self, prior: ForwardPrior, period_s: float | None = None) -> None:
        """``period_s``: that of a prior which ships, by which the same nets are found again."""
        self.period_s = period_s
        nets = (prior.joints, prior.imu)
        places = (OF_JOINTS, OF_IMU)
        hidden = sum(len(net.first) for net in nets)
        self._means = means = sum(len(net.straight) for net in nets)
        self._first = np.zeros((hidden + means, INPUTS))
        self._second = np.zeros((hidden, hidden + 1))
        self._last = np.zeros((2 * means, hidden + 1))
        at = out = 0
        for net, place in zip(nets, places, strict=True):
            end, till = at + len(net.first), out + len(net.straight)
            self._first[at:end, place], self._first[at:end, _ONE] = net.first, net.first_bias
            self._first[hidden + out : hidden + till, place] = net.straight
            self._second[at:end, at:end], self._second[at:end, -1] = net.second, net.second_bias
            self._fill_last(net, slice(at, end), out, till)
            at, out = end, till
        self._sums = np.zeros(hidden + means)
        self._hidden, self._deeper = np.ones((2, hidden + 1))
        self._said = np.zeros(2 * means)
        self._views = (
            self._sums[:hidden], self._sums[hidden:], self._hidden[:-1], self._deeper[:-1],
            self._said[:means], self._said[means:],
        )  # fmt: skip

    def _fill_last(self, net: Net, units: slice, out: int, till: int) -> None:
        own = till - out
        for rows, at in ((slice(0, own), out), (slice(own, 2 * own), self._means + out)):
            self._last[at : at + own, units] = net.last[rows]
            self._last[at : at + own, -1] = net.last_bias[rows]

    def run(self, inputs: Array) -> tuple[Array, Array]:
        """Means and logits of ``inputs`` [INPUTS]."""
        sums, straight, hidden, deeper, means, logits = self._views
        np.dot(self._first, inputs, out=self._sums)
        np.tanh(sums, out=hidden)
        np.dot(self._second, self._hidden, out=deeper)
        np.tanh(deeper, out=deeper)
        np.dot(self._last, self._deeper, out=self._said)
        means += straight
        return means, logits


def read_nets(period_s: float) -> ForwardNets:
    """The nets of the prior that ships for a loop with a period next to this one.

    Raises ``snapshot.SnapshotError`` where its file is damaged.
    """
    return ForwardNets(read_prior(ForwardPrior, period_s), nearest_period(period_s))
