"""One network of `peers.py` in Brian2 (C++ standalone, one thread): prints seconds of the run and the rate as JSON."""

from __future__ import annotations

import json
import sys
import tempfile

import brian2 as b2
import numpy as np

SYNAPSES = "dg_e/dt = -g_e/tau_e : 1\n dg_i/dt = -g_i/tau_i : 1\n"
CURRENT = "(g_e*(E_e - v) + g_i*(E_i - v))"                  # pA
EQUATIONS = {
    "IZHIKEVICH": f"""
        dv/dt = (k*(v - v_r)*(v - v_t) - u + {CURRENT})/C/ms : 1
        du/dt = a*(b*(v - v_r) + b_3*clip(v - v_b, 0, inf)**3 - u)/ms : 1
        """,
    "ADEX": f"""
        dv/dt = (g_L*(E_L - v) + g_L*Delta_T*exp((v - V_T)/Delta_T) - w + {CURRENT})/C/ms : 1 (unless refractory)
        dw/dt = (a*(v - E_L) - w)/tau_w/ms : 1
        """,
    "LIF": """
        dv/dt = ((E_L - v)/tau_m + i_syn/C)/ms : 1 (unless refractory)
        di_syn/dt = -i_syn/tau_syn/ms : 1
        """,
}
RULES = {"IZHIKEVICH": ("v >= v_peak", "v = c; u += d", False, "rk2"),
         "ADEX": ("v >= V_peak", "v = V_r; w += b", "t_ref*ms", "euler"),
         "LIF": ("v >= V_th", "v = V_reset", "t_ref*ms", "exact")}
SUBSTEPS = {"IZHIKEVICH": 2}         # as this program: at 1 ms the fast-spiking cell fires in pairs, at hundreds of Hz
SOURCES = 100                        # PoissonInput is binomial: with one source its variance would be too small
REST = {"IZHIKEVICH": "v_r", "ADEX": "E_L", "LIF": "E_L"}


def main(path: str, duration_ms: float, warm_up_ms: float) -> None:
    data = np.load(path)
    model, n = str(data["model"]), int(data["num_neurons"])
    parameters = [key[2:] for key in data.files if key.startswith("p_")]
    b2.set_device("cpp_standalone", directory=tempfile.mkdtemp(), build_on_run=False)
    b2.prefs.devices.cpp_standalone.openmp_threads = 0
    b2.defaultclock.dt = float(data["dt_ms"]) / SUBSTEPS.get(model, 1) * b2.ms
    conductances = model != "LIF"
    text = EQUATIONS[model] + (SYNAPSES if conductances else "")
    text += "\n".join(f"{name} : 1 (constant)" for name in parameters)
    names = {"ms": b2.ms}
    if conductances:
        names |= {"tau_e": float(data["tau_ampa_ms"]) * b2.ms, "tau_i": float(data["tau_gaba_a_ms"]) * b2.ms,
                  "E_e": float(data["e_ampa_mV"]), "E_i": float(data["e_gaba_a_mV"])}
    threshold, reset, refractory, method = RULES[model]
    cells = b2.NeuronGroup(n, text, threshold=threshold, reset=reset, refractory=refractory, method=method,
                           namespace=names)
    for name in parameters:
        setattr(cells, name, data[f"p_{name}"])
    cells.v = data[f"p_{REST[model]}"]
    parts: list[object] = [cells]
    excitatory = data["excitatory"][data["sources"]]
    for sign, port in ((True, "g_e"), (False, "g_i")):
        chosen = excitatory == sign
        port = port if conductances else "i_syn"
        weights = data["weights"][chosen] * (1.0 if sign or conductances else -1.0)
        synapses = b2.Synapses(cells, cells, "weight : 1 (constant)", on_pre=f"{port}_post += weight")
        synapses.connect(i=data["sources"][chosen], j=data["targets"][chosen])
        synapses.weight = weights
        synapses.delay = data["delays_ms"][chosen] * b2.ms
        parts.append(synapses)
    parts.append(b2.PoissonInput(cells, "g_e" if conductances else "i_syn", SOURCES,
                                 float(data["rate_Hz"]) / SOURCES * b2.Hz, weight=float(data["background_weight"])))
    monitor = b2.SpikeMonitor(cells)
    parts.append(monitor)
    network = b2.Network(*parts)
    network.run(warm_up_ms * b2.ms)
    network.run(duration_ms * b2.ms)
    b2.device.build(compile=True, run=True, directory=b2.device.project_dir, with_output=False)
    late = np.asarray(monitor.t / b2.ms) >= warm_up_ms
    seconds = b2.device._last_run_time * duration_ms / (duration_ms + warm_up_ms)
    print(json.dumps({"seconds": seconds, "rate_hz": int(late.sum()) / n / duration_ms * 1000.0}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
