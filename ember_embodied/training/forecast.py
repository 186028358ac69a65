"""How well the senses of the next tick were foretold, their variance included.

The loss of one sense is the Gaussian negative log-likelihood, weighted by the variance to the
power of beta (Seitzer et al., On the pitfalls of heteroscedastic uncertainty estimation, ICLR
2022): without the weight, senses that are easy to foretell would drown all others in gradient.

    loss = v^beta (log v + (s - m)^2 / v) / 2          v^beta without gradient
"""

from __future__ import annotations

from typing import Final

from torch import Tensor
from torch.nn import functional

from ember_embodied.sense_vector import PREDICTED_INDEX, STREAM_OF_SENSE

BETA: Final = 0.5


def forecast_loss(prediction: Tensor, variance: Tensor, senses: Tensor, mask: Tensor) -> Tensor:
    """Mean loss over the senses that are there.

    Args:
        prediction: what was foretold, [..., P].
        variance: of it, [..., P].
        senses: the senses that came, [..., S].
        mask: their streams, [..., M].
    """
    felt = senses[..., PREDICTED_INDEX.tolist()]
    there = mask[..., STREAM_OF_SENSE[PREDICTED_INDEX].tolist()]
    surprise = functional.gaussian_nll_loss(prediction, felt, variance, reduction="none")
    weighted = surprise * variance.detach().pow(BETA) * there
    return weighted.sum() / there.sum().clamp(min=1.0)
