"""Calcium: the low-threshold current of thalamic and cortical cells, the pool under the membrane, its reversal.

Currents and pool: Destexhe, Bal, McCormick and Sejnowski 1996, J Neurophysiol 76:2049 (ModelDB 3343: IT.mod,
cadecay.mod).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..base.declarations import Param
from ..base.exact import ln
from .kinetics import boltzmann, exp, log
from .membrane import relax

GAS, FARADAY = 8.31441, 96485.309          # J/(mol K), C/mol
CA_OUT = 2.0                               # mM


# ---- in the grammar
def t_current_gates(v):
    """Steady activation and inactivation of the T current, and 1 / tau of the inactivation at 24 C (1/ms)."""
    s = v + 2.0                            # 2 mV: the screening charge of 2 mM calcium
    m_inf = boltzmann(s, -57.0, 6.2)
    h_inf = boltzmann(s, -81.0, -4.0)
    tau = 30.8 + (211.4 + exp((s + 113.2) * 0.2)) / (1.0 + exp((s + 84.0) * 0.3125))
    return m_inf, h_inf, 1.0 / tau


def reversal(Ca, nernst):
    """Calcium reversal potential (mV) at the inner concentration Ca (mM); `nernst` = R T / 2 F."""
    return nernst * log(CA_OUT / Ca)


def pool(Ca, inward, Ca_inf, gain, z):
    """Ca (mM) after z time constants, filled by `inward` (pA, only where positive) and emptied towards Ca_inf."""
    filled = gain * inward if inward > 0.0 else 0.0
    return relax(Ca, Ca_inf + filled, z)


# ---- declarations and derived constants
POOL_PARAMS = (
    Param("depth", "um", 1.0, 0.01, 100.0, "Calcium shell depth"),
    Param("tau_Ca", "ms", 5.0, 0.1, 10_000.0, "Calcium removal"),
    Param("Ca_inf", "mM", 2.4e-4, 1e-6, 1.0, "Resting calcium"),
)


def nernst(p: Mapping[str, float], dt: float) -> float:
    """R T / 2 F in mV."""
    return 1000.0 * GAS * (p["T"] + 273.15) / (2.0 * FARADAY)


def pool_gain(p: Mapping[str, float], dt: float) -> float:
    """Steady mM of calcium per pA of inward current."""
    return p["tau_Ca"] * 10.0 * (100.0 / p["area"]) / (2.0 * FARADAY * p["depth"])


def pool_clock(p: Mapping[str, float], dt: float) -> float:
    return dt / p["tau_Ca"]


def steady_calcium(p: Mapping[str, float], conductance: float) -> float:
    """Calcium (mM) at which the pool rests while `conductance` (nS) of calcium channels is open at v_0."""
    Ca = p["Ca_inf"]
    for _ in range(60):
        inward = conductance * (nernst(p, 0.0) * ln(CA_OUT / Ca) - p["v_0"])
        Ca = p["Ca_inf"] + pool_gain(p, 0.0) * max(inward, 0.0)
    return Ca
