"""How strong and how slow the synapses are: histograms of a sample spread over the network."""

from __future__ import annotations

import dearpygui.dearpygui as dpg
import numpy as np

from ...app.desk import Desk
from .. import views
from ..layout import Look, room_below
from ..plots import ChartView
from ..tapes import Tapes


class Weights:
    """Two histograms, in the colours of the presynaptic populations."""

    name, title, place = "weights", "Synapses", "right"

    def __init__(self, desk: Desk, look: Look, tapes: Tapes):
        self._look = look
        self._tapes = tapes
        self._view = ChartView(desk, look, "weights", views.WEIGHTS, linked=False)
        self._shown: object = None
        self._learns = False

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        with dpg.group(horizontal=True, tag="weights.choices"):
            self._view.build_tools()
            dpg.add_text("", tag="weights.note", color=self._look.dim)
        self._view.build()

    def refresh(self) -> None:
        """Draw the histograms of a new network, or of changed weights."""
        network = self._tapes.network
        self._view.fit(room_below("weights.choices"))
        sample = None if network is None else network.synapse_sample
        frame = self._tapes.frame
        learns = frame is not None and frame.learning is not None and bool(frame.learning.projections)
        if sample is not self._shown or learns is not self._learns:
            self._shown, self._learns = sample, learns
            self._view.show(views.weights(self._tapes))
            if network is not None and sample is not None:
                mean = float(np.mean(sample.weight)) if sample.size else 0.0
                dpg.set_value("weights.note", f"{sample.size:,} of {network.num_synapses:,} synapses; mean "
                                              f"{mean:.3g} {network.weight_unit}"
                                              + ("; those that learn: see Learning" if learns else ""))
        self._view.let_go()
