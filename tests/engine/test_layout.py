"""The layout follows from the plan and the device, and always fits it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neural_simulator.backend.cuda import Device
from neural_simulator.config import CoreSimConfig
from neural_simulator.engine.layout import choose
from neural_simulator.engine.memory import estimate_plan
from neural_simulator.engine.padding import largest_padded, padded_words
from neural_simulator.network.plan import make_plan

LARGE = Device("large", 132, 232448, 90, True, 80 * 2**30)
SMALL = Device("small", 30, 101376, 75, True, 8 * 2**30)
ONE_DELAY = {"conduction_velocity_um_per_ms": 1e6}


def layout_of(device=LARGE, **values):
    return choose(make_plan(CoreSimConfig(**values), 1), device)


@pytest.mark.parametrize("device", [LARGE, SMALL])
@pytest.mark.parametrize("neurons", [300, 1000, 3001, 10_000, 50_000, 99_999, 1_000_000])
def test_a_layout_fits_its_device_and_covers_every_neuron(device, neurons):
    layout = layout_of(device, num_neurons=neurons, connections_per_neuron=30, **ONE_DELAY)
    if layout.kind == "global":
        assert layout.reason
        return
    assert layout.blocks <= device.multiprocessors
    assert layout.shared_bytes + 8192 <= device.shared_bytes
    assert layout.blocks * layout.per_block >= neurons
    assert layout.threads * layout.neurons_per_thread >= layout.per_block
    assert layout.blocks * layout.packets <= layout.threads <= 1024
    assert layout.list_capacity >= 3 * layout.packets * layout.blocks


def test_networks_that_learn_keep_room_for_all_rows_of_a_step_up_to_the_largest_that_fits():
    kept = set()
    for neurons in range(100_000, 420_000, 5000):
        layout = layout_of(num_neurons=neurons, connections_per_neuron=100, enable_stdp=True, **ONE_DELAY)
        if layout.kind == "partitioned":
            assert layout.list_capacity >= 3 * layout.packets * layout.blocks
            assert layout.shared_bytes + 8192 <= LARGE.shared_bytes
            kept.add(layout.kept_spikes)
    assert kept == {16, 8} and layout.kind == "global"


def test_an_ordinary_network_takes_the_fast_layout_and_long_delays_the_other():
    assert layout_of(num_neurons=100_000, connections_per_neuron=1000).kind == "partitioned"
    slow = layout_of(num_neurons=1_000_000, connections_per_neuron=1000)
    assert slow.kind == "global"
    assert "shared memory" in slow.reason


@pytest.mark.parametrize("device", [replace(LARGE, compute_capability=61), replace(LARGE, cooperative=False)])
def test_a_device_without_waiting_blocks_takes_the_plain_kernels(device):
    assert layout_of(device).kind == "global"


def test_a_million_neurons_with_a_thousand_synapses_fit_in_16_gigabytes():
    plan = make_plan(CoreSimConfig(num_neurons=1_000_000, connections_per_neuron=1000, **ONE_DELAY), 1)
    assert estimate_plan(plan, LARGE) < 11e9
    assert estimate_plan(plan, SMALL) < 11e9


@pytest.mark.parametrize("device", [LARGE, SMALL])
@pytest.mark.parametrize("neurons", [3000, 10_000, 50_000, 100_000, 1_000_000])
@pytest.mark.parametrize("connections", [3, 20, 100, 500, 1000])
def test_padding_never_takes_more_than_16_bytes_per_synapse(device, neurons, connections):
    plan = make_plan(CoreSimConfig(num_neurons=neurons, connections_per_neuron=connections, connection_length_um=1e9,
                                   **ONE_DELAY), 1)
    layout = choose(plan, device)
    if layout.kind == "partitioned":
        store = 4.0 * layout.blocks * padded_words(plan, layout.blocks, layout.unit)
        assert store <= max(8 << 20, 16.0 * plan.expected_synapses)
    else:
        assert "bytes per synapse" in layout.reason or "shared memory" in layout.reason


def test_rows_of_ordinary_networks_are_padded_to_what_memory_delivers_at_once():
    for neurons, connections in ((1000, 100), (100_000, 1000)):
        layout = layout_of(num_neurons=neurons, connections_per_neuron=connections, **ONE_DELAY)
        assert (layout.unit, "padded" in layout.reason) == (8, False)
    sparse = layout_of(num_neurons=100_000, connections_per_neuron=100, **ONE_DELAY)
    assert sparse.unit < 8 and "16 bytes" in sparse.reason


def test_the_largest_of_many_poisson_numbers_is_forecast():
    counts = np.random.default_rng(1).poisson(7.6, (20_000, 132)).max(axis=1)
    for unit in (1, 2, 8):
        assert largest_padded(7.6, 132, unit) == pytest.approx((-(-counts // unit) * unit).mean(), rel=0.01)
