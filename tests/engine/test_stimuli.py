"""Stimuli: whom they reach, when, and with what statistics; changed while running; equal on every backend."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import (
    ConductanceNoise,
    CoreSimConfig,
    CurrentNoise,
    CurrentStimulus,
    PoissonStimulus,
    SpikeStimulus,
)
from neural_simulator.engine.simulation import Simulation
from neural_simulator.engine.stimuli import in_force, stimulation
from tests.activity import CPU, spikes_sha, state_sha

# A cell that only sums its input current: v = i t / C, without a leak or a spike.
SUM = {"C": 10_000.0, "k": 0.001, "v_r": -60.0, "v_t": 0.0, "a": 1e-5, "b": 0.0, "v_peak": 60.0}
QUIET = {"background_rate_Hz": 0.0, "connections_per_neuron": 0, "num_traits": 2, "seed": 11}


def cells(stimuli, **values) -> CoreSimConfig:
    """Cells that only listen to `stimuli`."""
    return CoreSimConfig(**{"num_neurons": 40, "excitatory_parameters": SUM, "inhibitory_parameters": SUM,
                            "inhibitory_preset": "RS", **QUIET, "stimuli": stimuli, **values})


def driven(core: CoreSimConfig, steps: int, gpu=CPU) -> np.ndarray:
    """The current (steps, neurons) that reached SUM cells, pA, from their potentials."""
    sim = Simulation(core, gpu)
    sim.set_probes(range(sim.plan.num_neurons))
    v = np.concatenate([np.full((1, sim.plan.num_neurons), -60.0), sim.step(steps).probe_v.astype(np.float64)])
    sim.close()
    return np.diff(v, axis=0) * SUM["C"] / core.dt_ms


def test_a_step_of_current_reaches_its_population_for_its_time_alone(backend):
    step = CurrentStimulus(amplitude_pA=100.0, start_ms=10.0, stop_ms=20.0, populations=("Inh*",))
    current = driven(cells([step]), 40, backend)
    expected = np.zeros((40, 40))
    expected[10:20, 20:] = 100.0
    assert current == pytest.approx(expected, abs=2.0)


@pytest.mark.parametrize("dt_ms", [1.0, 0.5])
def test_pulses_repeat_with_their_period(dt_ms):
    pulses = CurrentStimulus(amplitude_pA=100.0, start_ms=5.0, stop_ms=27.0, period_ms=10.0, width_ms=3.0)
    on = driven(cells([pulses], dt_ms=dt_ms), round(40 / dt_ms))[:, 0] > 50.0
    times = np.flatnonzero(on) * dt_ms
    assert times.tolist() == [t for t in np.arange(0.0, 40.0, dt_ms) if 5 <= t < 27 and (t - 5) % 10 < 3]


def test_a_sine_has_its_frequency_phase_and_mean(backend):
    sine = CurrentStimulus(amplitude_pA=50.0, sine_pA=200.0, frequency_Hz=12.5, phase_deg=90.0, start_ms=4.0)
    current = driven(cells([sine], num_neurons=2), 164, backend)[4:, 0]
    t = np.arange(160)
    assert current == pytest.approx(50.0 + 200.0 * np.cos(2 * np.pi * 12.5 * t / 1000.0), abs=3.0)


def test_spikes_arrive_in_the_steps_of_their_times(backend):
    listed = SpikeStimulus(times_ms=(3.0, 7.0, 7.0, 7.2, 30.0, 500.0), weight_nS=2.0, neurons=(1,), stop_ms=100.0)
    sim = Simulation(cells([listed]), backend)
    g = []
    for _ in range(40):
        sim.step()
        g.append(sim.state["g_AMPA"][:3].copy())
    g = np.array(g)
    expected = np.zeros(41)
    for k in range(40):
        expected[k + 1] = (expected[k] + 2.0 * {3: 1, 7: 3, 30: 1}.get(k, 0)) * np.exp(-1 / 5)
    assert g[:, 1] == pytest.approx(expected[1:], rel=1e-5)
    assert not g[:, [0, 2]].any()


def test_a_batch_that_begins_late_finds_its_place_in_the_list_of_spikes(backend):
    core = cells([SpikeStimulus(times_ms=tuple(np.arange(0.0, 300.0, 7.0)), weight_nS=1.0)])
    one, many = Simulation(core, backend), Simulation(core, CPU)
    one.step(200)
    for count in (1, 50, 16, 33, 100):
        many.step(count)
    assert one.state["g_AMPA"][0] > 0.5
    assert state_sha(one) == state_sha(many)


def test_space_names_and_numbers_choose_together():
    core = cells([])
    sim = Simulation(core, CPU)
    x, y, z = sim.network.positions.astype(np.float64).T
    inside = (x - 100) ** 2 + y**2 + z**2 <= 400.0**2
    boxed = (x >= -500) & (x <= 0) & (np.abs(y) <= 500) & (np.abs(z) <= 500)
    cases = [(dict(sphere_um=(100, 0, 0, 400)), inside), (dict(box_um=(-500, -500, -500, 0, 500, 500)), boxed),
             (dict(sphere_um=(100, 0, 0, 400), box_um=(-500, -500, -500, 0, 500, 500)), inside & boxed),
             (dict(sphere_um=(100, 0, 0, 400), populations=("Exc*",)), inside & (np.arange(40) < 20)),
             (dict(neurons=(3, 39), populations=("Exc*",)), np.arange(40) == 3)]
    assert 0 < (inside & boxed).sum() < boxed.sum()
    for where, expected in cases:
        sim.set_stimuli([CurrentStimulus(amplitude_pA=1.0, **where)])
        masks = stimulation(sim.plan, in_force(core, sim.live), sim.network.positions).masks
        assert (masks == expected).all(), where


def autocorrelation(x: np.ndarray, lag: int) -> float:
    return float((x[:-lag] * x[lag:]).mean() / (x * x).mean())


@pytest.mark.parametrize("dt_ms", [1.0, 0.25])
def test_noise_current_has_its_mean_variance_and_correlation_time_at_any_step(dt_ms):
    noise = CurrentNoise(mean_pA=300.0, sigma_pA=400.0, tau_ms=8.0)
    current = driven(cells([noise], num_neurons=300, dt_ms=dt_ms), round(300 / dt_ms)) - 300.0
    # v holds 7 digits of 60 mV, so the current of a step has an error of 0.04 pA / dt * C / 10,000
    samples = 300 * 300.0 / (2 * 8.0)                   # independent ones
    assert current.mean() == pytest.approx(0.0, abs=5 * 400.0 / np.sqrt(samples))
    assert current.std() == pytest.approx(400.0, rel=5 / np.sqrt(2 * samples))
    assert current[0].std() == pytest.approx(400.0, rel=0.2), "stationary from its first step on"
    for lag_ms in (1.0, 8.0, 16.0):
        assert autocorrelation(current, round(lag_ms / dt_ms)) == pytest.approx(np.exp(-lag_ms / 8.0), abs=0.03)
    apart = np.corrcoef(current.T)[np.triu_indices(300, 1)]
    assert abs(apart.mean()) < 0.01, "every neuron has noise of its own"


def test_the_configurations_noise_is_an_ornstein_uhlenbeck_current_too():
    current = driven(cells([], num_neurons=300, noise_sigma_pA=400.0, noise_tau_ms=8.0), 300)
    assert current.std() == pytest.approx(400.0, rel=0.05)
    assert autocorrelation(current, 8) == pytest.approx(np.exp(-1.0), abs=0.03)


def test_noise_conductance_acts_at_its_reversal_potential_and_is_never_negative():
    """i = g (E - v); with a mean of 0, half of it is cut away, which leaves sigma / sqrt(2 pi)."""
    for mean, sigma, expected in ((5.0, 1.0, 5.0), (0.0, 1.0, 1.0 / np.sqrt(2 * np.pi))):
        noise = ConductanceNoise(receptor="AMPA", mean_nS=mean, sigma_nS=sigma, tau_ms=2.7)
        current = driven(cells([noise], num_neurons=400), 100)
        assert current.mean() / 60.0 == pytest.approx(expected, rel=0.05)
        assert current.min() > -2.0


@pytest.mark.parametrize(("rate", "depth"), [(50.0, 0.0), (2000.0, 0.0), (400.0, 1.0)])
def test_poisson_spikes_have_their_rate_their_fano_factor_and_their_modulation(rate, depth):
    stimulus = PoissonStimulus(rate_Hz=rate, weight_nS=1.0, depth=depth, frequency_Hz=5.0 if depth else 0.0)
    core = cells([stimulus], num_neurons=2000, tau_ampa_ms=0.1)
    sim = Simulation(core, CPU)
    counts = np.zeros((400, 2000))
    for k in range(400):
        sim.step()
        counts[k] = sim.state["g_AMPA"] * np.exp(10.0)            # one step after it came, each spike is exp(-10)
    counts = np.round(counts)
    t = np.arange(400)
    mean = rate / 1000.0 * (1.0 + depth * np.sin(2 * np.pi * 5.0 * t / 1000.0))
    total = rate / 1000.0 * counts.size
    assert counts.sum() == pytest.approx(total, abs=5 * np.sqrt(total))
    assert counts.mean(axis=1) == pytest.approx(mean, abs=6 * np.sqrt(mean.max() / 2000) + 0.06 * depth * rate / 1000)
    steady = (counts - mean[:, None])
    assert steady.var() / mean.mean() == pytest.approx(1.0, abs=0.03)
    assert abs(autocorrelation(steady, 1)) < 0.01
    assert np.bincount(counts[0].astype(int), minlength=1)[0] / 2000 == pytest.approx(np.exp(-mean[0]), abs=0.05)


def busy(**values) -> CoreSimConfig:
    """A living network with one stimulus of each kind."""
    return CoreSimConfig(**{"num_neurons": 300, "connections_per_neuron": 30, "seed": 8, "stimuli": [
        CurrentStimulus(amplitude_pA=60.0, sine_pA=40.0, frequency_Hz=8.0, start_ms=20.0, period_ms=50.0,
                        width_ms=30.0),
        CurrentNoise(sigma_pA=40.0, sphere_um=(0.0, 0.0, 0.0, 400.0)),
        ConductanceNoise(receptor="GABA_A", mean_nS=1.0, sigma_nS=0.5, tau_ms=10.5),
        PoissonStimulus(rate_Hz=150.0, depth=0.8, frequency_Hz=10.0, receptors={"AMPA": 0.5, "NMDA": 0.25}),
        SpikeStimulus(times_ms=(30.0, 31.0, 90.0), weight_nS=8.0, populations=("Exc*",))], **values})


def test_all_stimuli_are_equal_on_all_backends_and_for_any_batches(backend):
    one, other = Simulation(busy(), backend), Simulation(busy(), CPU.changed(num_threads=3))
    whole = one.run(200.0)
    assert whole.spike_ids.size > 300
    pieces = [other.step(count) for count in (1, 3, 16, 70, 110)]
    assert np.array_equal(whole.spike_ids, np.concatenate([p.spike_ids for p in pieces]))
    assert state_sha(one) == state_sha(other)


def test_stimuli_change_while_running_and_come_back_with_a_snapshot(backend):
    sim, twin = Simulation(busy(), backend), Simulation(busy(), CPU)
    changed = [*busy().stimuli[1:3], CurrentStimulus(amplitude_pA=80.0),
               busy().stimuli[3].changed(rate_Hz=300.0, depth=0.0)]
    for each in (sim, twin):
        each.step(50)
        each.set_stimuli(changed)
        each.step(33)
    assert set(sim.state) & {"noise_0", "noise_1", "noise_2"} == {"noise_0", "noise_1"}
    middle = sim.snapshot()
    expected = sim.step(60)
    assert expected.spike_ids.size > 50
    assert (spikes_sha(expected), state_sha(sim)) == (spikes_sha(twin.step(60)), state_sha(twin))
    again = Simulation(busy(), backend)
    again.set_stimuli(changed)
    again.restore(middle)
    assert spikes_sha(again.step(60)) == spikes_sha(expected)
    assert state_sha(again) == state_sha(sim)
    again.reset()
    again.set_stimuli(busy().stimuli)
    fresh = Simulation(busy(), CPU)
    again.reset()
    assert spikes_sha(again.step(100)) == spikes_sha(fresh.step(100))


def test_numbers_change_without_compiling_and_a_noise_goes_on(backend):
    sim = Simulation(cells([CurrentNoise(sigma_pA=100.0, tau_ms=100.0)]), backend)
    sim.step(10)
    before = sim.state["noise_0"]
    sim.set_stimuli([CurrentNoise(sigma_pA=10.0, tau_ms=100.0, mean_pA=5.0)])
    assert (sim.state["noise_0"] == before).all()
    sim.step()
    assert np.corrcoef(before, sim.state["noise_0"])[0, 1] > 0.95
    sim.set_stimuli([])
    assert "noise_0" not in sim.state


def test_a_stimulus_that_is_off_does_nothing():
    core = cells([CurrentStimulus(amplitude_pA=100.0, enabled=False), CurrentNoise(enabled=False)])
    assert abs(driven(core, 20)).max() < 1.0


@pytest.mark.parametrize(("stimulus", "said"), [
    (CurrentStimulus(populations=("Nobody",)), "no population is called 'Nobody'"),
    (CurrentStimulus(neurons=(40,)), "there is no neuron 40"),
    (CurrentStimulus(period_ms=10.0, width_ms=20.0), "width_ms is 20 ms"),
    (CurrentStimulus(frequency_Hz=600.0), "frequency_Hz is 600 Hz"),
    (PoissonStimulus(rate_Hz=1e5), "rate_Hz reaches 100 spikes per step"),
    (PoissonStimulus(receptors={"AMPAR": 1.0}), "no receptor 'AMPAR'"),
    (PoissonStimulus(receptors={"GABA_B": 1.0}), "have no GABA_B receptors"),
    (PoissonStimulus(receptors={}), "must name at least one"),
    (PoissonStimulus(weight_nS=-1.0), "cannot be negative"),
    (ConductanceNoise(receptor="NMDA"), "have no NMDA receptors")])
def test_a_stimulus_that_does_not_fit_is_refused_and_changes_nothing(stimulus, said):
    sim = Simulation(cells([]), CPU)
    with pytest.raises(ConfigurationError, match=said):
        sim.set_stimuli([stimulus])
    assert sim.stimuli == ()
    sim.step()


def test_a_stimulus_that_would_end_before_it_starts_is_refused():
    with pytest.raises(ConfigurationError, match="before it starts at 20 ms"):
        CurrentStimulus(amplitude_pA=50.0, start_ms=20.0, stop_ms=10.0)


def test_stimuli_survive_json():
    core = busy()
    again = CoreSimConfig(**core.model_dump(mode="json"))
    assert again == core
    assert again.stimuli == core.stimuli
    for bad, said in (([{"kind": "poisson", "rate_Hz": -5}], r"stimuli\[0\].*rate_Hz"),
                      ([{"kind": "x"}], "one of current"),
                      ([{"kind": "current", "sphere_um": [0, 0, 0, -5]}], "the radius, its last number, is negative"),
                      ([{"kind": "current", "box_um": [0, 0, 9, 1, 1, 1]}], "highest corner lies below"),
                      ([{"kind": "spikes", "times_ms": [1e300]}], "at 1e9 ms at the latest"),
                      ([{"kind": "current", "amplitude": 1}], "nearest known field is 'amplitude_pA'"),
                      ([{}] * 32, "at most 31")):
        with pytest.raises(ConfigurationError, match=said):
            CoreSimConfig(stimuli=bad)


def test_current_cells_take_spikes_in_their_own_unit_and_of_either_sign(backend):
    core = CoreSimConfig(num_neurons=2, connections_per_neuron=0, num_traits=2, seed=1, neuron_model_type="LIF",
                         excitatory_preset="NEST", inhibitory_preset="NEST", dt_ms=0.1, background_rate_Hz=0.0,
                         stimuli=[SpikeStimulus(times_ms=(1.0,), weight_nS=100.0, neurons=(0,)),
                                  SpikeStimulus(times_ms=(1.0,), weight_nS=-50.0, neurons=(1,))])
    sim = Simulation(core, backend)
    sim.step(11)
    assert sim.state["i_syn"] == pytest.approx(np.array([100.0, -50.0]) * np.exp(-0.1 / 2.0), rel=1e-5)
    sim.set_probes([0])
    # the peak of the exponential current's PSP (closed form, REFERENCE: 0.53499224 mV at 4.023595 ms)
    assert sim.step(60).probe_v.max() + 70.0 == pytest.approx(0.53499224, rel=1e-4)
