"""Every CUDA kernel compiles, without a device, for every compute capability from 6.0 to 9.0."""

from __future__ import annotations

import re

import pytest

from neural_simulator.backend import cuda_source
from neural_simulator.backend.cuda import Device
from neural_simulator.config import CoreSimConfig
from neural_simulator.engine.cuda_engine import split_parameters, step_constants
from neural_simulator.engine.layout import Layout, choose
from neural_simulator.engine.learning_text import QUEUE, learning_text
from neural_simulator.models.neurons import NEURON_MODELS
from neural_simulator.models.stimuli import NOTHING, Input, Shape
from neural_simulator.network.plan import make_plan

CAPABILITIES = (60, 70, 75, 80, 86, 89, 90)
LARGE = Device("large", 132, 232448, 90, True, 80 * 2**30)
CONSOLE = Device("small", 30, 101376, 75, True, 8 * 2**30)


@pytest.fixture(scope="module")
def to_ptx():
    """Compile one text for one capability with NVRTC; returns the PTX."""
    compiler = pytest.importorskip("cupy.cuda.compiler", reason="CuPy is not installed")
    nvrtc = pytest.importorskip("cupy_backends.cuda.libs.nvrtc")
    try:
        nvrtc.getVersion()
    except RuntimeError as error:
        pytest.skip(f"NVRTC cannot be loaded: {error}")

    def compile_one(source: str, capability: int) -> str:
        if nvrtc.getVersion()[0] >= 13 and capability < 75:
            pytest.skip("NVRTC 13 no longer knows this capability")
        program = compiler._NVRTCProgram(source, "kernels.cu", method="ptx")
        ptx, _ = program.compile((*cuda_source.OPTIONS, f"-arch=compute_{capability}"))
        return ptx.decode() if isinstance(ptx, bytes) else ptx
    return compile_one


def source_of(core: CoreSimConfig, device: Device, kind: str, timed: int = 0, more: dict | None = None,
              shape: Shape = NOTHING) -> str:
    plan = make_plan(core, 1)
    layout = choose(plan, device) if kind == "partitioned" else Layout("global", "", 1, slots=plan.max_delay_steps + 2)
    assert layout.kind == kind
    cells = list(plan.cells.values())
    slots = {name: k for k, name in enumerate(dict.fromkeys(s for cell in cells for s in cell.states))}
    slots |= {name: len(slots) + k for k, name in enumerate(shape.noise_states)}
    constants = step_constants(plan, layout, thresholds=16, row_words=(14.0, 24.0), constant_delay=0)
    constants |= {"TIMED": timed, "RATE_WIDTH": 16}
    constants |= more or {}
    learning = learning_text(plan, layout.kept_spikes) if plan.learning is not None else None
    return cuda_source.step_source(kind, cells, slots, split_parameters(plan)[0], constants, shape, learning)


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_the_builders_compile(to_ptx, capability):
    for blocks, delay_bits in ((132, 3), (1, 0)):
        constants = {"BLOCKS": blocks, "WEIGHT_BITS": 16, "DELAY_BITS": delay_bits, "MIN_DELAY": 1, "MAX_DELAY": 8}
        ptx = to_ptx(cuda_source.build_source(constants), capability)
        assert all(f".entry {name}" in ptx for name in ("place", "count_pairwise", "store_pairwise",
                                                         "count_others", "store_others"))


LEARNING = {
    "release": {"enable_short_term_plasticity": True},
    "one rule": {"enable_stdp": True},
    "all rules": {"enable_hebbian_learning": True, "enable_short_term_plasticity": True, "enable_inhibitory_stdp": True,
                  "enable_homeostasis": True},
    "reward": {"enable_reward_modulation": True, "enable_short_term_plasticity": True, "stdp_mu_plus": 0.4},
    "synapses that come and go": {"enable_structural_plasticity": True},
    "rules that differ in a row": {"enable_stdp": True, "neural_structure_profile": "CORTEX_L23_RS_FS",
                                   "dt_ms": 0.25},
}


def learning_core(name: str, neurons: int = 5000) -> CoreSimConfig:
    return CoreSimConfig(num_neurons=neurons, conduction_velocity_um_per_ms=1e6, **LEARNING[name])


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_networks_that_learn_compile(to_ptx, capability):
    """All of them at one capability, one of them in every size; one of them at each capability."""
    for name in LEARNING if capability == 80 else ["all rules"]:
        for kind, neurons in (("global", 5000), ("partitioned", 700), ("partitioned", 5000), ("partitioned", 100_000)):
            usual = neurons == 5000 or (name == "all rules" and capability == 80)
            if usual and (kind == "global" or capability >= 70):
                timed = int(neurons == 700)
                ptx = to_ptx(source_of(learning_core(name, neurons), LARGE, kind, timed), capability)
                assert "fma.rn.f32" not in ptx and ".f64" not in ptx, name
    source = cuda_source.weights_source({"BLOCKS": 132, "WEIGHT_BITS": 15, "DELAY_BITS": 3})
    assert all(f".entry {name}" in to_ptx(source, capability) for name in ("first_weights", "canonical_keys"))


def test_the_texts_of_learning_agree_on_sizes():
    """Python computes how much room the kernels' tables need, and the kernels take the numbers from there alone."""
    for name in LEARNING:
        text = learning_text(make_plan(learning_core(name), 1))
        source = source_of(learning_core(name), LARGE, "partitioned")
        defined = re.findall(r"^#define (NEAR_ROWS|EVENT_VECTORS|QUEUE) (.+)$", source, re.MULTILINE)
        assert sorted(defined) == [("EVENT_VECTORS", str(text.event_vectors)), ("NEAR_ROWS", str(text.near_rows)),
                                   ("QUEUE", str(QUEUE))], name
        assert [k for rows in text.near.values() for k in rows] == list(range(text.near_rows)), name


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_the_look_at_the_synapses_compiles(to_ptx, capability):
    for blocks, delay_bits in ((132, 3), (1, 0)):
        source = cuda_source.look_source({"BLOCKS": blocks, "WEIGHT_BITS": 16, "DELAY_BITS": delay_bits})
        ptx = to_ptx(source, capability)
        assert all(f".entry {name}" in ptx for name in ("sum_incoming", "fingerprint"))


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_the_global_step_compiles(to_ptx, capability):
    ptx = to_ptx(source_of(CoreSimConfig(), LARGE, "global"), capability)
    assert all(f".entry {name}" in ptx for name in ("integrate_global", "deliver_global", "advance", "begin"))


@pytest.mark.parametrize("capability", [c for c in CAPABILITIES if c >= 70])
@pytest.mark.parametrize("neurons", [1000, 100_000, 1_000_000])
def test_the_partitioned_step_compiles_at_every_size(to_ptx, capability, neurons):
    core = CoreSimConfig(num_neurons=neurons, connections_per_neuron=max(100, neurons // 1000),
                         conduction_velocity_um_per_ms=1e6)
    for timed in (0, 1):
        assert ".entry step_partitioned" in to_ptx(source_of(core, LARGE, "partitioned", timed), capability)


@pytest.mark.parametrize("key", NEURON_MODELS)
def test_every_model_compiles_and_nothing_is_contracted(to_ptx, key):
    core = CoreSimConfig(neuron_model_type=key, dt_ms=min(0.1, NEURON_MODELS[key].max_dt_ms), num_neurons=500,
                         connections_per_neuron=20, conduction_velocity_um_per_ms=1e6)
    for kind in ("partitioned", "global"):
        ptx = to_ptx(source_of(core, LARGE, kind), 80)
        assert "fma.rn.f32" not in ptx
        assert ".f64" not in ptx


def test_every_receptor_and_many_ports_compile(to_ptx):
    core = CoreSimConfig(nmda_share=0.3, gaba_b_share=0.2, tau_rise_ampa_ms=0.5, conduction_velocity_um_per_ms=1e6)
    for kind in ("partitioned", "global"):
        for more in ({}, {"PORTS": 5, "PORT_BITS": 3, "SIGNED": 1}):
            ptx = to_ptx(source_of(core, LARGE, kind, more=more), 80)
            assert "fma.rn.f32" not in ptx


def test_every_stimulus_compiles(to_ptx):
    core = CoreSimConfig(nmda_share=0.3, conduction_velocity_um_per_ms=1e6)
    kinds = (Input("current", 0), Input("current_noise", 1), Input("conductance_noise", 2, 0), Input("poisson", 3, 0),
             Input("poisson", 4, 1), Input("spikes", 5, 1))
    shape = Shape(kinds, (None, (("NMDA", 0.5), ("GABA_A", 1.0))), ("GABA_A",))
    for kind in ("partitioned", "global"):
        for neurons in (1000, 400_000):
            text = source_of(core.changed(num_neurons=neurons), LARGE, kind, shape=shape)
            assert "fma.rn.f32" not in to_ptx(text, 80)


def test_parameters_of_single_neurons_compile(to_ptx):
    core = CoreSimConfig(cell_variation=0.1, dt_ms=0.1, trait_cells=[{"trait": 1, "model": "HODGKIN_HUXLEY"}],
                         conduction_velocity_um_per_ms=1e6, num_neurons=5000)
    for kind in ("partitioned", "global"):
        assert "fma.rn.f32" not in to_ptx(source_of(core, LARGE, kind), 80)


def test_a_smaller_device_gets_its_own_constants(to_ptx):
    core = CoreSimConfig(num_neurons=20_000, conduction_velocity_um_per_ms=1e6)
    assert ".entry step_partitioned" in to_ptx(source_of(core, CONSOLE, "partitioned"), 75)
