"""How the state of the neurons reaches the graphics device: the one place that device interop has to replace.

The shaders read two buffers, `last_spike` (int32 per neuron) and `potential` (float32 per neuron), exactly as the
simulation keeps them; nothing is converted on the way, so any other path gives the same pixels.
"""

from __future__ import annotations

import numpy as np
from OpenGL import GL

from ..app.frames import NEVER, Frame
from .colors import POTENTIAL_RANGE_MV
from .gl import Buffer


class HostUpload:
    """Copies the state of a frame from host memory: 4 bytes per neuron, 8 when colours show the potential."""

    def __init__(self, num_neurons: int):
        self.last_spike = Buffer(usage=GL.GL_STREAM_DRAW)
        self.potential = Buffer(usage=GL.GL_STREAM_DRAW)
        self.num_neurons = num_neurons
        self._spikes_of: Frame | None = None
        self._potential_of: Frame | None = None
        self._forget()

    def send(self, frame: Frame | None, with_potential: bool) -> None:
        """Bring the buffers up to date with `frame` (None: nothing is known yet); what is there is not sent again."""
        if frame is None:
            if self._spikes_of is not None or self._potential_of is not None:
                self._forget()
            return
        if frame is not self._spikes_of:
            self.last_spike.write(frame.last_spike_step.astype(np.int32, copy=False))
            self._spikes_of = frame
        if with_potential and frame is not self._potential_of:
            self.potential.write(frame.v.astype(np.float32, copy=False))
            self._potential_of = frame

    def _forget(self) -> None:
        """Show every neuron as silent, at the lowest potential."""
        self.last_spike.write(np.full(self.num_neurons, NEVER, np.int32))
        self.potential.write(np.full(self.num_neurons, POTENTIAL_RANGE_MV[0], np.float32))
        self._spikes_of = self._potential_of = None

    def close(self) -> None:
        self.last_spike.close()
        self.potential.close()
