"""One network of `peers.py` in NEST (one thread): prints seconds of the run and the rate as JSON."""

from __future__ import annotations

import json
import sys
import time

import nest
import numpy as np

MODELS = {"ADEX": "aeif_cond_exp", "LIF": "iaf_psc_exp"}
NAMES = {"ADEX": {"C": "C_m", "g_L": "g_L", "E_L": "E_L", "V_T": "V_th", "Delta_T": "Delta_T", "a": "a",
                  "tau_w": "tau_w", "b": "b", "V_r": "V_reset", "V_peak": "V_peak", "t_ref": "t_ref"},
         "LIF": {"C": "C_m", "tau_m": "tau_m", "E_L": "E_L", "V_th": "V_th", "V_reset": "V_reset", "t_ref": "t_ref"}}


def main(path: str, duration_ms: float, warm_up_ms: float) -> None:
    data = np.load(path)
    model, n = str(data["model"]), int(data["num_neurons"])
    nest.set_verbosity("M_ERROR")
    nest.SetKernelStatus({"resolution": float(data["dt_ms"]), "local_num_threads": 1, "rng_seed": 1})
    cells = nest.Create(MODELS[model], n)
    values = {theirs: data[f"p_{ours}"] for ours, theirs in NAMES[model].items()}
    if model == "ADEX":
        values |= {"E_ex": np.full(n, data["e_ampa_mV"]), "E_in": np.full(n, data["e_gaba_a_mV"]),
                   "tau_syn_ex": np.full(n, data["tau_ampa_ms"]), "tau_syn_in": np.full(n, data["tau_gaba_a_ms"])}
    else:
        values |= {"tau_syn_ex": data["p_tau_syn"], "tau_syn_in": data["p_tau_syn"]}
    nest.SetStatus(cells, [{key: float(column[k]) for key, column in values.items()} for k in range(n)])
    nest.SetStatus(cells, [{"V_m": float(v)} for v in data["p_E_L"]])
    signs = np.where(data["excitatory"][data["sources"]], 1.0, -1.0)
    nest.Connect(data["sources"].astype(np.int64) + 1, data["targets"].astype(np.int64) + 1, "one_to_one",
                 {"synapse_model": "static_synapse", "weight": data["weights"] * signs,
                  "delay": data["delays_ms"].astype(float)})
    background = nest.Create("poisson_generator", params={"rate": float(data["rate_Hz"])})
    nest.Connect(background, cells, syn_spec={"weight": float(data["background_weight"]), "delay": 1.0})
    recorder = nest.Create("spike_recorder", params={"start": warm_up_ms})
    nest.Connect(cells, recorder)
    nest.Simulate(warm_up_ms)
    began = time.perf_counter()
    nest.Simulate(duration_ms)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "rate_hz": recorder.n_events / n / duration_ms * 1000.0}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
