"""Spinal cord segment: two rhythm generators that inhibit each other, flexor and extensor.

The half-centre of Strohmer et al. 2024, Neural Comput 36:759 (bstrohmer/hybrid-cpg, set_network_params.py,
create_rg.py, create_cpg.py, configuration_run_nest.yaml): each generator has 2,000 AdEx cells, 5 excitatory to 1
inhibitory, 70 % of either tonic and 30 % bursting, and a relay of 100 inhibitory cells onto the other side;
connection probabilities 0.03 within a generator and to its relay, 0.09 from a relay to the other generator; weights
1.32, 0.60 and 1.2 nS, each +- 0.12 nS; delay 2 ms; alpha-shaped conductances of 0.2 and 2 ms (NEST aeif_cond_alpha),
reversal 0 and -85 mV; currents of 320 pA (tonic) and 160 pA (bursting).

Changed here: all cells of a kind are alike; the source's white noise is Poisson input of 2,000 Hz, twice as strong in
tonic cells as in bursting ones, whose mean is taken off the current; the relay's current of 60 pA is tuned, so that
it follows its generator. Flexor is dorsal, extensor ventral; the shapes are schematic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...base.declarations import Param
from ...base.exact import exp
from .region import Built, CellType, Region, Structure, Vector, box, factor_knob

SIDES = ("Flexor", "Extensor")
KINDS = {"E tonic": 1167, "E bursting": 500, "I tonic": 233, "I bursting": 100}
_TAU_E_MS, _TAU_I_MS = 0.2, 2.0
_NOISE_HZ, _NOISE_NS = 2000.0, 1.0
_NOISE_PA = 0.001 * _NOISE_HZ * _NOISE_NS * exp(1.0) * _TAU_E_MS * 60.0       # its mean, 60 mV below the reversal
_SETTINGS = {"tau_ampa_ms": _TAU_E_MS, "tau_rise_ampa_ms": _TAU_E_MS, "tau_gaba_a_ms": _TAU_I_MS,
             "tau_rise_gaba_a_ms": _TAU_I_MS, "e_gaba_a_mV": -85.0}


def build(core: Any, kernel_mean: Callable) -> Built:
    """Populations and projections: a column of tissue for each generator, its relay between the two."""
    region = Region(SPINAL, core)
    length = region.narrowed(1500.0, 1)
    for side, y in zip(SIDES, (250.0, -250.0), strict=True):
        for kind in KINDS:
            tonic = kind.endswith("tonic")
            _populate(region, f"{side} {kind}", box((length, 250.0, 300.0), (0.0, y, 0.0)), kind.startswith("E"),
                      (320.0 if tonic else 160.0) * region.knobs["brainstem_drive"], 2.0 if tonic else 1.0)
        _populate(region, f"{side} relay", box((length, 60.0, 200.0), (0.0, 0.25 * y, 250.0)), False, 60.0, 1.0)
    for side, other in zip(SIDES, reversed(SIDES), strict=True):
        for pre in KINDS:
            weight = 1.32 if pre.startswith("E") else 0.60
            for post in (*KINDS, *(["relay"] if pre.startswith("E") else [])):
                region.project(f"{side} {pre}", f"{side} {post}", 0.03 * KINDS[pre], weight, weight_sd=0.12,
                               delay_ms=2.0)
        for post in KINDS:
            cut = region.knobs["mutual_inhibition"]
            region.project(f"{side} relay", f"{other} {post}", 0.09 * 100, 1.2 * cut, weight_sd=0.12 * cut,
                           delay_ms=2.0)
    return region.built


def _populate(region: Region, name: str, place: tuple[Vector, Vector], excitatory: bool, current_pA: float,
              noise: float) -> None:
    region.populate(name, place[0], place[1], excitatory, settings=_SETTINGS, initial_v_sd_mV=5.0,
                    background_rate_Hz=_NOISE_HZ, background_weight=noise * _NOISE_NS,
                    current_pA=current_pA - noise * _NOISE_PA)


_BURSTING = CellType("ADEX", "TONIC", {
    "C": 500.0, "g_L": 26.0, "E_L": -60.0, "V_T": -52.0, "Delta_T": 2.0, "V_r": -48.0, "a": -11.0, "b": 30.0,
    "tau_w": 130.0, "t_ref": 1.0}, "Strohmer et al. 2024")
_TONIC = CellType("ADEX", "TONIC", {
    "C": 200.0, "g_L": 10.0, "E_L": -70.0, "V_T": -50.0, "Delta_T": 2.0, "V_r": -58.0, "a": 3.0, "b": 0.0,
    "tau_w": 30.0, "t_ref": 1.0}, "Strohmer et al. 2024")
_SIZES = {f"{side} {kind}": size for side in SIDES for kind, size in {**KINDS, "relay": 100}.items()}


def _cells(tonic: CellType, bursting: CellType) -> dict[str, CellType]:
    return {name: tonic if name.endswith("tonic") else bursting for name in _SIZES}


SPINAL = Structure(
    key="SPINAL_CORD_SEGMENT",
    label="Spinal cord segment: half-centre",
    claim="Flexor and extensor generators take turns about twice a second, because each silences the other.",
    source="Strohmer et al. 2024, Neural Comput 36:759",
    build=build,
    sizes=_SIZES,
    smallest=420,
    cells={
        "ADEX": _cells(_TONIC, _BURSTING),
        "HODGKIN_HUXLEY": _cells(CellType("HODGKIN_HUXLEY", "RS"), CellType("HODGKIN_HUXLEY", "IB")),
    },
    drive={"HODGKIN_HUXLEY": 3.0},
    defaults={"num_neurons": 1050, "dt_ms": 0.1},
    rate_bands_Hz=dict.fromkeys(_SIZES, (0.5, 100.0)),
    max_synchrony=0.95,                  # half-centres take turns
    look_ms=2000.0,
    knobs=(
        Param("brainstem_drive", "", 1.0, 0.0, 3.0, "Brain stem drive",
              "Factor of the currents into both generators: with more, all cells fire faster."),
        factor_knob("mutual_inhibition", "Mutual inhibition",
                    "Factor of the weights from the relays to the other side; 0 uncouples the generators."),
    ),
    reads=("num_neurons", "e_ampa_mV"),
)
