"""The receptors: single-exponential conductances. To add one: add its declaration and its line in the table."""

from __future__ import annotations

from ...base.declarations import Param, ReceptorModel
from ..kinetics import flush

AMPA = ReceptorModel(
    "AMPA", "AMPA", "exc",
    Param("tau_ampa_ms", "ms", 5.0, 0.1, 1000.0, "AMPA decay"),
    Param("e_ampa_mV", "mV", 0.0, -100.0, 100.0, "AMPA reversal"),
    "Dayan and Abbott 2001, Theoretical Neuroscience, section 5.8")
GABA_A = ReceptorModel(
    "GABA_A", "GABA-A", "inh",
    Param("tau_gaba_a_ms", "ms", 10.0, 0.1, 1000.0, "GABA-A decay"),
    Param("e_gaba_a_mV", "mV", -70.0, -150.0, 50.0, "GABA-A reversal"),
    "Dayan and Abbott 2001, Theoretical Neuroscience, section 5.8")

RECEPTORS: dict[str, ReceptorModel] = {receptor.key: receptor for receptor in (AMPA, GABA_A)}


def decay_conductance(g, decay):
    """A conductance (nS) after one step of exponential decay."""
    return flush(g * decay)
