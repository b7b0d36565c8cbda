"""What all conductance-based models share: gates and membrane by a staggered exponential scheme.

Gates live at half steps, the potential at whole steps (Hines 1984, Int J Biomed Comput 15:69). In a step from t to
t + dt the gates move from t - dt/2 to t + dt/2 with the rates at v(t); then v moves with the gates of its middle.
Either equation is linear with constant coefficients over its step, so it is solved by its exponential: second order,
stable at any conductance, and with a quarter of the error of Crank-Nicolson on the same grid.

Densities (mS/cm2, uF/cm2) become totals (nS, pF) through an explicit membrane area, so a synapse in nS means the
same for every model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..base.declarations import Param
from ..base.exact import power
from ..base.grammar import fmax, fmin
from .exactly import exactly

Rule = Callable[[Mapping[str, float], float], float]


# ---- in the grammar
def share(z):
    """(1 - exp(-z)) / z, z >= 0, by its [0/2] Pade form; relative error z^4 / 720, and between 0 and 1 for any z."""
    return 1.0 / (1.0 + z * (0.5 + z * 0.08333333333333333))


def gate(x, alpha, beta, dt):
    """x after dt of dx/dt = alpha (1 - x) - beta x; `dt` in the time unit of the rates."""
    z = (alpha + beta) * dt
    return x + (alpha * dt - z * x) * share(z)


def relax(x, target, z):
    """x after z time constants of dx/dt = (target - x) / tau."""
    return x + z * (target - x) * share(z)


def bounded(v):
    """v (mV), kept where rates are finite: only a current that no cell survives leads further."""
    return fmin(fmax(v, -300.0), 300.0)


def membrane(v, conductance, drive, dt_C):
    """v (mV) after dt of C dv/dt = drive - conductance v; `dt_C` = dt / C in 1/nS, conductance in nS, drive in pA."""
    return bounded(v + dt_C * (drive - conductance * v) * share(dt_C * conductance))


def curved_membrane(v, conductance, drive, slope, dt_C):
    """`membrane` where parts of the conductance follow v at once: `slope` (nS) is d(drive)/dv - v d(conductance)/dv.

    The exponential of the full derivative (exponential Rosenbrock-Euler) keeps second order.
    """
    return bounded(v + dt_C * (drive - conductance * v) * share(dt_C * (conductance - slope)))


# ---- declarations and rules for derived constants
def area_param(default: float) -> Param:
    return Param("area", "um2", default, 1.0, 1e7, "Membrane area", "Turns densities into totals: nS, pF.")


def capacitance_param(default: float = 1.0) -> Param:
    return Param("C_m", "uF/cm2", default, 0.01, 100.0, "Specific capacitance")


def density(name: str, default: float, label: str, meaning: str = "") -> Param:
    """A conductance density."""
    return Param(name, "mS/cm2", default, 0.0, 10_000.0, label, meaning)


def potential(name: str, default: float, label: str, meaning: str = "") -> Param:
    """A potential."""
    return Param(name, "mV", default, -200.0, 200.0, label, meaning)


def temperature_param(default: float = 36.0) -> Param:
    return Param("T", "C", default, 0.0, 45.0, "Temperature", "Rates are scaled by Q10 from their own temperature.")


def start_param(default: float) -> Param:
    return potential("v_0", default, "Initial potential", "All gates start at their steady state here.")


DETECTION = potential("V_spike", 0.0, "Spike detection", "An upward crossing of this potential is a spike.")


def total(name: str) -> Rule:
    """nS of the conductance density `name` over the cell's area."""
    return lambda p, dt: 0.01 * p[name] * p["area"]


def totals(*names: str) -> dict[str, Rule]:
    """The rules of `G_x` for each density `g_x`."""
    return {"G" + name[1:]: total(name) for name in names}


def membrane_step(p: Mapping[str, float], dt: float) -> float:
    """dt / C in 1/nS."""
    return dt / (0.01 * p["C_m"] * p["area"])


def scaled_step(q10: float, reference: float) -> Rule:
    """dt on the clock of a gate that was measured at `reference` degrees Celsius."""
    return lambda p, dt: dt * power(q10, (p["T"] - reference) / 10.0)


def ratio_at_start(rates: Callable, index: int, *arguments: str) -> Rule:
    """The steady state alpha / (alpha + beta) of gate `index` of the grammar function `rates`.

    `rates` returns alpha and beta of each gate in turn; `arguments` name the parameters it is called with.
    """

    def rule(p: Mapping[str, float], dt: float) -> float:
        values = exactly(rates)(*(p[name] for name in arguments))
        alpha, beta = values[2 * index], values[2 * index + 1]
        return alpha / (alpha + beta)

    return rule


def value_at_start(function: Callable, index: int, *arguments: str) -> Rule:
    """Result `index` of the grammar function `function` of the parameters named by `arguments`."""
    return lambda p, dt: exactly(function)(*(p[name] for name in arguments))[index]
