"""Draws one network with the state handed over inside the device and copied through the host: test_interop.py looks.

`python draw_interop.py FILE.npz`: pictures, and the paths that the state took.
"""

import os
import sys
from pathlib import Path

os.environ.pop("DISPLAY", None)
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from neural_simulator.app.observer import Observer, view_of
from neural_simulator.backend.device_array import DeviceArray
from neural_simulator.config import CoreSimConfig, GPUConfig, VisualizationConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.viewer.offscreen import OffscreenViewer
from neural_simulator.viewer.scene import Shown

SIZE = (400, 300)


def main() -> None:
    shots: dict[str, np.ndarray] = {}
    with OffscreenViewer() as viewer:
        print(viewer.device_name())
        for name, neurons, connections in (("small", 1000, 100), ("large", 30_000, 50)):
            core = CoreSimConfig(num_neurons=neurons, connections_per_neuron=connections, seed=3,
                                 background_rate_Hz=400.0)
            sim = Simulation(core, GPUConfig(backend="cuda"))
            observer, view = Observer(sim, (), 0), view_of(sim, 0)
            for number, steps in enumerate((80, 7)):
                observer.saw(sim.step(steps))
                frame = observer.frame(1e-5, 1.0)
                assert isinstance(frame.v, DeviceArray) and frame.total_spikes > 100
                for mode in ("activity", "potential"):
                    for share in (True, False):
                        viz = VisualizationConfig(color_mode=mode)
                        shown = Shown(view, frame, viz, share=share)
                        shots[f"{name} {number} {mode} {share}"] = viewer.render(shown, *SIZE)
                        shots[f"path {name} {number} {mode} {share}"] = np.array(viewer.renderer.path)
                shots[f"same v {name} {number}"] = np.array(np.array_equal(frame.v, sim.potential()))
                shots[f"same spikes {name} {number}"] = np.array(
                    np.array_equal(frame.last_spike_step, sim.last_spike_step()))
            sim.close()
    np.savez(sys.argv[1], **shots)


if __name__ == "__main__":
    main()
