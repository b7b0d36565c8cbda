"""The scripting interface: every documented and every older name does what it says."""

from __future__ import annotations

import json

import numpy as np
import pytest

import neural_simulator
from neural_simulator import CoreSimConfig, GPUConfig, RuntimeState, SimulationBridge, VisualizationConfig
from neural_simulator.base.errors import ConfigurationError, FileFormatError, SimulatorError
from neural_simulator.engine.simulation import Simulation
from neural_simulator.files.recordings import Recording

CORE = CoreSimConfig(num_neurons=200, connections_per_neuron=20, seed=42, excitatory_weight_nS=3.0,
                     inhibitory_weight_nS=10.0)
CPU = GPUConfig(backend="cpu")


def bridge(**changes):
    sim = SimulationBridge(core_config=CORE.changed(**changes), gpu_config=CPU)
    sim.initialize()
    return sim


def test_the_public_names_are_importable_from_the_package():
    for name in ("SimulationBridge", "CoreSimConfig", "GPUConfig", "VisualizationConfig", "RuntimeState",
                 "NeuronModel", "Simulation"):
        assert name in neural_simulator.__all__ and getattr(neural_simulator, name) is not None
    assert neural_simulator.NeuronModel.IZHIKEVICH.value == "IZHIKEVICH"


def test_the_documented_example_works_word_for_word(tmp_path):
    sim = SimulationBridge(core_config=CoreSimConfig(num_neurons=300, connections_per_neuron=30, seed=42),
                           gpu_config=GPUConfig(enable_profiling=True, profiling_detailed=True,
                                                profiling_window_size=1000))
    sim._initialize_simulation_data()
    assert sim.runtime_state.actual_seed_used == 42
    sim.run(100.0)
    assert sim.get_profiling_stats()["step_total"]["mean"] > 0.0
    assert sim.get_profiling_stats()["step_total"]["p95"] > 0.0
    assert sim.export_profiling_report(str(tmp_path / "profile_report.json"))
    report = json.loads((tmp_path / "profile_report.json").read_text())
    assert report["config"]["num_neurons"] == 300 and report["system_info"]["processor"]
    assert report["statistics"]["step_total"]["count"] == 100


def test_the_constructor_takes_the_older_arguments_in_their_order():
    view, state = VisualizationConfig(point_size=9.0), RuntimeState()
    sim = SimulationBridge(None, CORE, view, state, CPU)
    assert (sim.core_config, sim.viz_config, sim.runtime_state, sim.gpu_config) == (CORE, view, state, CPU)
    assert sim.runtime_state is state
    with pytest.raises(ConfigurationError, match="core_config="):
        SimulationBridge(object())


def test_before_initialize_there_is_nothing_and_it_says_so():
    sim = SimulationBridge(core_config=CORE, gpu_config=CPU)
    assert not sim.is_initialized
    assert sim.cp_firing_states is None and sim.cp_membrane_potential_v is None and sim.cp_connections is None
    assert sim.get_profiling_stats() == {"profiling_disabled": True}
    for action in (sim.step, sim._run_one_simulation_step, sim.get_latest_simulation_data_for_gui, sim.reset,
                   lambda: sim.start_recording_to_file("never.simrec.h5"), lambda: sim.run(1.0)):
        with pytest.raises(SimulatorError, match=r"call initialize\(\) first"):
            action()


def test_a_bridge_computes_what_the_simulation_underneath_computes():
    sim, plain = bridge(), Simulation(CORE, CPU)
    expected = plain.step(300)
    batches = [sim.step(100), sim.run(150.0)]
    for _ in range(50):
        sim._run_one_simulation_step()
    assert expected.spike_ids.size > 200
    assert sum(b.spike_ids.size for b in batches) <= expected.spike_ids.size
    assert np.array_equal(sim.cp_membrane_potential_v, plain.state["v"])
    assert sim.runtime_state.current_time_step == 300 and sim.runtime_state.current_time_ms == 300.0


def test_firing_states_are_those_of_the_newest_step():
    sim = bridge()
    seen = 0
    for _ in range(60):
        batch = sim.step()
        assert np.array_equal(np.flatnonzero(sim.cp_firing_states), batch.spike_ids)
        seen += batch.spike_ids.size
    assert seen > 20
    assert sim.cp_firing_states.dtype == bool and sim.cp_firing_states.shape == (200,)


def test_arrays_answer_to_cupys_get():
    sim = bridge()
    sim.step(10)
    v = sim.cp_membrane_potential_v.get()
    assert type(v) is np.ndarray and v.dtype == np.float32
    assert type(sim.cp_connections.data.get()) is np.ndarray


def test_connections_are_a_sparse_matrix_with_presynaptic_rows():
    sim = bridge()
    synapses = sim.cp_connections
    indptr, targets, weights, delays = sim.simulation.network.csr()
    assert np.array_equal(synapses.indptr, indptr) and np.array_equal(synapses.indices, targets)
    assert np.array_equal(synapses.data, weights) and np.array_equal(synapses.delay_steps, delays)
    assert synapses.nnz == sim.simulation.network.num_synapses and synapses.shape == (200, 200)
    assert sim.cp_connections is synapses


def test_changing_what_was_handed_out_does_not_change_the_simulation():
    sim, twin = bridge(), bridge()
    sim.cp_membrane_potential_v[:] = 0.0
    sim.cp_connections.data[:] = 0.0
    sim.get_latest_simulation_data_for_gui()["neuron_positions_3d_cp"][:] = 0.0
    sim.step(100), twin.step(100)
    assert np.array_equal(sim.cp_membrane_potential_v, twin.cp_membrane_potential_v)
    assert np.any(sim.simulation.network.positions)


def test_the_snapshot_tells_the_present_state():
    sim = bridge()
    sim.run(200.0)
    shown = sim.get_latest_simulation_data_for_gui(force_fetch=True)
    assert shown["current_time_ms"] == 200.0 and shown["current_time_step"] == 200
    assert shown["num_spikes_this_step"] == np.count_nonzero(sim.cp_firing_states)
    assert 0.5 < shown["network_avg_firing_rate_hz"] < 60.0
    assert shown["num_neurons_snapshot"] == 200 and shown["neuron_model_type_str"] == "IZHIKEVICH"
    assert shown["neuron_types_list_for_viz"] == ["RS", "FS"]
    assert np.bincount(shown["neuron_type_ids_cp"]).tolist() == [160, 40]
    assert np.bincount(shown["neuron_traits_cp"]).tolist() == [40] * 5
    fired = shown["neuron_fired_status_cp"]
    timers = shown["neuron_activity_timers_cp"]
    assert timers.max() <= sim.viz_config.activity_decay_ms and timers.min() >= 0.0
    assert np.all(timers[fired] == sim.viz_config.activity_decay_ms - 1.0)
    existing = sim.cp_connections
    rows = np.repeat(np.arange(200), np.diff(existing.indptr))
    pairs = set(zip(rows.tolist(), existing.indices.tolist(), strict=True))
    assert shown["synapse_info"]
    assert {(s["source_idx"], s["target_idx"]) for s in shown["synapse_info"]} <= pairs


def test_clearing_frees_the_network_and_initialize_builds_the_same_one_again():
    sim = bridge()
    sim.step(100)
    v = sim.cp_membrane_potential_v
    sim.clear_simulation_state_and_gpu_memory()
    assert not sim.is_initialized and sim.runtime_state.current_time_step == 0
    sim.clear_simulation_state_and_gpu_memory()
    sim.initialize()
    sim.step(100)
    assert np.array_equal(sim.cp_membrane_potential_v, v)


def test_start_and_stop_carry_a_script_that_steps_while_it_runs():
    sim = SimulationBridge(core_config=CORE.changed(total_simulation_time_ms=30.0), gpu_config=CPU)
    sim.start_simulation()
    steps = 0
    while sim.runtime_state.is_running:
        sim._run_one_simulation_step()
        steps += 1
    assert steps == 30 and sim.is_initialized
    sim.reset()
    sim.start_simulation()
    sim.pause_simulation()
    assert sim.runtime_state.is_paused and sim.runtime_state.is_running
    sim.resume_simulation()
    assert not sim.runtime_state.is_paused
    sim.stop_simulation()
    assert not sim.runtime_state.is_running
    sim.pause_simulation()
    assert not sim.runtime_state.is_paused


def test_a_configuration_goes_out_as_json_and_comes_back_whole():
    sim = bridge(background_rate_Hz=321.0)
    sim.step(50)
    text = json.dumps(sim.get_current_simulation_configuration_dict())
    other = SimulationBridge(gpu_config=CPU)
    assert other.apply_simulation_configuration_core(json.loads(text)) is True
    assert other.core_config == sim.core_config and other.viz_config == sim.viz_config
    assert other.is_initialized and other.runtime_state.current_time_step == 0
    other.step(50)
    assert np.array_equal(other.cp_membrane_potential_v, sim.cp_membrane_potential_v)


@pytest.mark.parametrize("wrong", [
    {"core_config": {"num_neurons": 0}}, {"core_config": {"num_neuron": 10}}, {"gpu_config": {"backend": "abacus"}},
    {"viz_config": {"point_size": -1.0}}, {"core": {}},
    {"core_config": {"num_neurons": 100, "connections_per_neuron": 100}}])
def test_a_bad_configuration_is_refused_and_the_running_network_stays(wrong):
    sim = bridge()
    sim.step(10)
    before = sim.core_config, sim.gpu_config, sim.viz_config, sim.cp_membrane_potential_v.tobytes()
    with pytest.raises(ConfigurationError):
        sim.apply_simulation_configuration_core(wrong)
    assert (sim.core_config, sim.gpu_config, sim.viz_config, sim.cp_membrane_potential_v.tobytes()) == before
    assert sim.runtime_state.current_time_step == 10


def test_a_recording_holds_the_spikes_of_the_steps_between_start_and_stop(tmp_path):
    sim = bridge()
    sim.step(20)
    path = tmp_path / "run.simrec.h5"
    sim.start_recording_to_file(str(path))
    with pytest.raises(SimulatorError, match="under way already"):
        sim.start_recording_to_file(tmp_path / "other.simrec.h5")
    batches = [sim.step(100), sim.run(50.0)]
    sim.stop_recording()
    sim.step(30)
    sim.stop_recording()
    with Recording.open(path) as recording:
        steps, ids = recording.spikes()
        assert np.array_equal(steps, np.concatenate([b.spike_steps for b in batches]))
        assert np.array_equal(ids, np.concatenate([b.spike_ids for b in batches]))
        assert ids.size > 100
    with pytest.raises(FileFormatError):
        sim.start_recording_to_file(path)
    assert not (tmp_path / "other.simrec.h5").exists()


def test_a_profiling_report_needs_profiling(tmp_path):
    with pytest.raises(SimulatorError, match="enable_profiling=True"):
        bridge().export_profiling_report(tmp_path / "report.json")
    assert bridge().get_profiling_stats() == {"profiling_disabled": True}
