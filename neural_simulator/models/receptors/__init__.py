"""The receptors: conductances that rise and decay exponentially. To add one: its declaration and its line in the table.

    g' = -g / tau_decay + k x        x' = -x / tau_rise        a spike of weight w: x <- x + w

k is such that a single spike makes g peak at w (after the rise); without a rise time the spike makes g jump by w.
Both are integrated exactly, and so is the mean of g over a step, so the charge does not depend on dt.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...base.declarations import Param, ReceptorModel
from ...base.exact import exp, ln
from ..kinetics import exp as grammar_exp
from ..kinetics import flush

_SINGLE = "Dayan and Abbott 2001, Theoretical Neuroscience, section 5.8"
_HILL_TONONI = "Hill and Tononi 2005, J Neurophysiol 93:1671, as in NEST's ht_neuron"


def _decay(key: str, label: str, default: float) -> Param:
    return Param(f"tau_{key}_ms", "ms", default, 0.1, 1000.0, f"{label} decay",
                 f"Decay time constant of the {label} conductance.")


def _rise(key: str, label: str, default: float) -> Param:
    return Param(f"tau_rise_{key}_ms", "ms", default, 0.0, 500.0, f"{label} rise",
                 f"Rise time constant of the {label} conductance, shorter than its decay; 0: it rises at once.")


def _reversal(key: str, label: str, default: float, low: float, high: float) -> Param:
    return Param(f"e_{key}_mV", "mV", default, low, high, f"{label} reversal",
                 f"Reversal potential of the {label} current.")


MAGNESIUM = Param("magnesium_mM", "mM", 1.0, 0.0, 10.0, "Magnesium",
                  "Extracellular magnesium, which blocks NMDA receptors at rest; 0: no block.")

AMPA = ReceptorModel("AMPA", "AMPA", "exc", _decay("ampa", "AMPA", 5.0), _rise("ampa", "AMPA", 0.0),
                     _reversal("ampa", "AMPA", 0.0, -100.0, 100.0), _SINGLE)
GABA_A = ReceptorModel("GABA_A", "GABA-A", "inh", _decay("gaba_a", "GABA-A", 10.0), _rise("gaba_a", "GABA-A", 0.0),
                       _reversal("gaba_a", "GABA-A", -70.0, -150.0, 50.0), _SINGLE)
NMDA = ReceptorModel("NMDA", "NMDA", "exc", _decay("nmda", "NMDA", 40.0), _rise("nmda", "NMDA", 4.0),
                     _reversal("nmda", "NMDA", 0.0, -100.0, 100.0),
                     f"{_HILL_TONONI}; block: Jahr and Stevens 1990, J Neurosci 10:3178", blocked=True)
GABA_B = ReceptorModel("GABA_B", "GABA-B", "inh", _decay("gaba_b", "GABA-B", 200.0), _rise("gaba_b", "GABA-B", 60.0),
                       _reversal("gaba_b", "GABA-B", -90.0, -150.0, 50.0), _HILL_TONONI)

RECEPTORS: dict[str, ReceptorModel] = {receptor.key: receptor for receptor in (AMPA, GABA_A, NMDA, GABA_B)}
SETTINGS: dict[str, Param] = {p.name: p for r in RECEPTORS.values() for p in r.params} | {MAGNESIUM.name: MAGNESIUM}


# ---- in the grammar --------------------------------------------------------------------------------------
def decay_conductance(g, decay):
    """A conductance (nS) after one step of exponential decay."""
    return flush(g * decay)


def relay_conductance(g, x, decay, gain):
    """A conductance (nS) after one step in which `x` feeds it."""
    return flush(g * decay + x * gain)


def magnesium_block(v, magnesium):
    """Share of the NMDA conductance that magnesium (in units of 3.57 mM) leaves open at v (mV)."""
    return 1.0 / (1.0 + magnesium * grammar_exp(-0.062 * v))


# ---- constants of one step -------------------------------------------------------------------------------
def step_constants(receptor: ReceptorModel, settings: Mapping[str, float], dt: float, rises: bool) -> dict[str, float]:
    """The constants of one step of `dt` ms, by name without the receptor's key.

    decay: g's factor; mean: g's part in its mean over the step; and where it rises: rise: x's factor; gain: what a
    unit of x adds to g; mean_x: x's part in the mean of g.
    """
    tau = settings[receptor.tau_ms.name]
    decay = exp(-dt / tau)
    values = {"decay": decay, "mean": (1.0 - decay) * tau / dt, "reversal": settings[receptor.reversal_mV.name]}
    if receptor.blocked:
        values["magnesium"] = settings[MAGNESIUM.name] / 3.57
    if rises:
        values |= _rising(tau, settings[receptor.rise_ms.name], dt)
    return values


def _rising(tau: float, rise: float, dt: float) -> dict[str, float]:
    decay_r = exp(-dt / rise)
    if abs(tau - rise) < 1e-6 * tau:                 # an alpha function, t / tau exp(1 - t / tau)
        e = exp(1.0)
        return {"rise": decay_r, "gain": e * dt / rise * decay_r,
                "mean_x": e * (rise - (rise + dt) * decay_r) / dt}
    peak_at = tau * rise / (tau - rise) * ln(tau / rise)
    norm = 1.0 / (exp(-peak_at / tau) - exp(-peak_at / rise))
    decay_d = exp(-dt / tau)
    return {"rise": decay_r, "gain": norm * (decay_d - decay_r),
            "mean_x": norm * (tau * (1.0 - decay_d) - rise * (1.0 - decay_r)) / dt}


def rises(receptor: ReceptorModel, settings: Mapping[str, float]) -> bool:
    """Whether the receptor has a rise time under these settings."""
    return settings[receptor.rise_ms.name] > 0.0
