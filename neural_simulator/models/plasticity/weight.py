"""The equations that all rules of long-term change share, in the grammar; a rule is a set of coefficients.

    a postsynaptic spike, with the trace x of earlier arrivals:    dw = a_post up(w) x
    an arrival, with the trace y of earlier postsynaptic spikes:   dw = (b_up up(w) - b_down down(w)) y
                                                                        - c_0 - c_1 (w - w_min)
    up(w) = ((w_max - w) / (w_max - w_min))^mu_plus         down(w) = ((w - w_min) / (w_max - w_min))^mu_minus

mu = 0 is additive with hard bounds, mu = 1 multiplicative with soft bounds (Guetig et al. 2003, J Neurosci 23:3697).
"""

from __future__ import annotations

from dataclasses import dataclass

from ...base.grammar import fmax, fmin
from ..kinetics import exp, log


def dependence(share, mu):
    """`share` to the power of mu, 0 to 1; 1 for mu = 0."""
    if mu == 0.0:
        return 1.0
    if mu == 1.0:
        return share
    if share <= 0.0:
        return 0.0
    return exp(mu * log(share))


def change_at_post(w, x, a_post, mu_plus, w_max, inverse_range):
    """What a postsynaptic spike adds to the weight."""
    return a_post * dependence((w_max - w) * inverse_range, mu_plus) * x


def change_at_arrival(w, y, b_up, b_down, c_0, c_1, mu_plus, mu_minus, w_min, w_max, inverse_range):
    """What an arriving presynaptic spike adds to the weight."""
    up = b_up * dependence((w_max - w) * inverse_range, mu_plus)
    down = b_down * dependence((w - w_min) * inverse_range, mu_minus)
    return (up - down) * y - c_0 - c_1 * (w - w_min)


def within_bounds(w, w_min, w_max):
    """The weight within its bounds."""
    return fmax(w_min, fmin(w, w_max))


def trace_after(before, keep):
    """A trace just after a spike: one more (keep = 1, all-to-all pairing) or 1 (keep = 0, nearest neighbour)."""
    return keep * before + 1.0


@dataclass(frozen=True)
class Coefficients:
    """A weight rule in numbers; weights in any one unit. `eligibility_tau_ms` 0: the weight itself changes."""

    a_post: float
    b_up: float
    b_down: float
    c_0: float
    c_1: float
    mu_plus: float
    mu_minus: float
    w_min: float
    w_max: float
    tau_x_ms: float
    tau_y_ms: float
    nearest: bool
    eligibility_tau_ms: float = 0.0
    gain_per_s: float = 0.0
