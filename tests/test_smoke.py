"""In seconds, without GPU and display: the package imports, a small network lives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neural_simulator
from neural_simulator.base import paths
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.files.profiles import DEFAULT_PROFILE, find_profile, load_profile

ROOT = Path(__file__).resolve().parents[1]


def test_importing_the_package_needs_nothing_installed():
    bare = [sys.executable, "-S", "-c", "import neural_simulator; print(neural_simulator.__version__)"]
    assert subprocess.check_output(bare, cwd=ROOT, text=True).strip() == neural_simulator.__version__


@pytest.mark.parametrize("name", neural_simulator.__all__)
def test_every_public_name_exists(name):
    assert getattr(neural_simulator, name) is not None
    assert name in dir(neural_simulator)


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'SimulationBridg'"):
        neural_simulator.SimulationBridg  # noqa: B018 - asking is the test


def test_the_programs_folders_lie_beside_the_script():
    assert ROOT == paths.ROOT
    assert (paths.ROOT / "neural-simulator.py").is_file()


def test_the_default_profile_is_the_default_network():
    assert load_profile(find_profile(DEFAULT_PROFILE)).core == CoreSimConfig()


def test_a_small_network_fires_without_seizing():
    sim = Simulation(CoreSimConfig(num_neurons=300, connections_per_neuron=30, seed=1), GPUConfig(backend="cpu"))
    batch = sim.step(1000)
    sim.close()
    rate_Hz = batch.spike_ids.size / 300
    assert 0.5 < rate_Hz < 50.0
    assert np.unique(batch.spike_ids).size > 150
    assert (np.diff(batch.spike_steps) >= 0).all()
