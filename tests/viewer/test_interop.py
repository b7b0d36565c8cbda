"""The neurons' state inside the device, and its way through the host: the same pixels."""

import numpy as np
import pytest

from neural_simulator.backend import cuda
from neural_simulator.backend.device_array import DeviceArray
from neural_simulator.base.errors import BackendError
from tests.viewer.samples import drawn


@pytest.fixture(scope="module")
def shots(tmp_path_factory) -> dict[str, np.ndarray]:
    """All pictures of draw_interop.py by name."""
    if cuda.problem():
        pytest.skip(cuda.problem())
    return drawn("draw_interop.py", tmp_path_factory.mktemp("interop"))


@pytest.mark.gpu
@pytest.mark.parametrize("network", ["small", "large"])
@pytest.mark.parametrize("number", [0, 1])
def test_both_ways_give_the_same_pixels(shots, network, number):
    for mode in ("activity", "potential"):
        shared, copied = (shots[f"{network} {number} {mode} {share}"] for share in (True, False))
        assert np.array_equal(shared, copied) and (shared.max(axis=2) > 100).sum() > 300
    before, after = (shots[f"{network} {k} activity True"] for k in (0, 1))
    assert not np.array_equal(before, after), "the second state is another one"


@pytest.mark.gpu
def test_the_ways_are_the_ones_asked_for(shots):
    for name, path in shots.items():
        if name.startswith("path"):
            assert str(path) == ("shared" if name.endswith("True") else "copied"), name


@pytest.mark.gpu
def test_what_is_handed_over_is_the_state(shots):
    assert all(bool(value) for name, value in shots.items() if name.startswith("same"))


class Ready:
    """An event of the device, or one that fails."""

    def synchronize(self):
        self.waited = True


class OnDevice(np.ndarray):
    """Stands in for CuPy's array."""

    copies = 0

    def get(self):
        OnDevice.copies += 1
        return np.asarray(self)


def test_an_array_on_the_device_becomes_a_numpy_array_once_it_is_looked_at(monkeypatch):
    from contextlib import nullcontext
    monkeypatch.setattr(cuda, "guarded", lambda action: nullcontext())
    OnDevice.copies = 0
    ready, values = Ready(), np.arange(5, dtype=np.float32)
    array = DeviceArray(values.view(OnDevice), ready)
    assert array.shape == (5,) and len(array) == 5 and array.nbytes == 20 and OnDevice.copies == 0
    assert np.array_equal(np.asarray(array, np.int32), [0, 1, 2, 3, 4]) and array[2] == 2.0
    assert OnDevice.copies == 1 and ready.waited


def test_without_a_driver_sharing_is_refused_in_one_sentence(monkeypatch):
    from neural_simulator.viewer import interop

    def missing(name):
        raise OSError("libcuda.so.1: cannot open shared object file")
    monkeypatch.setattr(interop.ctypes, "CDLL", missing)
    with pytest.raises(BackendError, match="cannot share memory with OpenGL: libcuda"):
        interop.SharedBuffers((1, 2))
