"""How the state of the neurons reaches the graphics device: inside it where that is possible, else through the host.

The shaders read two buffers, `last_spike` (int32 per neuron) and `potential` (float32 per neuron), exactly as the
simulation keeps them; nothing is converted on the way, so both paths give the same pixels.
"""

from __future__ import annotations

import numpy as np
from OpenGL import GL

from ..app.frames import NEVER, Frame
from ..backend.device_array import DeviceArray
from ..base import log
from ..base.errors import BackendError
from .colors import POTENTIAL_RANGE_MV
from .gl import Buffer
from .interop import SharedBuffers


class StateUpload:
    """The neurons' state on the graphics device: 4 bytes per neuron, 8 when colours show the potential.

    `path` says how the newest state came: 'shared' without leaving the device, or 'copied' through the host.
    """

    def __init__(self, num_neurons: int):
        self.last_spike = Buffer(usage=GL.GL_STREAM_DRAW)
        self.potential = Buffer(usage=GL.GL_STREAM_DRAW)
        self.num_neurons = num_neurons
        self.path = "copied"
        self._sharing: SharedBuffers | None = None
        self._refused = False                                # sharing was tried and does not work here
        self._shares = True
        self._spikes_of: Frame | None = None
        self._potential_of: Frame | None = None
        self._forget()

    def send(self, frame: Frame | None, with_potential: bool, share: bool = True) -> None:
        """Bring the buffers up to date with `frame` (None: nothing is known yet); what is there is not sent again.

        `share` False takes the way through the host in any case.
        """
        if frame is None:
            if self._spikes_of is not None or self._potential_of is not None:
                self._forget()
            return
        if share is not self._shares:
            self._spikes_of, self._potential_of, self._shares = None, None, share
        spikes = frame.last_spike_step if frame is not self._spikes_of else None
        potential = frame.v if with_potential and frame is not self._potential_of else None
        if spikes is None and potential is None:
            return
        if not (share and self._shared(spikes, potential)):
            self._copied(spikes, potential)
        self._spikes_of = frame
        self._potential_of = frame if with_potential else self._potential_of

    def _shared(self, spikes: object, potential: object) -> bool:
        """Copy inside the device; returns False where that is impossible."""
        given = (spikes, potential)
        on_device = tuple(array if isinstance(array, DeviceArray) else None for array in given)
        if self._refused or any(array is not None and kept is None for array, kept in zip(given, on_device,
                                                                                       strict=True)):
            return False
        try:
            if self._sharing is None:
                self._sharing = SharedBuffers((self.last_spike.name, self.potential.name))
                log.get("viewer").info("The neurons' state is handed to the viewer inside the device's memory.")
            self._sharing.write(on_device)
        except BackendError as error:
            log.get("viewer").info("The neurons' state is copied through the host: %s", error)
            self._refused = True
            self._end_sharing()
            return False
        self.path = "shared"
        return True

    def _copied(self, spikes: object, potential: object) -> None:
        """Copy through the host."""
        self._end_sharing()
        if spikes is not None:
            self.last_spike.write(np.asarray(spikes, np.int32))
        if potential is not None:
            self.potential.write(np.asarray(potential, np.float32))
        self.path = "copied"

    def _forget(self) -> None:
        """Show every neuron as silent, at the lowest potential."""
        self._end_sharing()
        self.last_spike.write(np.full(self.num_neurons, NEVER, np.int32))
        self.potential.write(np.full(self.num_neurons, POTENTIAL_RANGE_MV[0], np.float32))
        self._spikes_of = self._potential_of = None

    def _end_sharing(self) -> None:
        """A registered buffer's storage must stay; writing from the host replaces it."""
        if self._sharing is not None:
            self._sharing.close()
            self._sharing = None

    def close(self) -> None:
        self._end_sharing()
        self.last_spike.close()
        self.potential.close()
