"""Subthalamic nucleus and external pallidum: a loop that beats in the beta band when the striatum drives it.

Proportion of the nuclei: rat, 13,560 STN and 45,960 GPe cells (Oorschot 1996, J Comp Neurol 366:580; used by Lindahl
and Hellgren Kotaleski 2016, eNeuro 3(6), in mickelindahl/bgmodel, python/core/network/default_params.py). In-degrees
of 30 from and within the GPe, the delay class and the reversal potential of STN's inhibition: ibid. The mechanism, a
stronger striatal inhibition of the GPe sets the loop oscillating: Kumar, Cardanobile, Rotter and Aertsen 2011, Front
Syst Neurosci 5:86; that loop weights and delays decide: Nevado-Holgado, Terry and Bogacz 2010, J Neurosci 30:12340.

The cells are leaky integrators. Weights, delays, drive and cell constants are tuned here, by measurement, so that the
healthy loop is asynchronous (STN 2-7 Hz, GPe about 30 Hz) and the driven one beats at about 25 Hz.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...base.declarations import Param
from .region import AFFERENT, AFFERENT_WEIGHT_PA, AS_TOLD_HZ, Built, CellType, Region, Structure, box

_STRIATAL_IN_DEGREE = 100            # of the 500 of the rat; the rate of each is higher accordingly


def build(core: Any, kernel_mean: Callable) -> Built:
    """Populations and projections of the loop."""
    region = Region(STN_GPE, core)
    knobs = region.knobs
    edge = region.narrowed(1000.0, 3)
    region.populate("STN", *box((1.2 * edge, 0.6 * edge, 0.8 * edge), (1.1 * edge, -0.5 * edge, 0.0)),
                    ellipsoid=True, background_rate_Hz=2500.0, background_weight=0.5, initial_v_sd_mV=4.0)
    region.populate("GPe", *box((1.4 * edge, 1.4 * edge, 1.4 * edge)), False, ellipsoid=True,
                    background_rate_Hz=2500.0, background_weight=0.5, initial_v_sd_mV=4.0)
    region.populate("Striatum D2", *box((0.8 * edge, 2.0 * edge, 1.6 * edge), (-1.7 * edge, 0.3 * edge, 0.0)), False,
                    ellipsoid=True, background_rate_Hz=knobs["striatal_events_Hz"] / _STRIATAL_IN_DEGREE,
                    background_weight=AFFERENT_WEIGHT_PA)
    loop, delay = knobs["loop_weight"], knobs["loop_delay_ms"]
    region.project("STN", "GPe", 15, 1.2 * loop, delay_ms=delay)
    region.project("GPe", "STN", 30, 0.8 * loop, delay_ms=delay)
    region.project("GPe", "GPe", 30, 0.4, delay_ms=3.0)
    region.project("Striatum D2", "GPe", _STRIATAL_IN_DEGREE, 1.0, delay_ms=7.0)
    return region.built


_INTEGRATOR = CellType("LIF_CONDUCTANCE", "COBA", {"E_L": -65.0, "t_ref": 2.0}, "tuned here")

STN_GPE = Structure(
    key="BASAL_GANGLIA_STN_GPE",
    label="Basal ganglia: STN-GPe loop",
    claim="Subthalamic nucleus and external pallidum: asynchronous in health, a beta rhythm of about 25 Hz when the "
          "striatum inhibits the pallidum more.",
    build=build,
    source="Lindahl and Hellgren Kotaleski 2016; Kumar et al. 2011",
    sizes={"STN": 136, "GPe": 460, "Striatum D2": 300},
    smallest=90,
    cells={
        "LIF_CONDUCTANCE": {"STN": _INTEGRATOR, "GPe": _INTEGRATOR, "Striatum D2": AFFERENT},
        "HODGKIN_HUXLEY": {"STN": CellType("HODGKIN_HUXLEY", "STN"), "GPe": CellType("HODGKIN_HUXLEY", "GPE"),
                           "Striatum D2": AFFERENT},
        "ADEX": {"STN": CellType("ADEX", "REGULAR_BURSTING"), "GPe": CellType("ADEX", "TONIC"),
                 "Striatum D2": AFFERENT},
    },
    fitting={"HODGKIN_HUXLEY": (CellType("HODGKIN_HUXLEY", "STN_BURST"),)},
    defaults={"num_neurons": 896, "dt_ms": 0.2, "tau_ampa_ms": 5.0, "tau_gaba_a_ms": 10.0, "e_gaba_a_mV": -80.0},
    rate_bands_Hz={"STN": (1.0, 40.0), "GPe": (5.0, 100.0), "Striatum D2": AS_TOLD_HZ},
    knobs=(
        Param("striatal_events_Hz", "Hz", 150.0, 0.0, 2000.0, "Striatal spikes per GPe cell",
              "Spikes from the striatum that one GPe cell receives in a second. Loss of dopamine raises it: 600 Hz "
              "sets the loop beating (Kumar et al. 2011)."),
        Param("loop_weight", "", 1.0, 0.0, 3.0, "Loop strength", "Factor of the STN -> GPe and GPe -> STN weights."),
        Param("loop_delay_ms", "ms", 6.0, 0.5, 20.0, "Loop delay", "Delay of STN -> GPe and of GPe -> STN."),
    ),
    reads=("num_neurons", "tau_ampa_ms", "e_ampa_mV", "tau_gaba_a_ms", "e_gaba_a_mV"),
)
