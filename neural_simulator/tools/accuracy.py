"""Accuracy per cost: how far the spikes of each model and scheme are from an exact solution, and what a step costs.

    .venv/bin/python -m neural_simulator.tools.accuracy            writes docs/accuracy.md

The exact solution is that of the model's own equations in float64 by DOP853 (Hairer, Norsett and Wanner 1993), a
Runge-Kutta method of eighth order with steps chosen for a relative error of 1e-9; it needs scipy, which stands in
requirements-test.txt. Where a model has no reset, its derivative is taken from its own step, in the limit of short
steps, so that nothing is written twice; the equations of models with a reset stand here. Costs are the time of a
network of 10,000 cells without synapses on one CPU thread.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..base.declarations import NeuronModel
from ..base.errors import SimulatorError, command
from ..base.grammar import composed, fmax, fmin
from ..base.paths import ROOT
from ..base.system import system_info
from ..config import CoreSimConfig, GPUConfig
from ..engine.simulation import Simulation
from ..engine.single_cell import CellTrace, run_cell
from ..files.atomic import write_text
from ..models.kinetics import exp
from ..models.neurons import BUILT_IN, NEURON_MODELS, neuron_model
from ..models.neurons.hodgkin_huxley_rk4 import traub_increments
from ..models.neurons.izhikevich2007 import izhikevich_2007_half, relaxation

OUTPUT = ROOT / "docs" / "accuracy.md"
LIMIT_MS = 1e-6                    # step in whose limit a derivative is taken
CELLS = 10_000
STRETCHES, STRETCH_S = 5, 0.1      # of a cost; the fastest counts

Values = Mapping[str, float]


@dataclass(frozen=True)
class Case:
    """One cell under one constant current (pA)."""

    model: str
    preset: str
    current_pA: float
    duration_ms: float = 500.0


CASES = (
    Case("IZHIKEVICH", "RS", 100.0), Case("IZHIKEVICH", "FS", 200.0), Case("IZHIKEVICH", "CH", 200.0),
    Case("IZHIKEVICH_EXTENDED", "LTS", 200.0), Case("IZHIKEVICH_EXTENDED", "TC", 100.0),
    Case("IZHIKEVICH_EXTENDED", "CA1_WEAK", 200.0),
    Case("HODGKIN_HUXLEY", "RS", 1000.0), Case("HODGKIN_HUXLEY", "FS", 500.0), Case("HODGKIN_HUXLEY", "TRAUB", 200.0),
    Case("HODGKIN_HUXLEY_RK4", "RS", 1000.0), Case("HODGKIN_HUXLEY_RK4", "FS", 500.0),
    Case("HH_CALCIUM", "IB", 150.0), Case("HH_THALAMIC_RELAY", "TC", 750.0), Case("HH_RETICULAR", "TRN", 300.0),
    Case("HH_CA1", "CA1", 150.0), Case("HH_CA3", "CA3", 100.0), Case("HH_WANG_BUZSAKI", "FS", 100.0),
    Case("HH_STRIATAL", "MSN", 200.0), Case("HH_SUBTHALAMIC", "STN", 2500.0), Case("HH_PALLIDAL", "GPE", 200.0),
    Case("HH_SQUID", "SQUID", 800.0),
    Case("ADEX", "TONIC", 500.0), Case("ADEX", "ADAPTING", 500.0), Case("ADEX", "REGULAR_BURSTING", 210.0),
    Case("LIF", "NEST", 500.0), Case("LIF_CURRENTS", "NEST", 500.0), Case("LIF_DELTA", "NEST", 500.0),
    Case("LIF_CONDUCTANCE", "NEST", 500.0),
)
# The author's own scheme defines the model (docs/models.md): there is no exact solution that it approximates.
WITHOUT_REFERENCE = ("IZHIKEVICH_2003",)

SCHEMES = {
    "IZHIKEVICH": "two half steps, each Strang: synapses exactly, cell by Heun, its upstroke along v; spike placed in "
                  "the step",
    "IZHIKEVICH_EXTENDED": "Strang: synapses exactly, cell by Heun; spike placed in the step",
    "HODGKIN_HUXLEY_RK4": "classical Runge-Kutta of fourth order",
    "HH_CA3": "gates staggered, exponential; both potentials by Crank-Nicolson",
    "ADEX": "Strang with the exponential upstroke in closed form; spike placed in the step",
    "LIF": "exact between grid points; spikes on the grid",
    "LIF_CURRENTS": "exact between grid points; spikes on the grid",
    "LIF_DELTA": "exact between grid points; spikes on the grid",
    "LIF_CONDUCTANCE": "exponential; spike placed in the step",
}
STAGGERED = "gates and potential staggered, each by its exponential"


# ---- equations of models with a reset (in the grammar, so that other schemes are compiled from them) -----
def izhikevich_rhs(v, u, i_ext, g_syn, j_syn, C_inverse, k, v_r, v_t, a, b, b_3, v_b):
    above = fmax(v - v_b, 0.0)
    dv = (k * (v - v_r) * (v - v_t) - u + i_ext + j_syn - g_syn * v) * C_inverse
    du = a * (b * (v - v_r) + b_3 * above * above * above - u)
    return dv, du


def extended_rhs(v, u, i_ext, g_syn, j_syn, C_inverse, k, k_low, v_r, v_t, a, b, b_low, v_s, I_0):
    gain = k if v > v_t else k_low
    slope = b if v > v_s else b_low
    dv = (gain * (v - v_t) * (v - v_r) - u + i_ext + I_0 + j_syn - g_syn * v) * C_inverse
    du = a * (slope * (v - v_s) - u)
    return dv, du


def adex_rhs(v, w, i_ext, g_syn, j_syn, C_inverse, g_L, E_L, V_T, Delta_T, a, tau_w, V_peak):
    x = fmin(v, V_peak)
    dv = (g_L * (E_L - x) + g_L * Delta_T * exp((x - V_T) / Delta_T) - w + i_ext + j_syn - g_syn * x) * C_inverse
    dw = (a * (x - E_L) - w) / tau_w
    return dv, dw


def hodgkin_huxley_rhs(v, m, h, n, p, i_ext, g_syn, j_syn, dt_C, clock, clock_M, G_Na, G_K, G_M, G_L, E_Na, E_K, E_L,
                       V_T):
    """The constants with a time step in them are those of a step of 1 ms."""
    dv, dm, dh, dn, dp = traub_increments(v, m, h, n, p, i_ext + j_syn, g_syn, dt_C, clock, clock_M, G_Na, G_K, G_M,
                                          G_L, E_Na, E_K, E_L, V_T)
    return dv, dm, dh, dn, dp


def lif_rhs(v, i_ext, C, tau_m, E_L):
    return (E_L - v) / tau_m + i_ext / C


def lif_conductance_rhs(v, i_ext, g_syn, j_syn, C, g_L, E_L):
    return (g_L * (E_L - v) + i_ext + j_syn - g_syn * v) / C


@dataclass(frozen=True)
class Reset:
    """A model with a reset: derivative, height above threshold, reset, refractory time (by parameter)."""

    rhs: Callable
    states: int
    height: Callable[[np.ndarray, Values], float]
    reset: Callable[[np.ndarray, Values], list[float]]
    pause: str | None = None
    text: Sequence[str] = ()            # the reset on the grid, in the grammar, for other schemes


_LIF = Reset(lif_rhs, 1, lambda y, p: y[0] - p["V_th"], lambda y, p: [p["V_reset"]], "t_ref")
RESETS: dict[str, Reset] = {
    "IZHIKEVICH": Reset(izhikevich_rhs, 2, lambda y, p: y[0] - p["v_peak"], lambda y, p: [p["c"], y[1] + p["d"]],
                        text=("spiked = v >= v_peak", "v = c if spiked else v", "u = u + d if spiked else u")),
    "IZHIKEVICH_EXTENDED": Reset(
        extended_rhs, 2, lambda y, p: y[0] - p["v_peak"] - p["s_peak"] * y[1],
        lambda y, p: [p["c"] + p["s_c"] * y[1], min(y[1] + p["d"], p["u_max"])]),
    # Beyond 15 slope factors above V_T the rest of the upstroke takes less than 1e-5 ms, and is stiff.
    "ADEX": Reset(adex_rhs, 2, lambda y, p: y[0] - min(p["V_peak"], p["V_T"] + 15.0 * p["Delta_T"]),
                  lambda y, p: [p["V_r"], y[1] + p["b"]], "t_ref",
                  ("spiked = v >= V_peak", "v = V_r if spiked else v", "w = w + b if spiked else w")),
    "LIF": _LIF, "LIF_CURRENTS": _LIF, "LIF_DELTA": _LIF,
    "LIF_CONDUCTANCE": replace(_LIF, rhs=lif_conductance_rhs),
}
RATES: dict[str, Callable] = {"HODGKIN_HUXLEY": hodgkin_huxley_rhs}     # smooth models with a derivative of their own


# ---- the exact solution ---------------------------------------------------------------------------------
def exact_spikes(case: Case) -> np.ndarray:
    """Spike times (ms) of the exact solution: crossings of the threshold, before the reset."""
    model = neuron_model(case.model)
    values = model.values(case.preset)
    values |= {name: rule(values, 1.0) for name, rule in model.derived.items()}
    if case.model in RESETS:
        return _with_resets(case, model, values, RESETS[case.model])
    return _smooth(case, model, values)


def _solve(*arguments: Any, **options: Any) -> Any:
    try:
        from scipy.integrate import solve_ivp
    except ImportError:
        raise SimulatorError("The exact solutions need scipy; install requirements-test.txt.") from None
    return solve_ivp(*arguments, method="DOP853", rtol=1e-9, atol=1e-9, **options)


def _with_resets(case: Case, model: NeuronModel, values: Values, rules: Reset) -> np.ndarray:
    given = _arguments(rules.rhs, values, case.current_pA)
    y = [model.initial_value(state, values, 1.0) for state in model.states[:rules.states]]

    def derivative(_: float, y: np.ndarray) -> Any:
        return rules.rhs(*map(float, y), **given)

    def crossing(_: float, y: np.ndarray) -> float:
        return rules.height(y, values)

    crossing.terminal, crossing.direction = True, 1.0       # type: ignore[attr-defined]
    t, spikes = 0.0, []
    while t < case.duration_ms:
        run = _solve(derivative, (t, case.duration_ms), y, events=crossing, max_step=5.0)
        if run.status != 1:
            break
        t, y = float(run.t[-1]), rules.reset(run.y[:, -1], values)
        spikes.append(t)
        if rules.pause and values[rules.pause]:
            y, t = _held(y, t, values[rules.pause], derivative)
    return np.array(spikes)


def _held(y: list[float], t: float, pause_ms: float, derivative: Callable) -> tuple[list[float], float]:
    """The state after a refractory time: the potential stands still, the rest goes on."""
    if len(y) == 1:
        return y, t + pause_ms
    run = _solve(lambda s, z: derivative(s, np.array([y[0], *z]))[1:], (0.0, pause_ms), y[1:])
    return [y[0], *run.y[:, -1]], t + pause_ms


def _smooth(case: Case, model: NeuronModel, values: Values) -> np.ndarray:
    derivative = _limit(model, case)
    y = [model.initial_value(state, values, 1.0) for state in model.states]
    level = values["V_spike"]

    def crossing(_: float, y: np.ndarray) -> float:
        return y[0] - level

    crossing.direction = 1.0                                # type: ignore[attr-defined]
    return _solve(derivative, (0.0, case.duration_ms), y, events=crossing, max_step=0.5).t_events[0]


def _limit(model: NeuronModel, case: Case) -> Callable[[float, np.ndarray], np.ndarray]:
    """The derivative of a model without reset, from its step over LIMIT_MS and half of it (Richardson)."""
    steps = []
    for dt in (LIMIT_MS, LIMIT_MS / 2.0):
        p = model.values(case.preset)
        p |= {name: rule(p, dt) for name, rule in model.derived.items()}
        names = list(inspect.signature(model.step).parameters)[len(model.states):]
        steps.append((dt, [_given(name, p, case.current_pA, dt) for name in names]))

    def derivative(_: float, y: np.ndarray) -> np.ndarray:
        state = y.tolist()
        whole, half = ((np.array(model.step(*state, *given)[:-1]) - y) / dt for dt, given in steps)
        return 2.0 * half - whole

    return derivative


def _given(name: str, values: Values, current_pA: float, dt: float) -> float:
    return {"dt": dt, "i_ext": current_pA, "g_syn": 0.0, "j_syn": 0.0}.get(name, values.get(name, 0.0))


def _arguments(rhs: Callable, values: Values, current_pA: float) -> dict[str, float]:
    wanted = list(inspect.signature(rhs).parameters)
    return {name: _given(name, values, current_pA, 1.0) for name in wanted if name in values or name in
            ("i_ext", "g_syn", "j_syn")}


# ---- the engine's spikes --------------------------------------------------------------------------------
def engine_spikes(case: Case, dt: float, model: str | None = None) -> np.ndarray:
    """Spike times (ms) of the compiled float32 code, placed inside their steps where the scheme does that."""
    key = model or case.model
    current = np.full(round(case.duration_ms / dt), case.current_pA)
    return placed_spikes(key, case.preset, run_cell(key, case.preset, current, dt), current)


def placed_spikes(key: str, preset: str, trace: CellTrace, current: np.ndarray,
                  level_mV: float | None = None) -> np.ndarray:
    """Spike times (ms) of a cell's trace, as exactly as it knows them.

    The interpolated crossing of `level_mV` (not given: the model's own detection) where spikes are crossings.
    """
    values = neuron_model(key).values(preset)
    if "V_spike" in values:
        return trace.crossings_ms(values["V_spike"] if level_mV is None else level_mV)
    if key == "IZHIKEVICH":
        return _in_halves(trace, current, values)
    steps = np.flatnonzero(trace.fired)
    ends = (steps + 1) * trace.dt_ms
    if "carry" in trace.states:
        return ends - trace.states["carry"][steps]
    if "wait" in trace.states:
        return ends + trace.states["wait"][steps] - values["t_ref"]
    return ends


def _in_halves(trace: CellTrace, current: np.ndarray, values: dict[str, float]) -> np.ndarray:
    """Spike times of the Izhikevich cell, whose step is two half steps: the first is repeated to tell which spiked."""
    h, found = 0.5 * trace.dt_ms, []
    rest = {name: values[name] for name in ("k", "v_r", "v_t", "v_peak", "a", "b", "c", "d", "b_3", "v_b")}
    C_inverse = 1.0 / values["C"]
    for step in np.flatnonzero(trace.fired):
        v, u, carry = (float(trace.states[name][step - 1]) for name in ("v", "u", "carry"))
        *_, carry, first = izhikevich_2007_half(v, u, carry, float(current[step]), 0.0, 0.0,
                                                relaxation(0.0, h, C_inverse), h, C_inverse, **rest)
        end = step * trace.dt_ms + (h if first else trace.dt_ms)
        found.append(end - (carry if first else float(trace.states["carry"][step])))
    return np.array(found)


@dataclass(frozen=True)
class Error:
    """Spikes of the engine and of the exact solution, and the distance of those that both have (ms)."""

    spikes: int
    exact: int
    mean_ms: float
    largest_ms: float


def error_of(found: np.ndarray, exact: np.ndarray) -> Error:
    """Compare the spikes one by one, in order."""
    count = min(found.size, exact.size)
    distance = np.abs(found[:count] - exact[:count]) if count else np.array([np.nan])
    return Error(found.size, exact.size, float(distance.mean()), float(distance.max()))


# ---- other schemes --------------------------------------------------------------------------------------
STAGES = {  # name -> (nodes from the step's start, weights) of explicit Runge-Kutta schemes with one node each
    "Euler": ((), (1.0,)),
    "Heun": ((1.0,), (0.5, 0.5)),
    "RK4": ((0.5, 0.5, 1.0), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
}


def other_scheme(key: str, scheme: str) -> NeuronModel:
    """Model `key` integrated by an explicit Runge-Kutta scheme, with spikes on the grid."""
    model = neuron_model(key)
    rules = RESETS.get(key)
    rhs = rules.rhs if rules else RATES[key]
    states = model.states[:rules.states] if rules else model.states
    names = [state.name for state in states]
    params = [name for name in inspect.signature(rhs).parameters if name not in names]
    tail = list(rules.text) if rules else ["spiked = before < V_spike and v >= V_spike"]
    extra = [name for name in (*(p.name for p in model.params), *model.derived)
             if name not in params and any(name in line.replace("=", " ").split() for line in tail)]
    name = f"{key}_{scheme.upper()}"
    arguments = [*names, *params, *(() if "dt" in params else ("dt",)), *extra]
    lines = [f"def {name}_step({', '.join(arguments)}):", f"before = {names[0]}",
             *_stages(scheme, names, params), *tail, f"return {', '.join(names)}, spiked"]
    step = composed(f"{name}_step", "\n    ".join(lines) + "\n", {"rhs": rhs})
    derived = {each: _at_one_ms(rule) for each, rule in model.derived.items()}
    return replace(model, key=name, label=f"{model.label}, {scheme}", states=states, step=step, derived=derived,
                   max_dt_ms=1.0)


def _at_one_ms(rule: Callable) -> Callable:
    return lambda p, dt: rule(p, 1.0)


def _stages(scheme: str, names: Sequence[str], params: Sequence[str]) -> list[str]:
    nodes, weights = STAGES[scheme]
    given = ", ".join(params)
    lines = [f"{', '.join(f'k1_{n}' for n in names)} = rhs({', '.join(names)}, {given})"]
    for stage, node in enumerate(nodes, 2):
        shifted = [f"{n} + dt * {node!r} * k{stage - 1}_{n}" for n in names]
        lines.append(f"{', '.join(f'k{stage}_{n}' for n in names)} = rhs({', '.join(shifted)}, {given})")
    for n in names:
        total = " + ".join(f"{weight!r} * k{stage}_{n}" for stage, weight in enumerate(weights, 1))
        lines.append(f"{n} = {n} + dt * ({total})")
    return lines


@contextmanager
def offered(model: NeuronModel) -> Iterator[str]:
    """Let the tables hold `model` for a while; yields its key."""
    NEURON_MODELS[model.key] = model
    try:
        yield model.key
    finally:
        del NEURON_MODELS[model.key]


# ---- costs ----------------------------------------------------------------------------------------------
def step_ns(key: str, preset: str, current_pA: float, dt: float) -> float:
    """Time of one step of one cell (ns) in a network of CELLS cells without synapses, on one thread."""
    core = CoreSimConfig().changed(
        neuron_model_type=key, num_neurons=CELLS, connections_per_neuron=0, num_traits=1, inhibitory_trait_indices=(),
        excitatory_preset=preset, dt_ms=dt, seed=1, background_rate_Hz=0.0, external_current_pA=current_pA)
    sim = Simulation(core, GPUConfig(backend="cpu", num_threads=1))
    try:
        sim.step(8, record=False)
        began = time.perf_counter()
        sim.step(20, record=False)
        count = max(20, round(STRETCH_S / (time.perf_counter() - began) * 20))
        best = np.inf
        for _ in range(STRETCHES):
            began = time.perf_counter()
            sim.step(count, record=False)
            best = min(best, (time.perf_counter() - began) / count)
        return best / CELLS * 1e9
    finally:
        sim.close()


# ---- the tables -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Row:
    """One line of a table."""

    case: Case
    scheme: str
    dt: float
    error: Error
    cost_ns: float | None


def own_rows(case: Case, exact: np.ndarray, cost_ns: float | None) -> list[Row]:
    """The model's own scheme at half its default step, at it, and at the longest that is allowed."""
    model = neuron_model(case.model)
    default = model.default_dt_ms
    steps = sorted({default / 2.0, default, model.max_dt_ms} | ({default / 4.0} if default >= 1.0 else set()))
    scheme = SCHEMES.get(case.model, STAGGERED)
    return [Row(case, scheme, dt, error_of(engine_spikes(case, dt), exact), cost_ns) for dt in steps]


def other_rows(case: Case, exact: np.ndarray, costs: Mapping[str, float]) -> list[Row]:
    """Other schemes at the model's default step and at a fifth of it."""
    rows = []
    for scheme in STAGES:
        with offered(other_scheme(case.model, scheme)) as key:
            default = neuron_model(case.model).default_dt_ms
            cost = costs.get(_name(case, scheme))
            rows += [Row(case, scheme, dt, error_of(engine_spikes(case, dt, key), exact), cost)
                     for dt in (default, default / 5.0)]
    return rows


COMPARED = (Case("IZHIKEVICH", "RS", 100.0), Case("IZHIKEVICH", "FS", 200.0),
            Case("HODGKIN_HUXLEY", "RS", 1000.0), Case("ADEX", "ADAPTING", 500.0))
HEAD = ("| cell | current pA | scheme | dt ms | spikes (exact) | mean error ms | largest ms | ns a step "
        "| us a second |", "|---|---|---|---|---|---|---|---|---|")


def line_of(row: Row) -> str:
    """One row as a line of Markdown; the default step is bold."""
    model = NEURON_MODELS[row.case.model]
    bold = "**" if row.dt == model.default_dt_ms and row.scheme not in STAGES else ""
    error = row.error
    cost = ("-", "-") if row.cost_ns is None else (f"{row.cost_ns:.1f}", f"{row.cost_ns / row.dt:.3g}")
    shown = ("none in common", "-") if np.isnan(error.mean_ms) else (f"{error.mean_ms:.2g}", f"{error.largest_ms:.2g}")
    return (f"| {row.case.model} {row.case.preset} | {row.case.current_pA:g} | {row.scheme} | {bold}{row.dt:g}{bold} | "
            f"{error.spikes} ({error.exact}) | {shown[0]} | {shown[1]} | {cost[0]} | {cost[1]} |")


PAGE = """# Accuracy and cost of the schemes

Written by `python -m neural_simulator.tools.accuracy` (in the program's environment, with requirements-test.txt). Costs
are those of one thread of: {machine}.

A cell fires under a constant current for {duration:g} ms; its spikes, from the compiled float32 code, are compared one
by one with those of the exact solution of its equations (DOP853 in float64, relative error 1e-9). Spike times are
those inside the step where the scheme knows them, otherwise the interpolated crossing or, for cells whose spikes lie on
the grid, the end of the step. *ns a step*: one cell's step on one CPU thread, in a network of 10,000 cells without
synapses; *us a second*: the same per second of simulated time. Errors of a regular train add up, so the largest stands
at its end.

## Every model with its own scheme

Steps: half the default (a quarter, too, where it is 1 ms), **the default**, and the longest that
the program allows; longer ones are refused.

{own}

`IZHIKEVICH_2003` is not in the table: its published patterns are statements about the author's own scheme and step,
which is what the program computes (see [models.md](models.md)).

## Other schemes for the same equations

Explicit Runge-Kutta schemes at the default step and at a fifth of it, with spikes and resets on the grid.

{other}
"""


def measure_costs(report: Callable[[str], None] = print) -> dict[str, Any]:
    """What a step of each case and of the other schemes costs here (ns), and the processor's name."""
    costs: dict[str, float] = {}
    for case in CASES:
        costs[_name(case)] = step_ns(case.model, case.preset, case.current_pA, neuron_model(case.model).default_dt_ms)
        report(f"{_name(case)}: {costs[_name(case)]:.1f} ns")
    for case in COMPARED:
        for scheme in STAGES:
            with offered(other_scheme(case.model, scheme)) as key:
                dt = neuron_model(case.model).default_dt_ms / 5.0
                costs[_name(case, scheme)] = step_ns(key, case.preset, case.current_pA, dt)
    return {"processor": system_info().get("processor", "this machine"), "step_ns": costs}


def _name(case: Case, scheme: str = "") -> str:
    return " ".join(filter(None, (case.model, case.preset, scheme)))


def page(costs: Mapping[str, Any], report: Callable[[str], None] = print) -> str:
    """The whole page with the costs of `measure_costs`."""
    own, other, exact, ns = [], [], {}, costs["step_ns"]
    for case in CASES:
        exact[case] = exact_spikes(case)
        own += [line_of(row) for row in own_rows(case, exact[case], ns.get(_name(case)))]
        report(own[-1])
    for case in COMPARED:
        other += [line_of(row) for row in other_rows(case, exact[case], ns)]
    return PAGE.format(machine=costs["processor"], duration=CASES[0].duration_ms,
                       own="\n".join([*HEAD, *own]), other="\n".join([*HEAD, *other]))


def uncovered() -> list[str]:
    """Built-in models that no case measures."""
    return [key for key in BUILT_IN if key not in {case.model for case in CASES} and key not in WITHOUT_REFERENCE]


@command("accuracy")
def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--output", type=Path, default=OUTPUT, help="default: %(default)s")
    parser.add_argument("--costs", type=Path, metavar="F", help="take the costs from this file instead of measuring")
    parser.add_argument("--measure", type=Path, metavar="F", help="only measure the costs, into this file")
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    if options.measure:
        write_text(options.measure, json.dumps(measure_costs(), indent=1) + "\n")
        return 0
    costs = json.loads(options.costs.read_text(encoding="utf-8")) if options.costs else measure_costs()
    write_text(options.output, page(costs))
    print(f"Written to {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
