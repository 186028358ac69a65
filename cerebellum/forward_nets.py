"""Both networks of a forward prior, run as one: each call of numpy costs more than its sums do.

Inputs that both take in are there once; the first layers are one matrix, the second ones lie on
the diagonal of one, and so do the last; what is straight is in the first. Biases are columns of a
constant input.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cerebellum.forward_prior import ForwardPrior, Net, double, nearest_period, read_prior
from cerebellum.reafference import FLOOR
from cerebellum.recent import INPUTS, OF_IMU, OF_JOINTS, Columns
from cerebellum.surprise import CHANNELS, CURRENT, IMU, LAG, PULSE_RAD, Array

_ONE: Final = INPUTS - 1


class ForwardNets:
    """Weights of a prior, and room to compute in: nothing in it changes but that."""

    def __init__(self, prior: ForwardPrior, period_s: float | None = None) -> None:
        """``period_s``: that of a prior which ships, by which the same nets are found again."""
        self.period_s = period_s
        hidden = len(prior.joints.first) + len(prior.imu.first)
        self._first = np.zeros((hidden + CHANNELS, INPUTS))
        self._second = np.zeros((hidden, hidden + 1))
        self._last = np.zeros((2 * CHANNELS, hidden + 1))
        self._fill(prior.joints, OF_JOINTS, 0, LAG, PULSE_RAD)
        self._fill(prior.imu, OF_IMU, len(prior.joints.first), IMU, FLOOR[:, None])
        logits = self._last[CHANNELS:]
        logits[CURRENT] = logits[LAG]
        self._sums = np.zeros(hidden + CHANNELS)
        self._hidden, self._deeper = np.ones((2, hidden + 1))
        self._said = np.zeros(2 * CHANNELS)
        self._views = (
            self._sums[:hidden], self._sums[hidden:], self._hidden[:-1], self._deeper[:-1],
            self._said[:CHANNELS], self._said[CHANNELS:],
        )  # fmt: skip

    def _fill(
        self, net: Net, inputs: Columns, begin: int, channels: slice, unit: float | Array
    ) -> None:
        """Put a net in its place: ``inputs`` are its columns, ``channels`` what it foretells."""
        units, hidden = slice(begin, begin + len(net.first)), len(self._second)
        means, logits = slice(0, len(net.straight)), slice(len(net.straight), None)
        self._first[units, inputs], self._first[units, _ONE] = net.first, net.first_bias
        self._first[hidden:][channels, inputs] = unit * double(net.straight)
        self._second[units, units], self._second[units, -1] = net.second, net.second_bias
        told, unsure = self._last[:CHANNELS], self._last[CHANNELS:]
        told[channels, units] = unit * double(net.last[means])
        told[channels, -1] = np.ravel(unit) * double(net.last_bias[means])
        unsure[channels, units], unsure[channels, -1] = net.last[logits], net.last_bias[logits]

    def run(self, inputs: Array) -> tuple[Array, Array]:
        """Means and logits of deviations [24] of ``inputs`` [INPUTS]; the next run changes these.

            sums, straight = first inputs;  said = last tanh(second tanh(sums)) + straight

        Means in the units of the channels, those of currents 0; a current is as unsure as its lag.
        """
        sums, straight, hidden, deeper, means, logits = self._views
        np.dot(self._first, inputs, self._sums)
        np.tanh(sums, hidden)
        np.dot(self._second, self._hidden, deeper)
        np.tanh(deeper, deeper)
        np.dot(self._last, self._deeper, self._said)
        return means + straight, logits


def read_nets(period_s: float) -> ForwardNets:
    """The nets of the prior that ships for a loop with a period next to this one.

    Raises ``snapshot.SnapshotError`` where its file is damaged.
    """
    return ForwardNets(read_prior(ForwardPrior, period_s), nearest_period(period_s))
